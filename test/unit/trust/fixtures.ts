import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Node, Role } from '../../../src/model/index.js';
import { type Entropy, systemEntropy } from '../../../src/trust/index.js';

export const now = new Date('2026-03-01T12:00:00.500Z');

export const nodeNamed = (name: string, internalAddress: string, roles: readonly Role[] = ['control-plane']): Node =>
  ({ name, address: internalAddress, internalAddress, roles }) as unknown as Node;

const threeControlPlanes = [
  nodeNamed('cp-1', '10.0.0.11'),
  nodeNamed('cp-2', '10.0.0.12'),
  nodeNamed('cp-3', 'fd00::13'),
  nodeNamed('worker-1', '10.0.0.21', ['worker']),
];

/** Only what trust reads of a cluster. */
export function clusterOf(changes: Partial<Cluster> = {}): Cluster {
  return {
    name: 'lab',
    network: { plugin: 'flannel', podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/12', dnsDomain: 'cluster.local' },
    endpoint: { host: 'api.example.org', port: 6443 },
    pki: { algorithm: 'ECDSA-P256', certSans: ['lb.example.org', '192.0.2.10', '2001:db8::1'] },
    nodes: threeControlPlanes,
    ...changes,
  } as unknown as Cluster;
}

export const oneControlPlane = (changes: Partial<Cluster> = {}): Cluster =>
  clusterOf({ nodes: threeControlPlanes.slice(0, 1), ...changes });

/** System randomness that counts the keys it makes. */
export function countingEntropy(): Entropy & { count: () => number } {
  let keys = 0;
  return {
    ...systemEntropy,
    key: (algorithm) => {
      keys += 1;
      return systemEntropy.key(algorithm);
    },
    count: () => keys,
  };
}

/** A few real RSA keys, handed out again and again: making 34 of them is not what is tested. */
export function pooledRsa(): Entropy {
  const pool: KeyObject[] = [];
  let next = 0;
  return {
    ...systemEntropy,
    key: async () => {
      const index = next++ % 5;
      pool[index] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      return pool[index];
    },
  };
}

const folders: string[] = [];

export function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'provision-trust-'));
  folders.push(folder);
  return join(folder, '.provision', 'lab');
}

export function removeStateFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
