import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { labRelease } from '../../src/lab/index.js';
import { manifests } from '../../src/release/index.js';
import { must } from '../support/lab.js';
import { OfflinePair } from '../support/offline.js';
import type { InventoryText } from '../support/own-lab.js';

// What the runbooks in docs/seeds.md build, on a host like CentOS 7 (Debian underneath: docs/lab.md) that reaches nobody: Docker,
// a Kubernetes that drives it, mirrors like Aliyun's; and flannel as a manifest of the operator's own, so that its images are read out of it.
describe('a host like CentOS 7 without a network, Docker 20.10, Kubernetes 1.23.17, a manifest of the operator’s own', () => {
  const flannel = manifests.find(({ component }) => component === 'flannel');
  const pair: OfflinePair = new OfflinePair(
    'offline-docker',
    { like: 'centos7', release: labRelease('1.23') },
    / Ready .* v1\.23\.17 .*docker:\/\/20\.10\.24/,
    asTheRunbooks,
  );

  function asTheRunbooks({ cluster }: InventoryText): void {
    // A field that these kubelets do not know; the lab's thresholds for a full disk stay.
    const { failCgroupV1: _later, ...kubelet } = cluster['kubelet'] as Record<string, unknown>;
    const network = { manifest: join(pair.folder, 'network.yaml') };
    Object.assign(cluster, { install: 'packages', runtime: 'docker', kubelet, network });
    Object.assign(cluster.mirrors, { preset: 'aliyun' });
    cluster.mirrors.registries['registry.aliyuncs.com'] = cluster.mirrors.registries['registry.k8s.io'] ?? '';
  }

  test('the network’s manifest is fetched by its operator', async () => {
    const url = flannel?.url.replaceAll('{version}', flannel.version).replace('https://', '') ?? '';
    const response = await fetch(`http://${pair.hosts.lab.gateway}:8080/${url}`);
    expect(response.status).toBe(200);
    writeFileSync(join(pair.folder, 'network.yaml'), await response.text());
  });

  pair.aBundleIsMade('centos-7-amd64');

  pair.applyBuildsFromIt();

  test('Docker has every image by the name that its pods ask for', async () => {
    const said = await pair.hosts.on('h1', "docker images --format '{{.Repository}}' | sort -u");
    expect(said.trim().split('\n')).toEqual(
      expect.arrayContaining([
        'ghcr.io/flannel-io/flannel',
        'ghcr.io/flannel-io/flannel-cni-plugin',
        'registry.aliyuncs.com/google_containers/kube-apiserver',
        'registry.aliyuncs.com/google_containers/pause',
      ]),
    );
    expect(said).not.toContain('127.0.0.1');
  });

  test('images pull gets them again, those of the manifest with them', async () => {
    const { stdout } = await must(['images', 'pull', '-i', pair.cluster.inventory(), '--bundle', pair.bundle()]);
    expect(stdout).toBe('9 images are on the nodes that may run them: h1\n');
  });

  pair.resetGivesItBack();
});
