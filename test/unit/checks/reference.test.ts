import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { preflight, preflightReference, trialWish } from '../../../src/checks/index.js';
import { FLEET_CHECKS, HOST_CHECKS } from '../../../src/checks/list.js';
import { LEFT_OUT } from '../../../src/checks/reference.js';
import { aMirrors } from '../../support/scene.js';
import { aScene, wishes } from '../steps/scene.js';
import { type Situation, scene } from './scene.js';

const inCheckout = (path: string): URL => new URL(`../../../../${path}`, import.meta.url);
const told = [...FLEET_CHECKS, ...HOST_CHECKS].flatMap((check) => check.tells);

/** `DiskSpace-<mount>` as what it stands for. */
const pattern = (name: string): RegExp => new RegExp(`^${name.replace(/[.]/g, '\\.').replace(/<[^>]+>/g, '.+')}$`);

describe('docs/preflight.md', () => {
  test('is current: npm run update', () => {
    expect(readFileSync(inCheckout('docs/preflight.md'), 'utf8')).toBe(preflightReference());
  });

  test('has a line for every finding of every case, with its severity', () => {
    const folder = inCheckout('test/cases/checks/');
    const cases = readdirSync(folder).flatMap(
      (file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as (Situation & { before?: 'reset' })[],
    );
    for (const c of cases) {
      const { cluster, release, facts, tried } = scene(c);
      for (const { name, severity } of preflight(
        { ...cluster, ignorePreflight: [] },
        release,
        facts,
        c.before ?? 'apply',
        tried,
      )) {
        const lines = told.filter((line) => pattern(line.name).test(name));
        expect({ name, severity, told: lines.some((line) => line.severity.includes(severity)) }).toEqual({
          name,
          severity,
          told: true,
        });
      }
    }
  });

  test('is told by some check before the operation that it speaks of, and has no line twice', () => {
    for (const check of [...FLEET_CHECKS, ...HOST_CHECKS]) {
      expect(check.tells.length).toBeGreaterThan(0);
      expect(check.before.length).toBeGreaterThan(0);
    }
    const lines = told.map(({ name, asks }) => `${name} ${asks}`);
    expect(new Set(lines).size).toBe(lines.length);
  });

  // cmd/kubeadm/app/preflight of 1.36: none may be forgotten, made or left out with a reason.
  test.each(
    'IsPrivilegedUser NumCPU Mem KubernetesVersion Firewalld Port-6443 Port-10259 Port-10257 Port-10250 Port-2379 Port-2380 DirAvailable--var-lib-etcd FileAvailable--etc-kubernetes-manifests-etcd.yaml FileAvailable--etc-kubernetes-kubelet.conf FileAvailable--etc-kubernetes-pki-ca.crt HTTPProxy HTTPProxyCIDR CRI Swap FileExisting-conntrack FileExisting-ip FileExisting-socat SystemVerification Hostname KubeletVersion Service-Kubelet FileContent--proc-sys-net-ipv4-ip_forward FileContent--proc-sys-net-ipv6-conf-default-forwarding ExternalEtcdVersion ExternalEtcdClientCertificates ImagePull'.split(
      ' ',
    ),
  )("says what became of kubeadm's %s", (name) => {
    const made = told.some((line) => pattern(line.name).test(name));
    const left = LEFT_OUT.some(({ what, from }) => from === 'kubeadm' && what === name);
    expect([made, left].filter(Boolean)).toHaveLength(1);
  });
});

test.each([
  { runtime: 'containerd', install: 'binaries' },
  { runtime: 'containerd', install: 'packages' },
  { runtime: 'docker', install: 'binaries' },
  { runtime: 'docker', install: 'packages' },
] as const)('on $runtime by $install: what a host is asked to reach is what the steps fetch there, and where its images come from', (by) => {
  const mirrors = aMirrors({
    artifacts: 'http://192.0.2.9:8080',
    registries: { 'registry.k8s.io': ['http://192.0.2.9:5000'] },
  });
  for (const at of ['cp-1', 'worker-2']) {
    const here = aScene({ at, cluster: { mirrors, ...by } });
    const fetched = wishes(here).flatMap((resource) => (resource.kind === 'artifact' ? [resource.url] : []));
    const { urls, etcdData, names } = trialWish(here.cluster, here.release, here.node, 'amd64', false);
    const isShim = fetched.some((url) => url.includes('cri-dockerd'));
    expect({ isShim, isNone: fetched.length === 0 }).toEqual({
      isShim: by.runtime === 'docker',
      isNone: by.runtime === 'containerd' && by.install === 'packages',
    });
    expect(urls.filter((url) => !url.endsWith('/v2/')).sort()).toEqual([...new Set(fetched)].sort());
    expect(urls.filter((url) => url.endsWith('/v2/'))).toEqual([
      'http://192.0.2.9:5000/v2/',
      // Docker pulls by the mirror's own name: there is nowhere else to look.
      ...(by.runtime === 'docker' ? [] : ['https://registry.k8s.io/v2/']),
      'https://ghcr.io/v2/',
    ]);
    expect({ etcdData, names }).toEqual({ etcdData: null, names: [] });
    const thorough = trialWish(here.cluster, here.release, here.node, 'amd64', true);
    expect(thorough.etcdData).toBe(at === 'cp-1' ? '/var/lib/etcd' : null);
  }
});
