import { relative } from 'node:path';
import { versionsOf } from '../content/components.js';
import type { LabHost, LabRecord } from '../record.js';
import { hostKind, packagesOf } from './root.js';

/** All of the kubelet's own thresholds (they are replaced together), with room in bytes: 15 % of a large disk is a working machine. */
const EVICTION = {
  'memory.available': '100Mi',
  'nodefs.available': '1Gi',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '1Gi',
  'imagefs.inodesFree': '5%',
};

/** Ids of the repositories that the mirror signs by a key of its own, by what packages are. Debian's own ones keep Debian's. */
const signedByLab = {
  deb: ['docker-ce', 'kubernetes'],
  rpm: ['base', 'updates', 'extras', 'baseos', 'appstream', 'epel', 'docker-ce', 'kubernetes', 'elrepo-kernel'],
};

/**
 * Inventory of a lab as YAML (JSON values are YAML scalars). `from` is the folder of the inventory file, `fingerprint` that of
 * the key that the mirror signs with. Pure.
 */
export function inventoryText(
  record: LabRecord,
  hosts: readonly LabHost[],
  state: string,
  from: string,
  fingerprint: string | undefined,
): string {
  const path = (name: string): string => JSON.stringify(relative(from, `${state}/${name}`) || name);
  const { gateway } = record.network;
  const { format } = packagesOf(hostKind(record.like));
  // What there is of Kubernetes for CentOS 7 is in Aliyun's copies.
  const isAliyun = record.like === 'centos7';
  const mirror = record.mirror
    ? [
        '  mirrors:',
        ...(isAliyun ? ['    preset: aliyun'] : []),
        `    artifacts: "http://${gateway}:8080"`,
        `    checksums: ${path('checksums.json')}`,
        '    registries:',
        ...['registry.k8s.io', 'ghcr.io', ...(isAliyun ? ['registry.aliyuncs.com'] : [])].map(
          (name) => `      ${name}: "http://${gateway}:5000"`,
        ),
        ...(fingerprint === undefined
          ? []
          : ['    keys:', ...signedByLab[format].map((id) => `      ${id}: ${fingerprint}`)]),
      ]
    : [];
  // The files that they were installed with name servers that are out of reach.
  const system = format === 'rpm' && record.mirror ? ['system:', '  repositories: mirror'] : [];
  return [
    'cluster:',
    `  name: ${record.name}`,
    `  release: ${JSON.stringify(versionsOf(record.release).kubernetes)}`,
    '  runtime: containerd',
    '  network: flannel',
    ...mirror,
    '  # The hosts share the machine: its cgroups may be v1, conntrack limits are not theirs to set, and a part of its disk may be much.',
    '  kubelet:',
    '    failCgroupV1: false',
    `    evictionHard: ${JSON.stringify(EVICTION)}`,
    '  kubeProxy: { conntrack: { maxPerCore: 0 } }',
    ...system,
    'ssh:',
    '  user: root',
    `  key: ${path('id_ed25519')}`,
    `  knownHosts: ${path('known_hosts')}`,
    ...(hosts.some(({ vm }) => vm)
      ? ['  connectTimeout: 120 # an emulated processor takes its time for a key exchange']
      : []),
    'nodes:',
    ...hosts.map(
      ({ name, address, n }) =>
        `  - { name: ${name}, address: ${address}, roles: [${n === 1 ? 'control-plane' : 'worker'}] }`,
    ),
    '',
  ].join('\n');
}

/** One line per host: name and address, with the host's public key. Pure. */
export const knownHostsText = (hosts: readonly (LabHost & { readonly hostKey: string })[]): string =>
  hosts.map(({ name, address, hostKey }) => `${name},${address} ${keyOnly(hostKey)}\n`).join('');

/** `ssh-ed25519 AAAA…` without the comment. */
const keyOnly = (publicKey: string): string => publicKey.trim().split(/\s+/).slice(0, 2).join(' ');
