import { Command } from 'commander';
import { type Cluster, isControlPlane, type Node, type Release } from '../model/index.js';
import { clusterImages, nodeImages, releaseFor } from '../release/index.js';
import { table } from '../report/index.js';
import { missingImages, pullImages } from '../run/index.js';
import { pulls } from '../steps/index.js';
import { load, surroundingsOf } from './assemble.js';
import { type BundleFlags, openFor, withBundle } from './bundle.js';
import { type CommonFlags, limited } from './options.js';
import { listenersFor, type MakeCommand, onInventory, withLimit } from './shared.js';
import type { Terminal } from './terminal.js';

export const imagesCommand: MakeCommand = (terminal, done) =>
  new Command('images')
    .description('The container images of a cluster: which, where, and getting them there')
    .addCommand(listCommand(terminal, done))
    .addCommand(pullCommand(terminal, done));

const listCommand: MakeCommand = (terminal, done) =>
  withLimit(
    onInventory('list', 'Show the exact images of the cluster, per role', 'provision images list -i cluster.yaml'),
  )
    .option('--check', 'ask the hosts which of them they lack; exit code 1 if any')
    .option('--json', 'as JSON: by role, by node, and what is missing where')
    .action(async (flags: CommonFlags & { check?: boolean }) => {
      const loaded = load(terminal, flags.inventory);
      const { cluster } = loaded;
      const release = releaseFor(cluster);
      const targets = limited(cluster, flags.limit);
      const missing = flags.check
        ? await missingImages(
            await surroundingsOf(terminal, loaded, listenersFor(terminal, flags), release),
            targets,
            (node) => nodeImages(cluster, release, node),
          )
        : null;
      if (flags.json) terminal.out(`${JSON.stringify(imagesJson(cluster, release, targets, missing), null, 2)}\n`);
      else terminal.out(`${imagesTable(terminal, { ...cluster, nodes: targets }, release, missing)}\n`);
      done([...(missing?.values() ?? [])].some((images) => images.length > 0) ? 1 : 0);
    });

const roleOf = (node: Node): string => (isControlPlane(node) ? 'control-plane' : 'worker');

/** Role -> the images of its nodes, each once. */
function byRole(cluster: Cluster, release: Release, nodes: readonly Node[]): ReadonlyMap<string, readonly string[]> {
  const roles = new Map<string, readonly string[]>();
  for (const node of nodes) {
    const known = roles.get(roleOf(node)) ?? [];
    roles.set(roleOf(node), [...new Set([...known, ...nodeImages(cluster, release, node)])]);
  }
  return roles;
}

function imagesJson(
  cluster: Cluster,
  release: Release,
  nodes: readonly Node[],
  missing: ReadonlyMap<string, readonly string[]> | null,
): unknown {
  return {
    roles: Object.fromEntries(byRole(cluster, release, nodes)),
    nodes: Object.fromEntries(nodes.map((node) => [node.name, nodeImages(cluster, release, node)])),
    smoke: release.images.agnhost,
    ...(missing === null ? {} : { missing: Object.fromEntries(missing) }),
  };
}

function imagesTable(
  terminal: Terminal,
  cluster: Cluster,
  release: Release,
  missing: ReadonlyMap<string, readonly string[]> | null,
): string {
  const roles = byRole(cluster, release, cluster.nodes);
  const rows = clusterImages(cluster, release).map((image) => [
    image,
    [...roles].flatMap(([role, images]) => (images.includes(image) ? [role] : [])).join(', '),
    ...(missing === null ? [] : [lacking(missing, image)]),
  ]);
  return table(['IMAGE', 'ON', ...(missing === null ? [] : ['MISSING ON'])], rows, terminal);
}

const lacking = (missing: ReadonlyMap<string, readonly string[]>, image: string): string =>
  [...missing].flatMap(([node, images]) => (images.includes(image) ? [node] : [])).join(', ') || '-';

const pullCommand: MakeCommand = (terminal, done) =>
  withBundle(
    withLimit(
      onInventory(
        'pull',
        'Have every node pull its images, all nodes at once',
        'provision images pull -i cluster.yaml',
      ),
    ),
  ).action(async (flags: CommonFlags & BundleFlags) => {
    const loaded = await openFor(terminal, load(terminal, flags.inventory), flags);
    const { cluster } = loaded;
    const release = releaseFor(cluster);
    const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags), release);
    const targets = limited(cluster, flags.limit);
    const failures = await pullImages(around, targets, (node) => pulls(cluster, nodeImages(cluster, release, node)));
    for (const failure of failures.values()) throw failure;
    const number = new Set(targets.flatMap((node) => nodeImages(cluster, release, node))).size;
    terminal.out(
      `${number} images are on the nodes that may run them: ${targets.map(({ name }) => name).join(', ')}\n`,
    );
    done(0);
  });
