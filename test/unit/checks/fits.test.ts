import { describe, expect, test } from '@jest/globals';
import { misfits } from '../../../src/checks/index.js';
import { checkInventory } from '../../../src/inventory/index.js';
import { knownVersions, releaseFor } from '../../../src/release/index.js';
import { aCluster, aNode } from '../../support/scene.js';

const problemsOf = (...cluster: readonly string[]) =>
  checkInventory(
    ['cluster:', '  name: lab', ...cluster, 'nodes: [{name: a, address: 10.0.0.1, roles: [control-plane]}]'].join('\n'),
    '/site/lab.yaml',
    {
      releases: knownVersions(),
      readFile: () => '',
      homeDir: '/home/op',
      misfits: (read) => misfits(read, releaseFor(read)),
    },
  ).problems.map(({ line, path, message, cure }) => ({ line, path, says: `${message}. ${cure}` }));

describe('validate refuses what no host could change', () => {
  test.each([
    [
      'a kubelet that speaks no CRI v1, with containerd',
      ['  release: "1.19"', '  runtime: containerd'],
      { line: 4, path: 'cluster.runtime', says: expect.stringMatching(/speaks CRI v1alpha2.*`runtime: docker`/) },
    ],
    [
      'the same with the runtime that nobody wrote: it stands where the cluster begins',
      ['  release: "1.17"'],
      { line: 1, path: 'cluster.runtime', says: expect.stringContaining('1.17.17 speaks CRI') },
    ],
    [
      'a mode that kube-proxy got later',
      ['  release: "1.23"', '  proxyMode: nftables'],
      { line: 4, path: 'cluster.proxyMode', says: expect.stringContaining('`iptables` or `ipvs`') },
    ],
    [
      'a pod network that goes with no such release',
      ['  release: "1.23"', '  network: {plugin: calico, mtu: 1440}'],
      { line: 4, path: 'cluster.network', says: expect.stringMatching(/no calico .* 1\.23\.17.*`network: flannel`/) },
    ],
    [
      'packages whose repository is gone',
      ['  release: "1.23"', '  install: packages'],
      { line: 4, path: 'cluster.install', says: expect.stringMatching(/is gone, and 1\.23 with it.*mirrors: aliyun/) },
    ],
    [
      'a finding to demote that there is none of',
      ['  release: "1.36"', '  ignorePreflight: [swap, ALL, Port-10250, DiskSpace--var, Pord-6443]'],
      {
        line: 4,
        path: 'cluster.ignorePreflight',
        says: 'preflight has no finding `Pord-6443`. did you mean `Port-<port>`?',
      },
    ],
  ])('%s', (_title, cluster, problem) => {
    expect(problemsOf(...cluster)).toEqual([problem]);
  });

  test('all of it at once, in the order of the file', () => {
    const lines = ['  release: "1.18"', '  install: packages', '  network: calico', '  proxyMode: nftables'];
    expect(problemsOf(...lines).map(({ path }) => path)).toEqual([
      'cluster.runtime',
      'cluster.install',
      'cluster.network',
      'cluster.proxyMode',
    ]);
  });

  test.each([
    ['1.17', 'docker', 'packages', 'aliyun'],
    ['1.23', 'containerd', 'binaries', 'official'],
    ['1.23', 'docker', 'packages', 'aliyun'],
    ['1.36', 'docker', 'packages', 'official'],
    ['1.36', 'containerd', 'packages', 'aliyun'],
  ])('%s on %s by %s (%s) fits', (release, runtime, install, mirrors) => {
    const words = { runtime, install, mirrors };
    expect(problemsOf(`  release: "${release}"`, ...Object.entries(words).map(([k, v]) => `  ${k}: ${v}`))).toEqual([]);
  });
});

test('a containerd that is too old for its release is refused, should the table ever have one', () => {
  const cluster = aCluster([aNode('cp1', { roles: ['control-plane'] })]);
  const release = releaseFor(cluster);
  const old = { ...release, components: { ...release.components, containerd: '1.7.29' } };
  expect(misfits(cluster, old).map(({ message }) => message)).toEqual([
    'Kubernetes 1.36.3 needs containerd 2, not 1.7.29',
  ]);
  const before = { ...old, host: { ...old.host, leastContainerd: 1 as const } };
  expect(misfits(cluster, before)).toEqual([]);
});
