// Makes the lab's mirror of one Kubernetes release: every real component built once from pinned Go modules, laid out under
// upstream's URLs, with images in a real registry and a signed apt repository, in a cache outside the checkout. A newcomer
// starts here: components.ts says which VERSIONS, mirror-content.ts WHAT is made of them, steps.ts in which ORDER,
// lab/ holds the go.mod files that pin it. Knows nothing of lab hosts.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch as machineArch } from 'node:os';
import { join, resolve } from 'node:path';
import { ProvisionError } from '../../model/index.js';
import type { Arch, LabRelease } from '../content/components.js';
import { type MirrorContent, mirrorContent } from '../content/mirror-content.js';
import { exists, linkFile } from '../files.js';
import { alone } from '../once.js';
import { type GoMachine, goFolder, readGoVersion } from './go-cache.js';
import { cacheKey, forArch, mirrorPath } from './layout.js';
import { groupsOf, packagesFolder } from './packages.js';
import { freePort } from './port.js';
import { checkRequirements } from './requirements.js';
import { startRegistry, stopMirror } from './serve.js';
import { ensureSigningKey } from './signing-key.js';
import { buildSteps, describeLine, type Workplace } from './steps.js';

/** Where the build stands. `done` of `total` steps are finished; `detail` changes while one step is at work. */
export interface MirrorProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly detail: string;
}

export interface MirrorOptions {
  readonly release: LabRelease;
  /** Folder for mirrors of every key, and for what they share; made when absent. */
  readonly cacheDir: string;
  readonly onProgress: (line: MirrorProgress) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltMirror {
  /** Holds `files/` (by upstream URL), `registry/` (storage of the OCI registry), `tools/registry`, `checksums.json`, `repository-key.{json,asc}`. */
  readonly mirrorDir: string;
  /** JSON: lower-case hex sha256 by upstream URL. */
  readonly checksumsFile: string;
  readonly key: string;
}

/** Raise it when the way the mirror is made changes without any table or recipe changing. */
const recipeRevision = '2';

/**
 * Gives the mirror of a release for this checkout, building it if the cache has none: about 12 minutes on 2 cores the first
 * time. An interrupted build goes on where it stopped. A second caller waits for the first.
 * Throws LAB when something needed is missing or a step fails, INTERRUPTED when aborted.
 */
export async function buildMirror(options: MirrorOptions): Promise<BuiltMirror> {
  const arch = await checkRequirements(machineArch());
  const machine = { cacheDir: resolve(options.cacheDir), arch, goVersion: await readGoVersion() };
  const content = mirrorContent(options.release);
  const key = await mirrorKey(content, machine);
  const mirrorDir = join(machine.cacheDir, `mirror-${options.release}-${key}`);
  const built: BuiltMirror = { mirrorDir, checksumsFile: join(mirrorDir, 'checksums.json'), key };
  if (await exists(built.checksumsFile)) return built;
  await mkdir(machine.cacheDir, { recursive: true });
  const onLine = (detail: string): void =>
    options.onProgress({ step: 'wait for another build of this mirror', done: 0, total: 1, detail });
  await alone(mirrorDir, { onLine, signal: options.signal }, async () => {
    if (!(await exists(built.checksumsFile))) await makeMirror(mirrorDir, content, machine, options);
  });
  return built;
}

/** Names in the cache of a release's mirror and of all that it is made from. */
export async function mirrorFolders(release: LabRelease, cacheDir: string): Promise<readonly string[]> {
  const arch = await checkRequirements(machineArch());
  const machine = { cacheDir: resolve(cacheDir), arch, goVersion: await readGoVersion() };
  const content = mirrorContent(release);
  return [
    `mirror-${release}-${await mirrorKey(content, machine)}`,
    debianCache(content, arch),
    ...(await partsOf(content, machine)),
  ];
}

/** Names of the Go builds and the packages that are in a mirror. */
async function partsOf(content: MirrorContent, machine: GoMachine): Promise<readonly string[]> {
  const binaries = await Promise.all(content.builds.map((build) => goFolder(build, machine)));
  const groups = groupsOf(content.repositories.flatMap(({ packages }) => packages));
  const packages = await Promise.all(groups.map((group) => packagesFolder(group, content.builds, machine)));
  return [...binaries, ...packages];
}

/** Over everything that decides what a mirror holds. */
async function mirrorKey(content: MirrorContent, machine: GoMachine): Promise<string> {
  const parts = await partsOf(content, machine);
  return cacheKey(new Map(), [recipeRevision, machine.arch, ...parts, JSON.stringify(content)]);
}

/** Packages do not depend on the release. */
const debianCache = ({ hostPackages, layerPackages }: MirrorContent, arch: Arch): string =>
  `debian-${cacheKey(new Map(), [recipeRevision, arch, JSON.stringify([hostPackages, layerPackages])])}`;

async function makeMirror(
  mirrorDir: string,
  content: MirrorContent,
  machine: GoMachine,
  options: MirrorOptions,
): Promise<void> {
  const partialDir = `${mirrorDir}.partial`;
  const work = join(partialDir, 'work');
  const place: Workplace = {
    ...machine,
    partialDir,
    filesDir: join(partialDir, 'files'),
    stampsDir: join(work, 'stamps'),
    binaries: join(work, 'binaries'),
    layers: join(work, 'layers'),
    debian: join(machine.cacheDir, debianCache(content, machine.arch)),
    crane: join(work, 'binaries', 'crane', 'crane'),
    registry: `127.0.0.1:${await freePort()}`,
  };
  for (const folder of [place.filesDir, place.stampsDir, place.binaries, place.layers]) {
    await mkdir(folder, { recursive: true });
  }
  try {
    await takeSteps(place, content, options);
  } finally {
    await stopMirror(work);
  }
  await finish(place, content, mirrorDir);
}

async function takeSteps(
  place: Workplace,
  content: MirrorContent,
  { onProgress, signal }: MirrorOptions,
): Promise<void> {
  const steps = buildSteps(content, place.arch);
  for (const [done, step] of steps.entries()) {
    const stamp = join(place.stampsDir, createHash('sha256').update(step.id).digest('hex').slice(0, 16));
    if (step.shared !== true && (await exists(stamp))) continue;
    const tell = (detail: string) => onProgress({ step: step.title, done, total: steps.length, detail });
    tell('');
    if (step.id.startsWith('image-')) await openRegistry(place);
    await step.run(place, { signal, onLine: narrator(tell) }).catch((error: unknown) => {
      throw interruptedDuring(step.title, error);
    });
    if (step.shared !== true) await writeFile(stamp, `${step.id}\n`);
  }
  onProgress({ step: 'mirror complete', done: steps.length, total: steps.length, detail: '' });
}

/** An interruption told in words of the build; any other error as it is. */
function interruptedDuring(title: string, error: unknown): unknown {
  if (!(error instanceof ProvisionError) || error.code !== 'INTERRUPTED') return error;
  return new ProvisionError('INTERRUPTED', `interrupted during: ${title}`, {
    hint: 'run the same command again: what is finished is kept',
    cause: error,
  });
}

/** Turns the lines of a tool into details, four times a second at most. */
function narrator(tell: (detail: string) => void): (line: string) => void {
  let compiled = 0;
  let last = 0;
  return (line) => {
    const detail = describeLine(line);
    if (detail.startsWith('compiling ')) compiled += 1;
    const now = Date.now();
    if (now - last < 250) return;
    last = now;
    tell(compiled > 0 && detail.startsWith('compiling ') ? `${compiled} packages, ${detail}` : detail);
  };
}

async function openRegistry(place: Workplace): Promise<void> {
  await startRegistry({
    binary: join(place.binaries, 'registry', 'registry'),
    storage: join(place.partialDir, 'registry'),
    runDir: join(place.partialDir, 'work'),
    listen: place.registry,
    writable: true,
  });
}

/** Writes the sums, keeps the registry's binary and gives the mirror its name, which says that it is complete. */
async function finish(place: Workplace, content: MirrorContent, mirrorDir: string): Promise<void> {
  const sums: Record<string, string> = {};
  for (const file of content.files) {
    const url = forArch(file.url, place.arch);
    sums[url] = await readFile(join(place.filesDir, `${mirrorPath(url)}.sha256`), 'utf8');
  }
  const text = `${JSON.stringify(sums, null, 2)}\n`;
  await writeFile(join(place.partialDir, 'checksums.json'), text);
  await writeFile(join(place.filesDir, 'checksums.json'), text);
  const key = await ensureSigningKey(place.cacheDir, {});
  await writeFile(
    join(place.partialDir, 'repository-key.json'),
    `${JSON.stringify({ fingerprint: key.fingerprint })}\n`,
  );
  await copyFile(key.armoredFile, join(place.partialDir, 'repository-key.asc'));
  const tools = join(place.partialDir, 'tools');
  await mkdir(tools, { recursive: true });
  await rm(join(tools, 'registry'), { force: true }); // of a build that was cut off just here
  await linkFile(join(place.binaries, 'registry', 'registry'), join(tools, 'registry'));
  // In this order: a build that is cut off between the two has lost nothing.
  await rename(place.partialDir, mirrorDir);
  await rm(join(mirrorDir, 'work'), { recursive: true, force: true });
}
