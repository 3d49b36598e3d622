// The steps of a mirror's build, in order, and what each does: compile, pack, fetch Debian's packages, push images.
// Knows nothing of the cache, of what is done already, or of who watches.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arch, type GoBuild, goBuilds } from './components.js';
import { hostPackages, images, layerPackages, type MirrorFile, mirrorFiles } from './components-content.js';
import { type ImageWorkplace, makeBaseLayer, pushImage, tarArguments } from './images.js';
import { debianFolder, fetchPackages, makeRepository } from './mirror-debian.js';
import { forArch, goArguments, mirrorPath } from './mirror-layout.js';
import { type CommandOptions, readCommand, runCommand } from './mirror-run.js';

/** lab/ of the checkout, seen from dist/src/lab/. */
export const recipesDir = fileURLToPath(new URL('../../../lab', import.meta.url));

export interface Workplace extends ImageWorkplace {
  readonly partialDir: string;
  readonly filesDir: string;
  readonly stampsDir: string;
  /** Where the compiler keeps what it throws away. */
  readonly goTemporary: string;
}

export interface BuildStep {
  readonly id: string;
  /** What is being made and from what. */
  readonly title: string;
  readonly run: (place: Workplace, options: CommandOptions) => Promise<void>;
}

/** Every step of a build, in order. Pure. */
export function buildSteps(arch: Arch): readonly BuildStep[] {
  const bases = [...new Set(images.map((image) => image.base))];
  return [
    ...goBuilds.map(goStep),
    ...mirrorFiles.map((file) => fileStep(file, arch)),
    {
      id: 'debian-packages',
      title: `Debian packages for hosts and image layers`,
      run: (place, options) =>
        fetchPackages(place.debian, [...hostPackages, ...Object.values(layerPackages).flat()], options),
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
    ...images.map(
      (image): BuildStep => ({
        id: `image-${image.reference}`,
        title: `image ${image.reference}`,
        run: (place, options) => pushImage(image, place, options),
      }),
    ),
  ];
}

function goStep(build: GoBuild): BuildStep {
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
          GOTMPDIR: place.goTemporary,
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

function fileStep(file: MirrorFile, arch: Arch): BuildStep {
  return {
    id: `file-${file.url}`,
    title: `pack ${basename(forArch(file.url, arch))}`,
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

async function makeFile(file: MirrorFile, target: string, place: Workplace, options: CommandOptions): Promise<void> {
  switch (file.kind) {
    case 'binary':
      return copyFile(join(place.binaries, file.binary), target);
    case 'module-file': {
      const question = ['go', 'list', '-m', '-f', '{{.Dir}}', file.module];
      const env = { GOFLAGS: '-mod=readonly', GOWORK: 'off' };
      const folder = await readCommand(question, { ...options, env, cwd: join(recipesDir, file.recipe) });
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** `go build -v` prints the path of each package that it compiles, and nothing else on such a line. */
export function describeLine(line: string): string {
  const text = line.trim();
  return /^[\w.~/-]+$/.test(text) ? `compiling ${text}` : text.replace(/^go: /, '');
}
