import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { misfits } from '../../../src/checks/index.js';
import { checkInventory, inventoryJsonSchema, inventoryReference } from '../../../src/inventory/index.js';
import type { Cluster } from '../../../src/model/index.js';
import { knownVersions, releaseFor } from '../../../src/release/index.js';
import { checkout, context, listOf, textOf } from './scene.js';

/** A lab's checksums are made when its mirror is built: until then the file is not there. */
const readFile = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '{}');

function load(name: string): Cluster {
  const text = textOf(`inventories/${name}`);
  const { problems, cluster } = checkInventory(text, join(checkout, 'inventories', name), {
    ...context,
    releases: knownVersions(),
    readFile,
    misfits: (cluster) => misfits(cluster, releaseFor(cluster)),
  });
  expect(problems).toEqual([]);
  return cluster as Cluster;
}

describe('inventories/', () => {
  test.each(listOf('inventories', '.yaml'))('%s is right, and says what it is for', (name) => {
    const cluster = load(name);
    expect(cluster.nodes.length).toBeGreaterThan(0);
    expect(textOf(`inventories/${name}`)).toMatch(/^#/);
  });

  test('one-node runs pods on its control plane', () => {
    expect(load('one-node.yaml').nodes.map(({ roles }) => roles)).toEqual([['control-plane', 'worker']]);
  });

  test('control-plane-and-workers logs in as root', () => {
    const { nodes } = load('control-plane-and-workers.yaml');
    expect(nodes.map(({ roles }) => roles.join())).toEqual(['control-plane', 'worker', 'worker']);
    expect(new Set(nodes.map(({ ssh }) => `${ssh.user} ${ssh.become.method}`))).toEqual(new Set(['root none']));
  });

  test('sudo-and-bastion asks for the sudo password and goes through a bastion', () => {
    const { nodes } = load('sudo-and-bastion.yaml');
    expect(nodes.every(({ ssh }) => ssh.become.password === 'prompt' && ssh.bastion !== null)).toBe(true);
    expect(nodes.some(({ taints }) => taints.length > 0)).toBe(true);
    expect(nodes.some(({ labels }) => Object.keys(labels).length > 0)).toBe(true);
  });

  test('ipvs-firewall-open turns what its name says', () => {
    const cluster = load('ipvs-firewall-open.yaml');
    expect(cluster.proxyMode).toBe('ipvs');
    expect(cluster.pki.algorithm).toBe('ECDSA-P256');
    expect(cluster.mirrors.artifacts).not.toBeNull();
    expect(cluster.nodes.every(({ system }) => system.firewall === 'open' && system.selinux === 'enforcing')).toBe(
      true,
    );
  });

  test('calico is set up as its comment says', () => {
    expect(load('calico.yaml').network).toMatchObject({ plugin: 'calico', encapsulation: 'ipip', mtu: 1440 });
  });
});

describe('generated files are current: npm run update', () => {
  test('docs/inventory.md', () => expect(textOf('docs/inventory.md')).toBe(inventoryReference()));
  test('docs/inventory.schema.json', () =>
    expect(JSON.parse(textOf('docs/inventory.schema.json'))).toEqual(
      JSON.parse(JSON.stringify(inventoryJsonSchema())),
    ));
});

test('every key of the reference has a meaning and an example', () => {
  const rows = inventoryReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(60);
  expect(
    rows.filter((row) => !/^\| `\w+` \| [^|]+ \|[^|]*\| (?:[^|\\]|\\\|)+ \| `.+` \|$/.test(row.replaceAll('\\|', '/'))),
  ).toEqual([]);
});
