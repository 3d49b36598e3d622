import { resolve } from 'node:path';
import { Command } from 'commander';
import { mib, openImages, saveImages } from '../bundle/index.js';
import { type Cluster, isControlPlane, type Node, ProvisionError, type Release } from '../model/index.js';
import { clusterImages, nodeImages, releaseFor } from '../release/index.js';
import { table } from '../report/index.js';
import { missingImages, pullImages } from '../run/index.js';
import { everyPull, pulls } from '../steps/index.js';
import { type Loaded, load, surroundingsOf } from './assemble.js';
import { type BundleFlags, openFor, servedTo, withBundle } from './bundle.js';
import { type CommonFlags, limited } from './options.js';
import { listenersFor, type MakeCommand, onInventory, withLimit } from './shared.js';
import type { Terminal } from './terminal.js';

export const imagesCommand: MakeCommand = (terminal, done) =>
  new Command('images')
    .description('The container images of a cluster: which, where, and getting them there')
    .addCommand(listCommand(terminal, done))
    .addCommand(pullCommand(terminal, done))
    .addCommand(saveCommand(terminal, done))
    .addCommand(loadCommand(terminal, done));

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
    // A bundle has those of a pod network of the inventory's own, too; nobody else is asked what that runs.
    await pullOnto(terminal, loaded, flags, loaded.bundle === undefined ? listedPulls : everyPull);
    done(0);
  });

const loadCommand: MakeCommand = (terminal, done) =>
  withLimit(
    onInventory(
      'load',
      'Give every node its images out of an archive, over its SSH connection',
      'provision images load images.tar -i cluster.yaml',
    ),
  )
    .argument('<file>', 'what `images save` wrote, or another OCI archive whose images have names')
    .action(async (file: string, flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      const images = await openImages(resolve(terminal.cwd, file));
      const has = new Set(images.index.images.map(({ reference }) => reference));
      const missing = clusterImages(loaded.cluster, releaseFor(loaded.cluster)).filter((image) => !has.has(image));
      if (missing.length > 0) {
        throw new ProvisionError('USAGE', `${file} lacks images of this cluster; nothing was touched`, {
          said: missing.join('\n'),
          hint: `make it for this inventory: provision images save -i INVENTORY -o ${file}`,
        });
      }
      await pullOnto(terminal, await servedTo(loaded, images, releaseFor), flags, listedPulls);
      done(0);
    });

type Pulls = typeof everyPull;

const listedPulls: Pulls = ({ cluster, release, node }) => pulls(cluster, release, nodeImages(cluster, release, node));

async function pullOnto(terminal: Terminal, loaded: Loaded, flags: CommonFlags, pullsOf: Pulls): Promise<void> {
  const { cluster } = loaded;
  const release = loaded.bundle?.release ?? releaseFor(cluster);
  const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags), release);
  const targets = limited(cluster, flags.limit);
  const wanted = new Map(targets.map((node) => [node.name, pullsOf({ cluster, release, node })]));
  const failures = await pullImages(around, targets, ({ name }) => wanted.get(name) ?? []);
  for (const failure of failures.values()) throw failure;
  const number = new Set([...wanted.values()].flat().map(({ title }) => title)).size;
  terminal.out(`${number} images are on the nodes that may run them: ${targets.map(({ name }) => name).join(', ')}\n`);
}

const saveCommand: MakeCommand = (terminal, done) =>
  onInventory(
    'save',
    'Fetch the images from their registries into one archive; touches no host',
    'provision images save -i cluster.yaml -o images.tar',
  )
    .requiredOption('-o, --out <file>', 'the archive to write: an OCI layout that docker load takes, too')
    .option('--arch <arch>', 'amd64 or arm64', 'amd64')
    .action(async (flags: CommonFlags & { out: string; arch: string }) => {
      const { cluster } = load(terminal, flags.inventory);
      const references = clusterImages(cluster, releaseFor(cluster));
      const bytes = await saveImages({
        path: resolve(terminal.cwd, flags.out),
        references,
        arch: flags.arch,
        mirrors: cluster.mirrors.registries,
        signal: terminal.signal,
        say: (line) => terminal.err(`${line}\n`),
      });
      terminal.out(`${flags.out}: ${references.length} images, ${mib(bytes)}\n`);
      done(0);
    });
