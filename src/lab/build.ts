// Makes the lab's mirror: every real component built once from pinned Go modules, laid out under upstream's URLs, with
// images in a real registry and a signed apt repository, in a cache outside the checkout. A newcomer starts here:
// components.ts says WHAT is in it, `buildSteps` below says in which ORDER, lab/ holds the go.mod files that pin it.
// Knows nothing of lab hosts.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { arch as machineArch } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';
import { type Arch, goBuilds } from './components.js';
import { hostPackages, images, layerPackages, mirrorFiles } from './components-content.js';
import { exists } from './files.js';
import { withLock } from './lock.js';
import { startRegistry, stopMirror } from './mirror.js';
import { cacheKey, forArch, mirrorPath } from './mirror-layout.js';
import { freePort } from './mirror-port.js';
import { checkRequirements } from './mirror-requirements.js';
import { readCommand } from './mirror-run.js';
import { buildSteps, describeLine, recipesDir, type Workplace } from './mirror-steps.js';

/** Where the build stands. `done` of `total` steps are finished; `detail` changes while one step is at work. */
export interface MirrorProgress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly detail: string;
}

export interface MirrorOptions {
  /** Folder for mirrors of every key; made when absent. */
  readonly cacheDir: string;
  readonly onProgress: (line: MirrorProgress) => void;
  readonly signal?: AbortSignal;
}

export interface BuiltMirror {
  /** Holds `files/` (by upstream URL), `registry/` (storage of the OCI registry), `tools/registry`, `checksums.json`. */
  readonly mirrorDir: string;
  /** JSON: lower-case hex sha256 by upstream URL. */
  readonly checksumsFile: string;
  readonly key: string;
}

/** Raise it when the way the mirror is made changes without any table or recipe changing. */
const recipeRevision = '1';

/**
 * Gives the mirror for this checkout, building it if the cache has none: about 12 minutes on 2 cores the first time.
 * An interrupted build goes on where it stopped. A second caller waits for the first.
 * Throws LAB when something needed is missing or a step fails, INTERRUPTED when aborted.
 */
export async function buildMirror(options: MirrorOptions): Promise<BuiltMirror> {
  const arch = await checkRequirements(machineArch());
  const key = await mirrorKey(arch);
  const mirrorDir = join(resolve(options.cacheDir), `mirror-${key}`);
  const built: BuiltMirror = { mirrorDir, checksumsFile: join(mirrorDir, 'checksums.json'), key };
  if (await exists(built.checksumsFile)) return built;
  await mkdir(options.cacheDir, { recursive: true });
  await alone(mirrorDir, options, async () => {
    if (!(await exists(built.checksumsFile))) await makeMirror(mirrorDir, arch, options);
  });
  return built;
}

/** Does `work` when no other process of this machine builds the same mirror, and says so while it must wait. */
async function alone(mirrorDir: string, options: MirrorOptions, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await withLock(`build ${mirrorDir}`, 'building the mirror', 0, work);
    } catch (error) {
      if (!(error instanceof ProvisionError) || error.code !== 'LOCKED') throw error;
      options.onProgress({ step: 'wait for another build of this mirror', done: 0, total: 1, detail: error.message });
    }
    await wait(2_000, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch((cause) => {
      throw new ProvisionError('INTERRUPTED', 'interrupted while another build of the mirror was at work', { cause });
    });
  }
}

async function mirrorKey(arch: Arch): Promise<string> {
  const recipes = new Map<string, string>();
  for (const recipe of new Set(goBuilds.map((build) => build.recipe))) {
    for (const file of await readdir(join(recipesDir, recipe))) {
      recipes.set(`${recipe}/${file}`, await readFile(join(recipesDir, recipe, file), 'utf8'));
    }
  }
  const goVersion = (await readCommand(['go', 'env', 'GOVERSION'])).trim();
  return cacheKey(recipes, [
    recipeRevision,
    goVersion,
    arch,
    JSON.stringify([goBuilds, mirrorFiles, images, hostPackages, layerPackages]),
  ]);
}

async function makeMirror(mirrorDir: string, arch: Arch, options: MirrorOptions): Promise<void> {
  const partialDir = `${mirrorDir}.partial`;
  const work = join(partialDir, 'work');
  const place: Workplace = {
    partialDir,
    arch,
    filesDir: join(partialDir, 'files'),
    stampsDir: join(work, 'stamps'),
    binaries: join(work, 'binaries'),
    layers: join(work, 'layers'),
    debian: join(work, 'debian'),
    crane: join(work, 'binaries', 'crane', 'crane'),
    registry: `127.0.0.1:${await freePort()}`,
    goTemporary: join(work, 'go'),
  };
  await rm(place.goTemporary, { recursive: true, force: true }); // of a build that was cut off
  for (const folder of [place.filesDir, place.stampsDir, place.binaries, place.layers, place.goTemporary]) {
    await mkdir(folder, { recursive: true });
  }
  try {
    await takeSteps(place, options);
  } finally {
    await stopMirror(work);
  }
  await finish(place, mirrorDir);
}

async function takeSteps(place: Workplace, { onProgress, signal }: MirrorOptions): Promise<void> {
  const steps = buildSteps(place.arch);
  for (const [done, step] of steps.entries()) {
    const stamp = join(place.stampsDir, createHash('sha256').update(step.id).digest('hex').slice(0, 16));
    if (await exists(stamp)) continue;
    const tell = (detail: string) => onProgress({ step: step.title, done, total: steps.length, detail });
    tell('');
    if (step.id.startsWith('image-')) await openRegistry(place);
    await step.run(place, { signal, onLine: narrator(tell) }).catch((error: unknown) => {
      throw interruptedDuring(step.title, error);
    });
    await writeFile(stamp, `${step.id}\n`);
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
async function finish(place: Workplace, mirrorDir: string): Promise<void> {
  const sums: Record<string, string> = {};
  for (const file of mirrorFiles) {
    const url = forArch(file.url, place.arch);
    sums[url] = await readFile(join(place.filesDir, `${mirrorPath(url)}.sha256`), 'utf8');
  }
  const text = `${JSON.stringify(sums, null, 2)}\n`;
  await writeFile(join(place.partialDir, 'checksums.json'), text);
  await writeFile(join(place.filesDir, 'checksums.json'), text);
  const tools = join(place.partialDir, 'tools');
  await mkdir(tools, { recursive: true });
  await copyFile(join(place.binaries, 'registry', 'registry'), join(tools, 'registry'));
  // In this order: a build that is cut off between the two has lost nothing.
  await rename(place.partialDir, mirrorDir);
  await rm(join(mirrorDir, 'work'), { recursive: true, force: true });
}
