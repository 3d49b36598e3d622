// Makes RPM and Debian packages out of the built binaries, Debian's files and the recipes of lab/packages, by nfpm, and keeps
// them in the cache by what they are made of. Knows nothing of repositories.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoBuild } from '../content/go-builds.js';
import type { FileSource, PackageSpec } from '../content/packages.js';
import { recipeFiles, recipesDir } from '../content/recipes.js';
import { makeOnce } from '../once.js';
import { downloadPackages } from './debian.js';
import { type GoMachine, goFolder } from './go-cache.js';
import { cacheKey } from './layout.js';
import { type CommandOptions, runCommand } from './run.js';
import { ensureSigningKey } from './signing-key.js';

/** Raise it when the way packages are made changes without any of them changing. */
const packagesRevision = '3';

/** nfpm is a tool of the mirror, and its build one of these. */
const nfpm = 'nfpm/nfpm';

const triplets = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;
const rpmMachines = { amd64: 'x86_64', arm64: 'aarch64' } as const;

export const rpmMachine = (arch: GoMachine['arch']): string => rpmMachines[arch];

/** The file name that a package has in a repository: rpm's and dpkg's own conventions; an epoch is never in it. */
export function packageFile(spec: PackageSpec, arch: GoMachine['arch']): string {
  const { name, version, release, format, noarch } = spec;
  if (format === 'rpm') return `${name}-${version}-${release}.${noarch ? 'noarch' : rpmMachines[arch]}.rpm`;
  return `${name}_${version}-${release}_${noarch ? 'all' : arch}.deb`;
}

/** Packages that are made and kept together: what goes by the Kubernetes release, and what does not. */
export const groupsOf = (specs: readonly PackageSpec[]): readonly (readonly PackageSpec[])[] => {
  const ofRelease = (spec: PackageSpec): boolean =>
    binariesOf(spec).some((binary) => /^(kubernetes|cni-plugins|crictl)\//.test(binary));
  return [specs.filter((spec) => !ofRelease(spec)), specs.filter(ofRelease)];
};

/** The name under which a group of packages is kept: over all that they are made of. */
export async function packagesFolder(
  specs: readonly PackageSpec[],
  builds: readonly GoBuild[],
  machine: GoMachine,
): Promise<string> {
  const used = new Set([nfpm, ...specs.flatMap(binariesOf)].map((binary) => binary.split('/')[0]));
  const folders = await Promise.all(
    builds.filter((build) => used.has(build.id)).map((build) => goFolder(build, machine)),
  );
  const recipes = await recipeFiles(['packages', 'hosts/chrony']);
  return `packages-${cacheKey(recipes, [packagesRevision, machine.arch, ...folders, JSON.stringify(specs)])}`;
}

const sourcesOf = (spec: PackageSpec): readonly FileSource[] => Object.values(spec.files ?? {});
const binariesOf = (spec: PackageSpec): readonly string[] =>
  sourcesOf(spec).flatMap((source) => ('build' in source ? [source.build] : []));

interface PackagesPlace extends GoMachine {
  readonly binaries: string;
}

/** Makes the packages of one group, signed, unless the cache has them. Gives the folder. */
export async function ensurePackages(
  specs: readonly PackageSpec[],
  builds: readonly GoBuild[],
  place: PackagesPlace,
  options: CommandOptions,
): Promise<string> {
  const folder = join(place.cacheDir, await packagesFolder(specs, builds, place));
  await makeOnce(folder, (partial) => makePackages(specs, partial, place, options), options);
  return folder;
}

async function makePackages(
  specs: readonly PackageSpec[],
  folder: string,
  place: PackagesPlace,
  options: CommandOptions,
): Promise<void> {
  const key = await ensureSigningKey(place.cacheDir, options);
  const work = join(folder, '.work');
  const debian = join(work, 'debian');
  const names = new Set(specs.flatMap(sourcesOf).flatMap((source) => ('debian' in source ? [source.debian] : [])));
  await downloadPackages([...names], debian, options);
  for (const [n, spec] of specs.entries()) {
    options.onLine?.(`${n + 1} of ${specs.length}: ${packageFile(spec, place.arch)}`);
    const recipe = join(work, 'nfpm.json'); // JSON is YAML
    const places = { debian, binaries: place.binaries, secretFile: key.secretFile };
    await writeFile(recipe, JSON.stringify(nfpmRecipe(spec, place.arch, places), null, 2));
    const target = join(folder, packageFile(spec, place.arch));
    const words = ['package', '--config', recipe, '--packager', spec.format, '--target', target];
    await runCommand([join(place.binaries, nfpm), ...words], options);
  }
  await rm(work, { recursive: true, force: true });
}

/** `iptables >= 1.4`: dpkg wants the version in parentheses, and nfpm writes down what it is given. */
const relation = (format: PackageSpec['format'], dependency: string): string =>
  format === 'rpm' ? dependency : dependency.replace(/^(\S+) (.+)$/, '$1 ($2)');

/** nfpm leaves the epoch out of what an RPM provides by its own name, and rpm then finds it too old for those who ask for one. */
const ownName = ({ format, name, epoch, version, release }: PackageSpec): readonly string[] =>
  format === 'rpm' && epoch !== undefined ? [`${name} = ${epoch}:${version}-${release}`] : [];

interface RecipePlaces {
  /** A folder of unpacked Debian packages, by name. */
  readonly debian: string;
  readonly binaries: string;
  readonly secretFile: string;
}

/** What nfpm is told about one package: https://nfpm.goreleaser.com/configuration. Pure. */
export function nfpmRecipe(spec: PackageSpec, arch: GoMachine['arch'], places: RecipePlaces): object {
  const place = (path: string): string => path.replace('{triplet}', triplets[arch]);
  const script = (name: string): string => join(recipesDir, 'packages', name);
  const content = ([path, source]: readonly [string, FileSource]): object => {
    const dst = place(path);
    if ('folder' in source) return { dst, type: 'dir', file_info: { mode: 0o755 } };
    if ('link' in source) return { src: source.link, dst, type: 'symlink' };
    const config = path.startsWith('/etc/') && !path.endsWith('.sh') ? { type: 'config|noreplace' } : {};
    if ('build' in source) return { src: join(places.binaries, source.build), dst, file_info: { mode: 0o755 } };
    if ('recipe' in source) return { src: join(recipesDir, source.recipe), dst, ...config, file_info: { mode: 0o644 } };
    return { src: join(places.debian, source.debian, place(source.path)), dst, ...config };
  };
  const scripts = {
    ...(spec.before === undefined ? {} : { preinstall: script(spec.before) }),
    ...(spec.after === undefined ? {} : { postinstall: script(spec.after) }),
  };
  return {
    name: spec.name,
    arch: spec.noarch ? 'all' : arch,
    platform: 'linux',
    ...(spec.epoch === undefined ? {} : { epoch: String(spec.epoch) }),
    version: spec.version,
    version_schema: 'none',
    release: spec.release,
    maintainer: 'provision lab <mirror@provision.invalid>',
    vendor: 'provision lab',
    description: spec.summary,
    license: 'as upstream',
    disable_globbing: true,
    contents: Object.entries(spec.files ?? {}).map(content),
    depends: (spec.depends ?? []).map((dependency) => relation(spec.format, dependency)),
    provides: [...ownName(spec), ...(spec.provides ?? [])],
    conflicts: spec.conflicts ?? [],
    scripts,
    // zstd at its fastest: these packages are read on this machine only.
    rpm: { summary: spec.summary, compression: 'zstd:fastest', signature: { key_file: places.secretFile } },
    deb: { compression: 'zstd' },
  };
}
