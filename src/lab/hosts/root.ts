import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../../model/index.js';
import { must } from '../command.js';
import { exists } from '../files.js';
import { withLock } from '../lock.js';
import type { Places } from '../places.js';

/** What a host's packages are; and, for those of rpm, where the installed system has its publishers' keys. */
export type HostPackages = { readonly format: 'deb' } | { readonly format: 'rpm'; readonly keys: readonly string[] };

const deb: HostPackages = { format: 'deb' };
const rpm = (...keys: readonly string[]): HostPackages => ({
  format: 'rpm',
  keys: keys.map((key) => `/etc/pki/rpm-gpg/RPM-GPG-KEY-${key}`),
});

/** The kinds of host there are: the folders of lab/hosts/ that make their roots, one laid over the other. Debian underneath, all of them. */
const kinds = {
  debian12: { parts: ['common', 'debian12'], packages: deb },
  centos7: { parts: ['common', 'centos', 'centos7'], packages: rpm('CentOS-7', 'EPEL-7') },
  centos8: { parts: ['common', 'centos', 'chrony', 'centos8'], packages: rpm('centosofficial', 'EPEL-8') },
  centos9: { parts: ['common', 'centos', 'chrony', 'centos9'], packages: rpm('centosofficial', 'EPEL-9') },
} as const satisfies Readonly<Record<string, { parts: readonly string[]; packages: HostPackages }>>;
export type HostKind = keyof typeof kinds;
export const hostKinds: readonly string[] = Object.keys(kinds);
export const defaultKind: HostKind = 'debian12';

export const packagesOf = (kind: HostKind): HostPackages => kinds[kind].packages;

export function hostKind(name: string): HostKind {
  if (Object.hasOwn(kinds, name)) return name as HostKind;
  throw new ProvisionError('USAGE', `there is no recipe for hosts like "${name}"`, {
    hint: `known: ${hostKinds.join(', ')}`,
  });
}

/** What a root is made from. */
export interface RootRecipe {
  readonly name: string;
  readonly suite: string;
  /** Folders of lab/hosts: the packages of all of them; then the files/ and customize.sh of each, in order. */
  readonly parts: readonly string[];
  /** What is left to be done when the tree is there. */
  readonly finish?: (root: string) => Promise<unknown>;
}

/** The read-only root that all hosts of a kind share. Returns its path. */
export const ensureRoot = (places: Places, kind: HostKind, say: (line: string) => void): Promise<string> =>
  ensureTree(places, recipeOf(kind), say);

const recipeOf = (kind: HostKind): RootRecipe => ({ name: kind, suite: 'bookworm', parts: kinds[kind].parts });

/** Names in the cache of the roots of all kinds. */
export const rootFolders = (places: Places): Promise<readonly string[]> =>
  Promise.all((Object.keys(kinds) as HostKind[]).map((kind) => treeFolder(places, recipeOf(kind))));

/** The name in the cache of what a recipe makes. */
export const treeFolder = async ({ checkout }: Places, recipe: RootRecipe): Promise<string> =>
  `root-${recipe.name}-${await recipeKey(join(checkout, 'lab/hosts'), recipe)}`;

/**
 * A root file system, made once per recipe, in the cache. Returns its path.
 * It appears under its name only when it is whole: an interruption leaves a temporary folder, which the next call removes.
 */
export async function ensureTree(places: Places, recipe: RootRecipe, say: (line: string) => void): Promise<string> {
  const recipes = join(places.checkout, 'lab/hosts');
  const root = join(places.cache, await treeFolder(places, recipe));
  if (await exists(root)) return root;
  await mkdir(places.cache, { recursive: true });
  return withLock(`root ${places.cache}`, `making the ${recipe.name} root`, 600_000, async () => {
    if (await exists(root)) return root;
    for (const name of await readdir(places.cache)) {
      if (name.startsWith('tmp-root-')) await rm(join(places.cache, name), { recursive: true, force: true });
    }
    const half = join(places.cache, `tmp-root-${process.pid}`);
    say(`making the ${recipe.name} root file system with mmdebstrap (once, about half a minute)`);
    await debootstrap(half, recipes, recipe, say);
    await recipe.finish?.(half);
    await rename(half, root);
    return root;
  });
}

async function debootstrap(target: string, recipes: string, recipe: RootRecipe, say: (line: string) => void) {
  const packages = (await Promise.all(recipe.parts.map((part) => packagesIn(join(recipes, part))))).flat();
  await must(
    [
      // Killed at any moment, it is gone with everything it started and mounted, and the folder can be removed safely.
      ...['setpriv', '--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
      ...['--propagation', 'private', '--', 'sh', '-c', 'exec "$@" 2>&1', 'sh'],
      ...['mmdebstrap', '--mode=root', '--variant=minbase', `--include=${packages.join(',')}`],
      ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/doc/*'],
      ...recipe.parts.map((part) => `--customize-hook=sh "$LAB_RECIPES/common/lay.sh" ${part} "$1"`),
      recipe.suite,
      target,
    ],
    {
      env: { LAB_RECIPES: recipes },
      onLine: (line) => line.startsWith('I: ') && say(`  ${line.slice(3)}`),
      hint: 'is the Debian package mirror reachable? try: apt-get update',
    },
  );
}

async function packagesIn(part: string): Promise<readonly string[]> {
  const path = join(part, 'packages');
  if (!(await exists(path))) return [];
  return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Digest of everything the root is made from: the same recipe on the same architecture is the same root. */
async function recipeKey(recipes: string, { suite, parts }: RootRecipe): Promise<string> {
  const hash = createHash('sha256').update(`${process.arch}\n${suite}\n`);
  for (const path of (await Promise.all(parts.map((part) => filesBelow(join(recipes, part))))).flat()) {
    const content = (await lstat(path)).isSymbolicLink() ? await readlink(path) : await readFile(path);
    hash
      .update(`${path.slice(recipes.length)}\n`)
      .update(content)
      .update('\n');
  }
  return hash.digest('hex').slice(0, 12);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
