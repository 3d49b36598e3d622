// Makes the lab's mirror: every real component built once from pinned Go modules, laid out under upstream's URLs, with
// images in a real registry and a signed apt repository, in a cache outside the checkout. A newcomer starts here:
// components.ts says WHAT is in it, `buildSteps` below says in which ORDER, lab/ holds the go.mod files that pin it.
// Knows nothing of lab hosts.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { arch as machineArch } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as table from './components.js';
import { type ImageWorkplace, makeBaseLayer, pushImage, tarArguments } from './images.js';
import { startRegistry, stopMirror } from './mirror.js';
import { debianFolder, fetchPackages, makeRepository } from './mirror-debian.js';
import { cacheKey, forArch, goArguments, mirrorPath } from './mirror-layout.js';
import { holdLock } from './mirror-lock.js';
import { freePort } from './mirror-port.js';
import { checkRequirements } from './mirror-requirements.js';
import { type CommandOptions, runCommand } from './mirror-run.js';

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

/** lab/ of the checkout, seen from dist/src/lab/. */
const recipesDir = fileURLToPath(new URL('../../../lab', import.meta.url));

interface Workplace extends ImageWorkplace {
  readonly partialDir: string;
  readonly filesDir: string;
  readonly stampsDir: string;
}

interface BuildStep {
  readonly id: string;
  /** What is being made and from what. */
  readonly title: string;
  readonly run: (place: Workplace, options: CommandOptions) => Promise<void>;
}

/**
 * The cache for mirrors: `$PROVISION_LAB_CACHE`, else `$XDG_CACHE_HOME/provision-lab`, else `~/.cache/provision-lab`.
 */
export function mirrorCacheDir(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const given = env['PROVISION_LAB_CACHE'];
  if (given !== undefined && given !== '') return given;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(home, '.cache') : xdg, 'provision-lab');
}

/**
 * Gives the mirror for this checkout, building it if the cache has none: about 12 minutes on 2 cores the first time.
 * An interrupted build goes on where it stopped. A second caller waits for the first.
 * Throws LAB when something needed is missing or a step fails, INTERRUPTED when aborted.
 */
export async function buildMirror(options: MirrorOptions): Promise<BuiltMirror> {
  const arch = await checkRequirements(machineArch());
  const key = await mirrorKey(arch);
  const mirrorDir = join(options.cacheDir, `mirror-${key}`);
  const built: BuiltMirror = { mirrorDir, checksumsFile: join(mirrorDir, 'checksums.json'), key };
  if (await exists(built.checksumsFile)) return built;
  await mkdir(options.cacheDir, { recursive: true });
  const release = await holdLock(`${mirrorDir}.lock`, options);
  try {
    if (!(await exists(built.checksumsFile))) await makeMirror(mirrorDir, arch, options);
  } finally {
    await release();
  }
  return built;
}

async function mirrorKey(arch: table.Arch): Promise<string> {
  const recipes = new Map<string, string>();
  for (const recipe of new Set(table.goBuilds.map((build) => build.recipe))) {
    for (const file of await readdir(join(recipesDir, recipe))) {
      recipes.set(`${recipe}/${file}`, await readFile(join(recipesDir, recipe, file), 'utf8'));
    }
  }
  const goVersion = (await runCommand(['go', 'env', 'GOVERSION'])).trim();
  return cacheKey(recipes, [recipeRevision, goVersion, arch, JSON.stringify(table)]);
}

/** Every step of a build, in order. Pure. */
export function buildSteps(): readonly BuildStep[] {
  const bases = [...new Set(table.images.map((image) => image.base))];
  return [
    ...table.goBuilds.map(goStep),
    ...table.mirrorFiles.map(fileStep),
    {
      id: 'debian-packages',
      title: `Debian packages for hosts and image layers`,
      run: (place, options) =>
        fetchPackages(place.debian, [...table.hostPackages, ...Object.values(table.layerPackages).flat()], options),
    },
    {
      id: 'debian-repository',
      title: 'signed apt repository',
      run: (place, options) => makeRepository(place.debian, join(place.filesDir, debianFolder), place.arch, options),
    },
    ...bases.map(
      (base): BuildStep => ({
        id: `layer-${base}`,
        title: `layer of ${base} images`,
        run: (place, options) => makeBaseLayer(base, place, options),
      }),
    ),
    ...table.images.map(
      (image): BuildStep => ({
        id: `image-${image.reference}`,
        title: `image ${image.reference}`,
        run: (place, options) => pushImage(image, place, options),
      }),
    ),
  ];
}

async function makeMirror(mirrorDir: string, arch: table.Arch, options: MirrorOptions): Promise<void> {
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
  };
  for (const folder of [place.filesDir, place.stampsDir, place.binaries, place.layers]) {
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
  const steps = buildSteps();
  for (const [done, step] of steps.entries()) {
    const stamp = join(place.stampsDir, createHash('sha256').update(step.id).digest('hex').slice(0, 16));
    if (await exists(stamp)) continue;
    const tell = (detail: string) => onProgress({ step: step.title, done, total: steps.length, detail });
    tell('');
    if (step.id.startsWith('image-')) await openRegistry(place);
    await step.run(place, { signal, onLine: narrator(tell) });
    await writeFile(stamp, `${step.id}\n`);
  }
  onProgress({ step: 'mirror complete', done: steps.length, total: steps.length, detail: '' });
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

/** `go build -v` prints the path of each package that it compiles, and nothing else on such a line. */
export function describeLine(line: string): string {
  const text = line.trim();
  return /^[\w.~/-]+$/.test(text) ? `compiling ${text}` : text.replace(/^go: /, '');
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

function goStep(build: table.GoBuild): BuildStep {
  return {
    id: `go-${build.id}`,
    title: `build ${build.source}`,
    run: async (place, options) => {
      const out = join(place.binaries, build.id);
      const fresh = `${out}.tmp`;
      await rm(fresh, { recursive: true, force: true });
      await rm(out, { recursive: true, force: true });
      await mkdir(fresh);
      await runCommand(['nice', '-n', '10', 'go', ...goArguments(build, fresh)], {
        ...options,
        cwd: join(recipesDir, build.recipe),
        // A workspace or flags of the caller's own would build something else than what is pinned.
        env: {
          CGO_ENABLED: build.cgo === true ? '1' : '0',
          GOFLAGS: '',
          GOWORK: 'off',
          GOOS: 'linux',
          GOARCH: place.arch,
        },
        hint: `see that the Go module proxy answers (go env GOPROXY), then run the same command again`,
      });
      for (const [from, to] of Object.entries(build.rename ?? {})) await rename(join(fresh, from), join(fresh, to));
      await rename(fresh, out);
    },
  };
}

function fileStep(file: table.MirrorFile): BuildStep {
  return {
    id: `file-${file.url}`,
    title: `pack ${basename(file.url)}`,
    run: async (place, options) => {
      const target = join(place.filesDir, mirrorPath(forArch(file.url, place.arch)));
      await mkdir(dirname(target), { recursive: true });
      const fresh = `${target}.tmp`;
      await makeFile(file, fresh, place, options);
      await rename(fresh, target);
      // Hex and nothing else, as dl.k8s.io serves it.
      await writeFile(`${target}.sha256`, await sha256Of(target));
    },
  };
}

async function makeFile(
  file: table.MirrorFile,
  target: string,
  place: Workplace,
  options: CommandOptions,
): Promise<void> {
  switch (file.kind) {
    case 'binary':
      return copyFile(join(place.binaries, file.binary), target);
    case 'module-file': {
      const question = ['go', 'list', '-m', '-f', '{{.Dir}}', file.module];
      const env = { GOFLAGS: '-mod=readonly', GOWORK: 'off' };
      const folder = await runCommand(question, { ...options, env, cwd: join(recipesDir, file.recipe) });
      await copyFile(join(folder.trim(), file.path), target);
      return chmod(target, 0o644); // the module cache is read-only
    }
    case 'tarball': {
      const root = `${target}.root`;
      await rm(root, { recursive: true, force: true });
      for (const [name, binary] of Object.entries(file.members)) {
        const path = join(root, forArch(name, place.arch));
        await mkdir(dirname(path), { recursive: true });
        await copyFile(join(place.binaries, binary), path);
      }
      const members = Object.keys(file.members).map((name) => forArch(name, place.arch));
      await runCommand(tarArguments(target, root, members.sort(), true), options);
      return rm(root, { recursive: true, force: true });
    }
  }
}

/** Writes the sums, keeps the registry's binary and gives the mirror its name, which says that it is complete. */
async function finish(place: Workplace, mirrorDir: string): Promise<void> {
  const sums: Record<string, string> = {};
  for (const file of table.mirrorFiles) {
    const url = forArch(file.url, place.arch);
    sums[url] = await readFile(join(place.filesDir, `${mirrorPath(url)}.sha256`), 'utf8');
  }
  const text = `${JSON.stringify(sums, null, 2)}\n`;
  await writeFile(join(place.partialDir, 'checksums.json'), text);
  await writeFile(join(place.filesDir, 'checksums.json'), text);
  const tools = join(place.partialDir, 'tools');
  await mkdir(tools, { recursive: true });
  await copyFile(join(place.binaries, 'registry', 'registry'), join(tools, 'registry'));
  await rm(join(place.partialDir, 'work'), { recursive: true, force: true });
  await rename(place.partialDir, mirrorDir);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
