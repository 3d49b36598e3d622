// The steps of a mirror's build, in order, and what each does: compile, pack, fetch Debian's packages, push images.
// Knows nothing of the cache, of what is done already, or of who watches.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Arch } from '../content/components.js';
import type { GoBuild } from '../content/go-builds.js';
import type { MirrorContent, MirrorFile } from '../content/mirror-content.js';
import { recipesDir } from '../content/recipes.js';
import { linkFile } from '../files.js';
import { makeOnce } from '../once.js';
import { debianFolder, fetchPackages, makeRepository } from './debian.js';
import { type GoMachine, goBinaries } from './go-cache.js';
import { type ImageWorkplace, makeBaseLayer, pushImage, tarArguments } from './images.js';
import { forArch, mirrorPath } from './layout.js';
import { ensurePackages, groupsOf, packageFile, packagesFolder } from './packages.js';
import { makePackageRepository, publishKeys } from './rpm.js';
import { type CommandOptions, readCommand, runCommand } from './run.js';
import { ensureSigningKey } from './signing-key.js';

export interface Workplace extends ImageWorkplace, GoMachine {
  readonly partialDir: string;
  readonly filesDir: string;
  readonly stampsDir: string;
}

export interface BuildStep {
  readonly id: string;
  /** What is being made and from what. */
  readonly title: string;
  /** What it makes lies in the cache and not in the mirror, so that is where to look whether it is done. */
  readonly shared?: boolean;
  readonly run: (place: Workplace, options: CommandOptions) => Promise<void>;
}

/** Every step of a mirror's build, in order. Pure. */
export function buildSteps(content: MirrorContent, arch: Arch): readonly BuildStep[] {
  const { builds, files, images, hostPackages, layerPackages } = content;
  const bases = [...new Set(images.map((image) => image.base))];
  return [
    ...builds.map(goStep),
    ...files.map((file) => fileStep(file, arch)),
    {
      id: 'debian-packages',
      title: 'Debian packages for hosts and image layers',
      shared: true,
      run: ({ debian }, options) => {
        const packages = [...hostPackages, ...Object.values(layerPackages).flat()].map((name) => forArch(name, arch));
        return makeOnce(debian, (partial) => fetchPackages(partial, packages, options), options);
      },
    },
    {
      id: 'debian-repository',
      title: 'signed apt repository',
      run: async (place, options) => {
        const key = await ensureSigningKey(place.cacheDir, options);
        await makeRepository(place.debian, join(place.filesDir, debianFolder), place.arch, key, options);
      },
    },
    ...packageSteps(content),
    ...bases.map(
      (base): BuildStep => ({
        id: `layer-${base}`,
        title: `layer of ${base} images`,
        run: (place, options) => makeBaseLayer(base, layerPackages, place, options),
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

/** RPM and Debian packages of Docker, Kubernetes and the distributions, and their repositories. */
function packageSteps({ builds, repositories }: MirrorContent): readonly BuildStep[] {
  const groups = groupsOf(repositories.flatMap(({ packages }) => packages));
  return [
    ...groups.map(
      (group, n): BuildStep => ({
        id: `packages-${n}`,
        title: `${group.length} packages for yum and apt`,
        shared: true,
        run: async (place, options) => void (await ensurePackages(group, builds, place, options)),
      }),
    ),
    ...repositories.map(
      (repository): BuildStep => ({
        id: `repository-${repository.urls[0]}`,
        title: `signed repository ${repository.urls[0]?.replace('https://', '')}`,
        run: async (place, options) => {
          const folders = await Promise.all(groups.map((group) => packagesFolder(group, builds, place)));
          const files = repository.packages.map((spec): [string, string] => {
            const folder = folders[groups.findIndex((group) => group.includes(spec))] ?? '';
            const name = packageFile(spec, place.arch);
            return [name, join(place.cacheDir, folder, name)];
          });
          const key = await ensureSigningKey(place.cacheDir, options);
          await makePackageRepository(repository, new Map(files), key, place, options);
        },
      }),
    ),
    {
      id: 'repository-keys',
      title: 'keys of repositories',
      run: async (place, options) => publishKeys(await ensureSigningKey(place.cacheDir, options), place),
    },
  ];
}

const goStep = (build: GoBuild): BuildStep => ({
  id: `go-${build.id}`,
  title: `build ${build.source}`,
  shared: true,
  run: async (place, options) => {
    const folder = await goBinaries(build, place, options);
    const name = join(place.binaries, build.id);
    await rm(name, { force: true });
    await symlink(folder, name);
  },
});

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
      await rm(target, { force: true });
      return linkFile(join(place.binaries, file.binary), target);
    case 'module-file': {
      // Nothing has to be built of it, so this may be the first that asks for it; go.sum holds it to its sum.
      const question = ['go', 'mod', 'download', '-json', file.module];
      const env = { GOFLAGS: '-mod=readonly', GOWORK: 'off' };
      const said = await readCommand(question, { ...options, env, cwd: join(recipesDir, file.recipe) });
      const { Dir: folder } = JSON.parse(said) as { readonly Dir: string };
      await copyFile(join(folder, file.path), target);
      return chmod(target, 0o644); // the module cache is read-only
    }
    case 'tarball': {
      const root = `${target}.root`;
      await rm(root, { recursive: true, force: true });
      for (const [name, binary] of Object.entries(file.members)) {
        const path = join(root, forArch(name, place.arch));
        await mkdir(dirname(path), { recursive: true });
        // Not a link: another build that links the same file would change it under tar, which ends with 1 for that.
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
