import { describe, expect, test } from '@jest/globals';
import type { Cluster, MachineFacts, Mirrors, Resource } from '../../../src/model/index.js';
import { nodeImages } from '../../../src/release/index.js';
import { steps } from '../../../src/steps/index.js';
import { aDebian, aRelease, aScene, wishes } from './scene.js';

const DEBIAN = { id: 'debian', like: [], version: '12', name: 'Debian 12' };

const pulls = (
  at: string,
  owner: MachineFacts['owner'],
  mirrors: Partial<Mirrors> = {},
  runtime: Cluster['runtime'] = 'containerd',
  over: Partial<Cluster> = {},
): readonly string[] => {
  const bare = aScene({ at });
  const cluster = { ...bare.cluster, ...over, runtime, mirrors: { ...bare.cluster.mirrors, ...mirrors } };
  const scene = { ...bare, cluster, release: aRelease(cluster), machine: aDebian({ owner, os: DEBIAN }) };
  const gates = steps.find((step) => step.id === 'kubelet')?.gates?.(scene) ?? [];
  return gates.map((gate) => gate.command.join(' ')).filter((command) => command.includes(' pull '));
};

describe('images that are pulled while the control plane comes up', () => {
  test('on a worker that is new: what its first pods run', () =>
    expect(pulls('worker-2', null)).toEqual([
      'crictl pull registry.k8s.io/kube-proxy:v1.36.3',
      'crictl pull ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1',
      'crictl pull ghcr.io/flannel-io/flannel:v0.28.4',
    ]));
  test('a later change needs no registry', () =>
    expect(pulls('worker-2', { cluster: 'test', caHash: 'sha256:0' })).toEqual([]));
  test('a control plane has better things to do', () => expect(pulls('cp-1', null)).toEqual([]));
});

describe('with a bundle', () => {
  const origin = 'http://127.0.0.1:17117';
  const bundle = { origin, systems: ['debian-12-amd64'] };
  const named = (lines: readonly string[]): readonly string[] => lines.map((line) => line.split(' ').at(-1) ?? '');

  test('every image of a node comes from it before the kubelet starts, on every node, and is pinned', () => {
    const lines = pulls('cp-1', null, { bundle });
    const { cluster, release, node } = aScene({ at: 'cp-1' });
    expect(named(lines)).toEqual(nodeImages(cluster, release, node));
    for (const line of lines) {
      expect(line).toContain(` ${origin} `);
      expect(line).toContain('io.cri-containerd.pinned=pinned');
    }
    expect(named(pulls('worker-2', { cluster: 'test', caHash: 'sha256:0' }, { bundle }))).toHaveLength(5);
  });

  test('Docker gets each image by its published name, and calls it by the name that a mirror gives it', () => {
    const mirrors = { registries: { 'registry.k8s.io': ['http://192.0.2.9:5000'] }, bundle };
    const lines = pulls('worker-2', null, mirrors, 'docker');
    expect(lines.map((line) => line.split(' ').slice(-2))).toContainEqual([
      '127.0.0.1:17117/registry.k8s.io/kube-proxy:v1.36.3',
      '192.0.2.9:5000/kube-proxy:v1.36.3',
    ]);
    for (const line of lines) expect(line).toContain('docker tag "$1" "$2"');
  });

  test('a pod network of the inventory’s own gives every node its images, by the names that the runtime knows', () => {
    const text = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: net}
spec: {template: {spec: {containers: [{name: net, image: weaveworks/weave-kube:2.8.1}]}}}
`;
    const plain = aScene({ at: 'worker-2' }).cluster;
    const network = { ...plain.network, plugin: 'manifest' as const, manifest: { source: '/site/net.yaml', text } };
    const named = (runtime: Cluster['runtime']) =>
      pulls('worker-2', null, { bundle }, runtime, { network }).map((line) => line.split(' ').slice(-2));
    expect(named('containerd').at(-1)).toEqual([origin, 'docker.io/weaveworks/weave-kube:2.8.1']);
    expect(named('docker').at(-1)).toEqual([
      '127.0.0.1:17117/docker.io/weaveworks/weave-kube:2.8.1',
      'weaveworks/weave-kube:2.8.1',
    ]);
  });

  test('nothing of it stays on a host: the resources differ in where they are fetched from, and in nothing else', () => {
    const bare = aScene({ at: 'worker-2' });
    const machine = aDebian({ os: DEBIAN });
    const resourcesOf = (cluster: typeof bare.cluster) => {
      return wishes({ ...bare, machine, cluster, release: aRelease(cluster) });
    };
    const before = resourcesOf(bare.cluster);
    const after = resourcesOf({ ...bare.cluster, mirrors: { ...bare.cluster.mirrors, bundle } });
    const without = (resource: Resource): unknown => ({ ...resource, url: '', from: '' });
    expect(after.map(without)).toEqual(before.map(without));
    const texts = JSON.stringify(after.map(without));
    expect(texts).not.toContain('17117');
    expect(after.find((resource) => resource.kind === 'packages')).toMatchObject({
      from: `${origin}/packages/debian-12-amd64`,
    });
    expect(after.find((resource) => resource.kind === 'artifact' && resource.name === 'kubelet')).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:17117\/dl\.k8s\.io\//),
    });
  });
});
