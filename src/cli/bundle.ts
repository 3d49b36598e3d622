// A run with a bundle: the hosts fetch everything from it, over a way back through their own SSH connections.
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Command } from 'commander';
import { type Bundle, bundleServer, missingFrom, needsOf, openBundle, upstreamOf } from '../bundle/index.js';
import { BUNDLE_PORT, type Cluster, ProvisionError, type Release } from '../model/index.js';
import { loadManifests, releaseFor } from '../release/index.js';
import { steps } from '../steps/index.js';
import type { WayBack } from '../transport/index.js';
import { type Loaded, withSums } from './assemble.js';
import type { Terminal } from './terminal.js';

export interface BundleFlags {
  readonly bundle?: string;
}

/** What a run needs of its bundle. */
export interface RunBundle {
  readonly release: Release;
  readonly wayBack: WayBack;
}

export const withBundle = (command: Command): Command =>
  command.option('--bundle <file>', 'the hosts fetch everything from this bundle, over their SSH connections');

/**
 * The inventory as this run sees it. The bundle is read whole and held to the inventory before any host is touched.
 * Throws ARTIFACT when it is damaged, PREFLIGHT when it lacks something.
 */
export async function openFor(terminal: Terminal, loaded: Loaded, { bundle: file }: BundleFlags): Promise<Loaded> {
  if (file === undefined) return loaded;
  const bundle = await openBundle(resolve(terminal.cwd, file));
  const known = await sumsFrom(bundle, loaded);
  const missing = await missingIn(bundle, known);
  if (missing.length > 0) {
    throw new ProvisionError('PREFLIGHT', `the bundle lacks what this inventory needs; nothing was touched`, {
      said: missing.join('\n'),
      hint: `make it for this inventory: provision bundle create -i INVENTORY -o ${file}`,
    });
  }
  return servedTo({ ...loaded, cluster: known }, bundle, (cluster) => releaseFrom(bundle, cluster));
}

/** A run whose hosts fetch from this bundle, over a way back. */
export async function servedTo(
  loaded: Loaded,
  bundle: Bundle,
  releaseOf: (cluster: Cluster) => Release | Promise<Release>,
): Promise<Loaded> {
  const systems = bundle.index.systems.flatMap(({ name, packages }) => (packages === null ? [] : [name]));
  const origin = `http://127.0.0.1:${BUNDLE_PORT}`;
  const cluster = { ...loaded.cluster, mirrors: { ...loaded.cluster.mirrors, bundle: { origin, systems } } };
  const server = bundleServer(bundle);
  const wayBack = { port: BUNDLE_PORT, take: (stream: Duplex) => void server.emit('connection', stream) };
  return { ...loaded, cluster, bundle: { release: await releaseOf(cluster), wayBack } };
}

/** Sums that neither table, inventory nor lock has, from the bundle: whoever made it asked their publisher. It beats none of the others. */
export const sumsFrom = (bundle: Bundle, loaded: Loaded): Promise<Cluster> =>
  withSums(
    loaded,
    async (url) => {
      const sum = bundle.index.sums[url.replace(/\.sha256$/, '')];
      if (sum === undefined) throw new Error('it is not in the bundle');
      return sum;
    },
    false,
  );

/** What the hosts of this inventory need and the bundle has not, each named once. */
export async function missingIn(bundle: Bundle, cluster: Cluster): Promise<readonly string[]> {
  const release = await releaseFrom(bundle, upstreamOf(cluster)).catch((error: unknown) => {
    if (error instanceof ProvisionError && error.code === 'ARTIFACT') return error;
    throw error;
  });
  if (release instanceof ProvisionError) return [`${release.message}: ${release.said ?? ''}`];
  const missing = bundle.index.systems.flatMap(({ machine, packages }) =>
    missingFrom(bundle.index, needsOf(cluster, release, steps, machine), packages),
  );
  return [...new Set(missing)];
}

/** The release with the texts of its manifests out of the bundle. */
const releaseFrom = (bundle: Bundle, cluster: Cluster): Promise<Release> =>
  loadManifests(
    releaseFor(cluster),
    async () => {
      throw new Error('it is not in the bundle');
    },
    {
      get: async (sha256) => {
        const file = bundle.index.files.find((part) => part.kind === 'manifest' && part.sha256 === sha256);
        return file === undefined ? null : bundle.text(file.name);
      },
      put: async () => undefined,
    },
  );
