import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { misfits, unknownNames } from '../checks/index.js';
import { shellHost } from '../host/index.js';
import { readInventory } from '../inventory/index.js';
import type { Cluster, Listener, Node, Release, Secret } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Setting } from '../plan/index.js';
import {
  knownVersions,
  loadManifests,
  lockedSums,
  releaseFor,
  type SumLock,
  withLockedSums,
} from '../release/index.js';
import type { Surroundings } from '../run/index.js';
import { steps } from '../steps/index.js';
import { bastionPool, connectSsh } from '../transport/index.js';
import { kubeconfig, openTrust } from '../trust/index.js';
import { askedCredentials } from './ask.js';
import type { RunBundle } from './bundle.js';
import { ensureStateFolder, type StateFolder, stateFolder } from './state-folder.js';
import type { Terminal } from './terminal.js';

/** An inventory that was read, and where its cluster's state lives. */
export interface Loaded {
  readonly file: string;
  readonly cluster: Cluster;
  readonly folder: StateFolder;
  /** sha256 of the inventory's text: a saved plan belongs to it. */
  readonly digest: string;
  /** Where this run's hosts fetch from instead (`openFor`). */
  readonly bundle?: RunBundle;
}

export function load(terminal: Terminal, inventory: string, ignorePreflight?: string): Loaded {
  const file = resolve(terminal.cwd, inventory);
  const text = readText(file, inventory);
  const { cluster } = readInventory(text, file, {
    releases: knownVersions(),
    readFile: (path) => readFileSync(path, 'utf8'),
    homeDir: terminal.home,
    misfits: (cluster) => misfits(cluster, releaseFor(cluster)),
  });
  const folder = stateFolder(file, cluster.name);
  const ignored = ignoredNames(ignorePreflight);
  return {
    file,
    cluster: {
      ...cluster,
      ignorePreflight: [...cluster.ignorePreflight, ...ignored],
      nodes: cluster.nodes.map((node) => ({
        ...node,
        ssh: { ...node.ssh, knownHosts: [...node.ssh.knownHosts, folder.knownHosts] },
      })),
    },
    folder,
    digest: createHash('sha256').update(text).digest('hex'),
  };
}

/** Throws USAGE for a name that no finding has. */
function ignoredNames(option: string | undefined): readonly string[] {
  const names = option?.split(',').map((name) => name.trim()) ?? [];
  const [unknown] = unknownNames(names);
  if (unknown === undefined) return names;
  throw new ProvisionError('USAGE', `preflight has no finding "${unknown.name}"`, { hint: unknown.cure });
}

function readText(file: string, given: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ProvisionError('INVENTORY', `cannot read the inventory ${given}`, {
      said: cause instanceof Error ? cause.message : String(cause),
      hint: 'name it with -i FILE; inventories/ has examples to start from',
      cause,
    });
  }
}

/** Everything real behind a run: SSH, the state folder, the release's manifests. */
export async function surroundingsOf(
  terminal: Terminal,
  loaded: Loaded,
  emit: Listener,
  release?: Release,
): Promise<Surroundings> {
  const { cluster, folder } = loaded;
  const credentials = askedCredentials(terminal);
  const bastions = await bastionPool();
  return {
    cluster,
    release: release ?? loaded.bundle?.release ?? (await releaseWithManifests(terminal, loaded)),
    steps,
    connect: async (node: Node) => {
      const { signal, env } = terminal;
      const wayBack = loaded.bundle?.wayBack;
      const open = () => connectSsh({ host: node, ssh: node.ssh, credentials, bastions, signal, env, wayBack });
      return shellHost(await open(), terminal.now, { open, pause: (ms) => setTimeout(ms) });
    },
    openTrust: async (found: boolean) => {
      ensureStateFolder(folder);
      const { trust, minted } = await openTrust({
        stateDir: folder.path,
        cluster,
        now: new Date(terminal.now()),
        mint: found,
      });
      if (minted.length > 0)
        emit({ type: 'note', text: `minted ${minted.length} keys and certificates into ${folder.path}` });
      return trust;
    },
    emit,
    signal: terminal.signal,
    now: terminal.now,
    who: `${terminal.user} (pid ${process.pid})`,
  };
}

/** The release with its manifests fetched and verified; kept by content below the cache folder, so a second run fetches nothing. */
export async function releaseWithManifests(terminal: Terminal, loaded: Loaded): Promise<Release> {
  const fetch = (url: string) => fetchText(url, terminal.signal);
  return manifestsFor(terminal, releaseFor(await withSums(loaded, fetch)), fetch);
}

/**
 * Sums that the release table does not have are asked of their publisher once, and kept in `provision.lock` beside the inventory.
 * @param kept false: what was asked now is not written there
 */
export const withSums = (
  { cluster, file }: Loaded,
  fetch: (url: string) => Promise<string>,
  kept = true,
): Promise<Cluster> => {
  const lock = lockBeside(file);
  return withLockedSums(cluster, fetch, kept ? lock : { ...lock, write: async () => undefined });
};

/** @param fetched the text at the URL that the release names */
export function manifestsFor(
  terminal: Terminal,
  release: Release,
  fetched: (url: string) => Promise<string>,
): Promise<Release> {
  const cache = join(terminal.env['XDG_CACHE_HOME'] || join(terminal.home, '.cache'), 'provision', 'manifests');
  return loadManifests(release, fetched, {
    get: (digest) => readFile(join(cache, digest), 'utf8').catch(() => null),
    put: async (digest, text) => {
      await mkdir(cache, { recursive: true });
      await writeFile(join(cache, digest), text);
    },
  });
}

function lockBeside(inventory: string): SumLock {
  const path = join(dirname(inventory), 'provision.lock');
  return {
    read: async () => {
      const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return '{}';
        throw cause;
      });
      return lockedSums(text, path);
    },
    write: (sums) => writeFile(path, `${JSON.stringify(sums, Object.keys(sums).sort(), 2)}\n`),
  };
}

/** Throws with the reason; `loadManifests` says what it was for. */
export async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.text();
}

/** The kubeconfig of a client certificate that is minted for this run and kept nowhere. */
export function superAdminKubeconfig(setting: Setting): Secret {
  const { cluster, trust } = setting;
  return kubeconfig({
    cluster: cluster.name,
    server: serverOf(cluster),
    ca: trust.authority('ca').cert,
    user: 'provision',
    client: trust.superAdmin(),
  });
}

export function serverOf(cluster: Cluster): string {
  const { host, port } = cluster.endpoint;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
