import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { misfits } from '../../../src/checks/index.js';
import { readInventory } from '../../../src/inventory/index.js';
import { isControlPlane, type MachineFacts, type Node, type Scene } from '../../../src/model/index.js';
import { knownVersions, releaseFor } from '../../../src/release/index.js';
import { aNode } from '../../support/scene.js';
import { aCentOs, aDebian, aRelease, aScene, fakeTrust, root } from './scene.js';
import { type Tree, treeDifference, treeOf } from './tree.js';

/** A small spanning set: everything on one host; the usual; every option off its default; by packages, on old and new systems. */
const MACHINES: Readonly<Record<string, MachineFacts>> = {
  'one-node': aDebian(),
  'control-plane-and-workers': aDebian(),
  'ipvs-firewall-open': aDebian(),
  calico: aDebian(),
  'centos7-docker-aliyun': aCentOs('7'),
  'centos9-packages': aCentOs('9'),
  'docker-1.18': aCentOs('7'),
};
const golden = join(root, 'test/golden');

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );

function compare(folder: string, tree: Tree): void {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    rmSync(folder, { recursive: true, force: true });
    for (const [path, text] of tree) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }
  const kept = new Map(filesBelow(folder).map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
  expect([...tree.keys()].sort()).toEqual([...kept.keys()].sort());
  for (const [path, text] of tree) expect({ path, text }).toEqual({ path, text: kept.get(path) });
}

describe.each(Object.entries(MACHINES))('what %s becomes', (name, machine) => {
  const path = join(root, 'inventories', `${name}.yaml`);
  const { cluster } = readInventory(readFileSync(path, 'utf8'), path, {
    releases: knownVersions(),
    readFile: (file) => readFileSync(file, 'utf8'),
    homeDir: '/home/operator',
    misfits: (read) => misfits(read, releaseFor(read)),
  });
  const leader = cluster.nodes.find(isControlPlane)?.name ?? '';
  const sceneOf = (node: Node): Scene => ({
    cluster,
    node,
    leader,
    release: aRelease(cluster),
    trust: fakeTrust,
    machine,
  });

  test.each(cluster.nodes.map((node) => [node.name, node] as const))('%s (UPDATE_GOLDEN=1 rewrites)', (_, node) => {
    compare(join(golden, name, node.name), treeOf(sceneOf(node)));
  });

  test('the same inventory gives the same bytes', () => {
    for (const node of cluster.nodes) expect(treeOf(sceneOf(node))).toEqual(treeOf(sceneOf(node)));
  });
});

/** Each release as against the next newer one of the table: nothing but what its traits say may differ. */
describe.each(
  knownVersions()
    .slice(0, -1)
    .map((version, i) => [version, knownVersions()[i + 1] ?? ''] as const),
)('%s', (version, newer) => {
  test(`as against ${newer} (UPDATE_GOLDEN=1 rewrites)`, () => {
    const path = join(golden, 'releases', `${version}.diff`);
    const told = treeDifference(onOneNode(newer), onOneNode(version));
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, told);
    }
    expect(told).toBe(readFileSync(path, 'utf8'));
  });
});

const trees = new Map<string, Tree>();

function onOneNode(version: string): Tree {
  const nodes = [aNode('one', { roles: ['control-plane'] })];
  const tree =
    trees.get(version) ?? treeOf(aScene({ nodes, cluster: { version, install: 'packages', runtime: 'docker' } }));
  trees.set(version, tree);
  return tree;
}
