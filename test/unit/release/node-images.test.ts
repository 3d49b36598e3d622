import { describe, expect, test } from '@jest/globals';
import type { Cluster, Node } from '../../../src/model/index.js';
import { clusterImages, nodeImages } from '../../../src/release/index.js';
import { aCluster, aNode } from '../../support/scene.js';
import { aRelease, aScene, wishes } from '../steps/scene.js';

const cp = aNode('cp-1', { roles: ['control-plane'] });
const namesOf = (node: Node, cluster: Cluster = aCluster([cp, node])): readonly string[] =>
  nodeImages(cluster, aRelease(cluster), node).map((image) => image.replace(/^.*\//, '').replace(/:.*/, ''));

describe('the images of a node', () => {
  test('a worker has kube-proxy, pause, the pod network and CoreDNS, which may come to it', () =>
    expect(namesOf(aNode('w-2'))).toEqual(['pause', 'kube-proxy', 'flannel-cni-plugin', 'flannel', 'coredns']));
  test('a control plane has them all', () =>
    expect(namesOf(cp)).toEqual(
      ['pause', 'kube-proxy', 'flannel-cni-plugin', 'flannel', 'etcd', 'kube-apiserver'].concat([
        'kube-controller-manager',
        'kube-scheduler',
        'coredns',
      ]),
    ));
  test.each([
    ['dedicated', 'NoSchedule', false],
    ['dedicated', 'NoExecute', false],
    ['dedicated', 'PreferNoSchedule', true],
    ['CriticalAddonsOnly', 'NoSchedule', true],
    ['node-role.kubernetes.io/control-plane', 'NoSchedule', true],
    ['node-role.kubernetes.io/control-plane', 'NoExecute', false],
  ] as const)('where CoreDNS may run: %s:%s -> %s', (key, effect, may) =>
    expect(namesOf(aNode('w-2', { taints: [{ key, effect }] })).includes('coredns')).toBe(may));
  test('a control plane beside an etcd host has no etcd', () => {
    const nodes = [aNode('cp-1', { roles: ['control-plane', 'etcd'] }), aNode('cp-2', { roles: ['control-plane'] })];
    const cluster = aCluster(nodes);
    expect(nodes.map((node) => namesOf(node, cluster).includes('etcd'))).toEqual([true, false]);
  });
});

/** Every image reference in whatever a node gets, down to text inside files. */
const mentioned = (value: unknown): readonly string[] =>
  [...JSON.stringify(value).matchAll(/\b[a-z0-9.-]+\.(?:io|com)\/[\w./-]+:[\w][\w.-]*/g)].map(([image]) => image);

test('what the nodes really get names no other image', () => {
  const at = (name: string) => wishes(aScene({ at: name })).flatMap(mentioned);
  const { cluster, release } = aScene();
  // The manifest that stands in for flannel's own has another tag on purpose.
  const named = new Set([...at('cp-1'), ...at('worker-2')].filter((image) => !image.endsWith('flannel:tag')));
  const known = clusterImages(cluster, release);
  expect([...named].sort()).toEqual([...known].sort());
});
