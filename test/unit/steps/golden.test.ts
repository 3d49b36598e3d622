import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readInventory } from '../../../src/inventory/index.js';
import {
  isControlPlane,
  type MachineFacts,
  type Node,
  type Resource,
  type Scene,
  Secret,
} from '../../../src/model/index.js';
import { knownVersions } from '../../../src/release/index.js';
import { steps } from '../../../src/steps/index.js';
import { bareYaml } from '../../../src/templates.js';
import { aCentOs, aDebian, aRelease, fakeTrust, root } from './scene.js';

/** A small spanning set: everything on one host; the usual; every option off its default; by packages, on old and new systems. */
const MACHINES: Readonly<Record<string, MachineFacts>> = {
  'one-node': aDebian(),
  'control-plane-and-workers': aDebian(),
  'ipvs-firewall-open': aDebian(),
  calico: aDebian(),
  'centos7-docker-aliyun': aCentOs('7'),
  'centos9-packages': aCentOs('9'),
};
const golden = join(root, 'test/golden');

type Tree = ReadonlyMap<string, string>;

/** Every file that the node would get under its path, and `resources.txt`: all other things in their order. */
function treeOf(scene: Scene): Tree {
  const tree = new Map<string, string>();
  const lines: string[] = [];
  for (const step of steps) {
    if (!step.on(scene.node, scene.cluster, scene.leader)) continue;
    lines.push(`${step.id}: ${step.title}${step.after === undefined ? '' : ` (after ${step.after.join(', ')})`}`);
    for (const resource of step.desire(scene)) {
      if (resource.kind === 'file') tree.set(`root${resource.path}`, shown(resource.content));
      if (resource.kind === 'objects') {
        const documents = resource.manifests.map((manifest) => bareYaml(manifest)).join('---\n');
        tree.set(`api/${resource.name.replaceAll(' ', '-')}.yaml`, documents);
      }
      lines.push(`  ${line(resource)}`);
    }
    for (const gate of step.gates?.(scene) ?? []) lines.push(`  wait ${gate.within} s until ${gate.title}`);
  }
  return tree.set('resources.txt', `${lines.join('\n')}\n`);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const shown = (content: string | Secret): string =>
  content instanceof Secret ? `«secret ${digest(content.reveal())}»\n` : content;

function line(resource: Resource): string {
  switch (resource.kind) {
    case 'file':
      return `file ${resource.mode.toString(8).padStart(4, '0')} ${resource.path}`;
    case 'objects':
      return `objects ${resource.name}: ${resource.manifests.map((m) => `${m.kind} ${m.metadata.name}`).join(', ')}`;
    default: {
      const { kind, ...rest } = resource;
      return `${kind} ${JSON.stringify(rest, octalModes)}`;
    }
  }
}

const octalModes = (key: string, value: unknown): unknown =>
  key === 'mode' && typeof value === 'number' ? value.toString(8).padStart(4, '0') : value;

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
