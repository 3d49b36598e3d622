import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabRelease } from './content/components.js';
import type { DiskFile } from './hosts/disk.js';
import type { HostPackages } from './hosts/root.js';
import { type BuiltMirror, buildMirror } from './mirror/build.js';
import { debianSource } from './mirror/debian.js';
import { mirrorPids, serveMirror, stopMirror } from './mirror/serve.js';
import type { Places } from './places.js';

/** What a host and an inventory need to know of the lab's running mirror. */
export interface LabMirror {
  readonly checksumsFile: string;
  /** The line of sources.list for its apt repository. */
  readonly source: string;
  /** The key that it signs with, as apt reads it. */
  readonly keyring: Buffer;
  /** The same key, as rpm reads it. */
  readonly armoredKey: Buffer;
  readonly fingerprint: string;
}

const keyringPath = '/usr/share/keyrings/provision-lab.gpg';

/** The files by which a host trusts the mirror's packages. apt is told where the mirror is, yum is not: its repositories are the provisioner's work. */
export function trustFiles(mirror: LabMirror, packages: HostPackages): readonly DiskFile[] {
  if (packages.format === 'rpm') return packages.keys.map((path) => ({ path, content: mirror.armoredKey }));
  return [
    { path: '/etc/apt/sources.list.d/mirror.list', content: `${mirror.source}\n` },
    { path: keyringPath, content: mirror.keyring },
  ];
}

const mirrorFolder = (run: string): string => join(run, 'mirror');

/** The mirror of a release's real components: made once, taken from the cache afterwards. Speaks about each step once. */
export function buildLabMirror(
  places: Places,
  release: LabRelease,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<BuiltMirror> {
  let last = '';
  return buildMirror({
    release,
    cacheDir: places.cache,
    onProgress: ({ step, done, total }) => {
      if (step !== last) say(`mirror ${done}/${total}: ${step}`);
      last = step;
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

export async function startMirror(built: BuiltMirror, run: string, gateway: string): Promise<LabMirror> {
  const running = await serveMirror({ mirrorDir: built.mirrorDir, runDir: mirrorFolder(run), address: gateway });
  return {
    checksumsFile: built.checksumsFile,
    source: debianSource(running.filesUrl, keyringPath),
    keyring: await readFile(running.debianKeyringFile),
    armoredKey: await readFile(join(built.mirrorDir, 'repository-key.asc')),
    fingerprint: (
      JSON.parse(await readFile(join(built.mirrorDir, 'repository-key.json'), 'utf8')) as { fingerprint: string }
    ).fingerprint,
  };
}

export const endMirror = (run: string): Promise<void> => stopMirror(mirrorFolder(run));

export const mirrorProcesses = (run: string): Promise<readonly number[]> => mirrorPids(mirrorFolder(run));
