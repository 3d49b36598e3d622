import { describe, expect, test } from '@jest/globals';
import { needsOf, upstreamOf } from '../../../src/bundle/index.js';
import type { Cluster } from '../../../src/model/index.js';
import { steps } from '../../../src/steps/index.js';
import { aMirrors } from '../../support/scene.js';
import { aCentOs, aRelease, aScene } from '../steps/scene.js';

const needs = (over: Partial<Cluster>) => {
  const { cluster } = aScene({ cluster: over });
  return needsOf(cluster, aRelease(upstreamOf(cluster)), steps, aCentOs('9'));
};
const network = (image: string, runtime: Cluster['runtime'] = 'containerd'): Partial<Cluster> => {
  const container = { name: 'net', image };
  const text = JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'net' },
    spec: { template: { spec: { initContainers: [container], containers: [container] } } },
  });
  const plain = aScene().cluster.network;
  return { runtime, network: { ...plain, plugin: 'manifest', manifest: { source: '/site/net.yaml', text } } };
};
const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('what the hosts of an inventory need', () => {
  test('by packages: their versions, and the repositories that have them, as their publishers know them', () => {
    const mirrors = aMirrors({ artifacts: 'http://192.0.2.9:8080' });
    const { packages, repositories, artifacts } = needs({ install: 'packages', mirrors });
    expect(artifacts).toEqual([]);
    expect(packages).toEqual(expect.arrayContaining(['socat', 'cri-tools', 'kubelet=1.36.3', 'containerd.io=2.2.1']));
    expect(repositories.map(({ id, baseUrl }) => [id, baseUrl])).toEqual([
      ['kubernetes', 'https://pkgs.k8s.io/core:/stable:/v1.36/rpm/'],
      ['docker-ce', 'https://download.docker.com/linux/centos/9/x86_64/stable'],
    ]);
  });

  test('with Docker: its packages, and images by their published names, whatever mirrors make of them', () => {
    const mirrors = aMirrors({ registries: { 'registry.k8s.io': ['http://192.0.2.9:5000'] } });
    const { packages, images } = needs({ runtime: 'docker', mirrors });
    expect(packages).toEqual(expect.arrayContaining(['docker-ce=20.10.24', 'docker-ce-cli=20.10.24', 'containerd.io']));
    expect(images).toContain('registry.k8s.io/kube-proxy:v1.36.3');
    expect(images.filter((image) => image.includes('192.0.2.9'))).toEqual([]);
  });

  test('of a pod network of their own: what its workloads run, by full names', () => {
    const { images } = needs(network('weaveworks/weave-kube:2.8.1'));
    expect(images).toContain('docker.io/weaveworks/weave-kube:2.8.1');
    expect(images.filter((image, at) => images.indexOf(image) !== at)).toEqual([]);
    expect(needs(network(`quay.io/cilium/cilium:v1.18.1@${DIGEST}`)).images).toContain(
      `quay.io/cilium/cilium@${DIGEST}`,
    );
  });

  test('an image that Docker could not be given is refused', () =>
    expect(() => needs(network(`quay.io/cilium/cilium@${DIGEST}`, 'docker'))).toThrow(
      `Docker cannot be given an image by its digest out of a bundle: quay.io/cilium/cilium@${DIGEST}`,
    ));
});
