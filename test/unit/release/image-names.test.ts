import { describe, expect, test } from '@jest/globals';
import type { Mirrors } from '../../../src/model/index.js';
import { fullName, imagesIn, releaseFor } from '../../../src/release/index.js';
import { aMirrors } from '../../support/scene.js';

const registries = {
  'docker.io': ['https://hub.example.com'],
  'ghcr.io': ['http://10.0.0.1:5000', 'https://second.example.com'],
  'quay.io': ['https://harbor.example.com/v2/quay'],
};
const mirrors: Mirrors = aMirrors({ registries });
const of = (runtime: 'containerd' | 'docker', over: Partial<Mirrors> = {}) =>
  releaseFor({ version: '1.23.17', runtime, mirrors: { ...mirrors, ...over } });

describe('the name of an image', () => {
  test.each([
    ['ghcr.io/flannel-io/flannel:v1', '10.0.0.1:5000/flannel-io/flannel:v1'],
    ['quay.io/calico/node:v3', 'harbor.example.com/quay/calico/node:v3'],
    ['registry.k8s.io/pause:3.6', 'registry.k8s.io/pause:3.6'],
    ['docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
    ['nginx:1', 'nginx:1'],
    ['calico/node:v3', 'calico/node:v3'],
  ])('%s: Docker pulls %s', (upstream, name) => {
    expect(of('docker').imageName(upstream)).toBe(name);
    expect(of('containerd').imageName(upstream)).toBe(upstream);
  });

  test('every image of a cluster is called so, and kubeadm is told the repository', () => {
    const release = of('docker', { registries: { 'registry.k8s.io': ['http://10.0.0.1:5000/k8s'] } });
    expect(release.images).toMatchObject({
      'kube-proxy': '10.0.0.1:5000/k8s/kube-proxy:v1.23.17',
      coredns: '10.0.0.1:5000/k8s/coredns/coredns:v1.8.6',
    });
    expect(release.imageRepository).toBe('10.0.0.1:5000/k8s');
    expect(release.kubelet.flags.docker).toContain('--pod-infra-container-image=10.0.0.1:5000/k8s/pause:3.6');
  });

  test('an image repository may have a mirror, too: kubeadm pulls the pause image by what it is told', () => {
    const release = of('docker', {
      imageRepository: 'registry.aliyuncs.com/google_containers',
      registries: { 'registry.aliyuncs.com': ['http://10.0.0.1:5000'] },
    });
    expect(release.images.pause).toBe('10.0.0.1:5000/google_containers/pause:3.6');
    expect(release.imageRepository).toBe('10.0.0.1:5000/google_containers');
  });

  test('an image repository comes first', () => {
    const release = of('docker', { imageRepository: 'registry.aliyuncs.com/google_containers' });
    expect(release.images.coredns).toBe('registry.aliyuncs.com/google_containers/coredns:v1.8.6');
    expect(release.images.flannel).toMatch(/^10\.0\.0\.1:5000\/flannel-io\/flannel:/);
  });
});

describe('where an image is looked for', () => {
  test.each([
    ['containerd', 'ghcr.io/x:1', ['http://10.0.0.1:5000', 'https://second.example.com', 'https://ghcr.io']],
    ['docker', '10.0.0.1:5000/x:1', ['http://10.0.0.1:5000']],
    ['docker', 'registry.k8s.io/x:1', ['https://registry.k8s.io']],
    ['docker', 'nginx', ['https://hub.example.com', 'https://registry-1.docker.io']],
  ] as const)('by %s for %s', (runtime, image, urls) => {
    expect(of(runtime).registryOf(image).urls).toEqual(urls);
  });
});

describe('the name that a short one stands for', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  test.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1', 'docker.io/library/nginx:1'],
    ['weaveworks/weave-kube:2.8.1', 'docker.io/weaveworks/weave-kube:2.8.1'],
    ['localhost/x', 'localhost/x:latest'],
    ['10.0.0.1:5000/a/b', '10.0.0.1:5000/a/b:latest'],
    [`quay.io/cilium/cilium:v1.18.1@${digest}`, `quay.io/cilium/cilium@${digest}`],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  ])('%s is %s', (written, name) => expect(fullName(written)).toBe(name));
});

test('images are found wherever a workload has its containers, each once', () => {
  const pod = { initContainers: [{ image: 'a' }, { name: 'without' }], containers: [{ image: 'b' }, { image: 'a' }] };
  const workloads = [
    { kind: 'DaemonSet', spec: { template: { spec: pod } } },
    { kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: 'c' }] } } } } } },
    { kind: 'ConfigMap', data: { containers: 'image: d', image: 'e' } },
  ];
  expect(imagesIn(workloads)).toEqual(['a', 'b', 'c']);
});

test('a bundle knows an image by its published name, whatever the hosts call it', () => {
  const release = of('docker', { registries: { 'registry.k8s.io': ['http://10.0.0.1:5000/k8s'] } });
  expect(release.images.pause).toMatch(/^10\.0\.0\.1:5000\/k8s\/pause:/);
  expect(release.publishedName(release.images.pause)).toMatch(/^registry\.k8s\.io\/pause:/);
  expect(release.publishedName('example.com/x:1')).toBe('example.com/x:1');
});
