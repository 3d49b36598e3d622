import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Operation, preflight, unknownNames } from '../../../src/checks/index.js';
import { type Situation, scene } from './scene.js';

// Each file of test/cases/checks is a theme; each case lays a few facts over two healthy hosts and names what must be found:
// `error cp1 NumCPU`, `warning - ClockSkew` (`-`: no host). `says` and `cure` must be part of the first finding's text.
interface Case extends Situation {
  readonly it: string;
  readonly before?: Operation;
  readonly finds: readonly string[];
  readonly says?: string;
  readonly cure?: string;
}

const folder = new URL('../../../../test/cases/checks/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const casesOf = (file: string): readonly Case[] => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[];

describe.each(files)('%s', (file) => {
  test.each(casesOf(file).map((c) => [c.it, c] as const))('%s', (_name, c) => {
    const { cluster, release, facts, tried } = scene(c);
    const findings = preflight(cluster, release, facts, c.before ?? 'apply', tried);
    expect(findings.map((f) => `${f.severity} ${f.host ?? '-'} ${f.name}`)).toEqual(c.finds);
    if (c.says !== undefined) expect(findings[0]?.message).toContain(c.says);
    if (c.cure !== undefined) expect(findings[0]?.cure).toContain(c.cure);
  });
});

const NAMES =
  'Architecture BundleSystem CNIConfig Calico ClockSkew ClusterCA DirAvailable--var-lib-etcd DisableService-postfix.service DiskInodes--var DiskSpace-- DiskSpace--var DiskSpace--var-lib-etcd Endpoint EtcdDisk FileAvailable--etc-kubernetes-kubelet.conf FileAvailable--etc-kubernetes-pki-ca.crt FileExisting-conntrack FileExisting-curl FileExisting-ebtables FileExisting-ethtool FileExisting-ip FileExisting-iptables FileExisting-mount FileExisting-nsenter FileExisting-socat FileExisting-tc FileExisting-touch Firewalld ForeignRuntime-docker ForeignRuntime-k3s HTTPProxy HTTPProxyCIDR HardwareCPU HardwareDisk HardwareMemory Hostname InitSystem InternalAddress IsPrivilegedUser Kernel KubeletVersion Manifest MaxPods Mem NetworkManager NumCPU OperatingSystem OtherCluster PackageManagerBroken PackageManagerBusy PackageRepository PodCIDR PodCIDRCapacity Port-10248 Port-10249 Port-10250 Port-10256 Port-10257 Port-10259 Port-179 Port-2379 Port-2380 Port-2381 Port-4789 Port-6443 Port-8472 Port-9099 ProxyMode Reach-192.0.2.9-8080 Reach-dl.k8s.io Reach-github.com Registry-ghcr.io Registry-registry.k8s.io ResolvConf SELinux ServiceCIDR Swap SystemVerification TimeSync Ufw UniqueHostname UniqueMac UniqueMachineId UniqueProductUuid User-opps'
    .split(' ')
    .sort();

test('every check that can be told is told by some case, and every case file says something', () => {
  const told = new Set(files.flatMap(casesOf).flatMap((c) => c.finds.map((line) => line.split(' ')[2] ?? '')));
  // The names that operators may write into ignorePreflight: adding a check without a case, or renaming one, is seen here.
  expect([...told].sort()).toEqual(NAMES);
  expect(unknownNames([...told])).toEqual([]);
  for (const file of files) expect(casesOf(file).length).toBeGreaterThan(0);
});

test('a finding of every case names a cure and ends without a full stop', () => {
  for (const c of files.flatMap(casesOf)) {
    const { cluster, release, facts, tried } = scene(c);
    for (const finding of preflight(cluster, release, facts, c.before ?? 'apply', tried)) {
      expect(finding.cure.length).toBeGreaterThan(10);
      expect(finding.message).not.toMatch(/\.$/);
    }
  }
});
