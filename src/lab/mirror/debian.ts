// The Debian side of the mirror: packages fetched by the machine's own apt, a signed repository made of them, and the
// unpacked trees that image layers are made of. Knows nothing of Go, of images or of lab hosts.
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linkFile } from '../files.js';
import { type CommandOptions, readCommand, runCommand } from './run.js';
import { type SigningKey, withSigner } from './signing-key.js';

/** Suite of the lab hosts; the machine must be of the same one, because its apt chooses the packages. */
export const debianSuite = 'bookworm';
/** Where the repository lies under `files/`, and the public key beside it (binary, for `signed-by=`). */
export const debianFolder = 'debian';
export const debianKeyring = 'provision-lab-archive-keyring.gpg';

/** The line of sources.list that uses the repository from `baseUrl`, `http://address:port`. */
export function debianSource(baseUrl: string, keyringPath: string): string {
  return `deb [signed-by=${keyringPath}] ${baseUrl}/${debianFolder} ${debianSuite} main`;
}

/** The pool's name of a downloaded package: an archive's file names carry no epoch (Debian policy 5.6.27, dak). */
export function poolName(file: string): string {
  return file.replace(/_\d+%3a/i, '_');
}

/**
 * apt with lists, cache and status of its own under `state`: it resolves against an empty system, so that what it
 * fetches is complete by itself, and it leaves the machine's own apt alone.
 */
function apt(state: string, words: readonly string[]): readonly string[] {
  const settings = {
    'Dir::State::status': join(state, 'status'),
    'Dir::State::lists': join(state, 'lists'),
    'Dir::Cache': join(state, 'cache'),
    'Dir::Cache::archives': join(state, 'archives'),
    'APT::Install-Recommends': '0',
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': '1',
    'Acquire::Retries': '3',
  };
  return ['apt-get', ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]), '-y', ...words];
}

/** Fetches the packages and everything they depend on into `state`/archives. */
export async function fetchPackages(
  state: string,
  packages: readonly string[],
  options: CommandOptions,
): Promise<void> {
  for (const folder of ['lists/partial', 'cache', 'archives/partial']) {
    await mkdir(join(state, folder), { recursive: true });
  }
  await writeFile(join(state, 'status'), '');
  const hint = 'see that `apt-get update` works on this machine, then run the same command again';
  options.onLine?.('reading the package lists');
  await runCommand(apt(state, ['-q', 'update']), { ...options, hint });
  options.onLine?.(`downloading ${packages.length} packages and what they depend on`);
  await runCommand(apt(state, ['-q', '--download-only', 'install', ...packages]), { ...options, hint });
}

/** Unpacks packages of Debian, without what they depend on, each into `folder`/its name. */
export async function downloadPackages(
  packages: readonly string[],
  folder: string,
  options: CommandOptions,
): Promise<void> {
  const state = join(folder, '.state');
  for (const path of ['lists/partial', 'cache', 'archives/partial', 'files']) {
    await mkdir(join(state, path), { recursive: true });
  }
  await writeFile(join(state, 'status'), '');
  if (packages.length === 0) return;
  const hint = 'see that `apt-get update` works on this machine, then run the same command again';
  await runCommand(apt(state, ['-q', 'update']), { ...options, hint });
  const files = join(state, 'files');
  await runCommand(apt(state, ['-q', 'download', ...packages]), { ...options, cwd: files, hint });
  for (const file of await readdir(files)) {
    const [name = ''] = file.split('_');
    await runCommand(['dpkg-deb', '-x', join(files, file), join(folder, name)], options);
  }
}

/** The files in `state`/archives that `packages` need, themselves included. */
async function closureOf(state: string, packages: readonly string[], options: CommandOptions): Promise<string[]> {
  // With every package at hand apt prints no URIs, so it is asked with an empty archive folder.
  const words = ['-qq', '-o', `Dir::Cache::archives=${join(state, 'cache')}`, '--print-uris', 'install', ...packages];
  const answer = await readCommand(apt(state, words), options);
  return answer.split('\n').flatMap((line) => /^'[^']*' (\S+\.deb) /.exec(line)?.[1] ?? []);
}

/** Unpacks the packages and what they depend on into `root`, without running any of their scripts. */
export async function unpackPackages(
  state: string,
  packages: readonly string[],
  root: string,
  options: CommandOptions,
): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const file of await closureOf(state, packages, options)) {
    await runCommand(['dpkg-deb', '-x', join(state, 'archives', file), root], options);
  }
  // What containers never read.
  for (const unread of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/lintian', 'usr/share/gcc']) {
    await rm(join(root, unread), { recursive: true, force: true });
  }
}

/** How an apt repository is laid out: by suite and component, or all in one folder. */
export type AptLayout = { readonly suite: string; readonly component: string } | 'flat';

/** Makes the signed repository of Debian's packages in `folder` out of `state`/archives. */
export async function makeRepository(
  state: string,
  folder: string,
  arch: string,
  key: SigningKey,
  options: CommandOptions,
): Promise<void> {
  const files = (await readdir(join(state, 'archives'))).filter((file) => file.endsWith('.deb'));
  const packages = new Map(files.map((file) => [poolName(file), join(state, 'archives', file)]));
  await makeAptRepository(folder, packages, { suite: debianSuite, component: 'main' }, arch, key, options);
  await linkFile(key.keyringFile, join(folder, debianKeyring));
}

/** Makes a signed apt repository in `folder`, whatever lay there before. */
export async function makeAptRepository(
  folder: string,
  packages: ReadonlyMap<string, string>,
  layout: AptLayout,
  arch: string,
  key: SigningKey,
  options: CommandOptions,
): Promise<void> {
  const dist = layout === 'flat' ? '.' : join('dists', layout.suite);
  const index = layout === 'flat' ? '.' : join(dist, layout.component, `binary-${arch}`);
  const pool = layout === 'flat' ? arch : 'pool';
  await rm(folder, { recursive: true, force: true });
  for (const path of [pool, index]) await mkdir(join(folder, path), { recursive: true });
  for (const [name, file] of packages) await linkFile(file, join(folder, pool, name));
  const inFolder = { ...options, cwd: folder };
  await writeFile(join(folder, index, 'Packages'), await readCommand(['apt-ftparchive', 'packages', pool], inFolder));
  const words = ['apt-ftparchive', ...releaseFields(layout, arch), 'release', dist];
  const release = join(folder, dist, 'Release');
  const text = await readCommand(words, inFolder);
  await writeFile(release, text);
  await withSigner(key, options, async (signer) => {
    await signer.clear(release, join(folder, dist, 'InRelease'));
    await signer.detached(release, `${release}.gpg`);
  });
}

function releaseFields(layout: AptLayout, arch: string): readonly string[] {
  const fields = {
    Origin: 'provision-lab',
    Label: 'provision-lab',
    Architectures: arch,
    ...(layout === 'flat' ? {} : { Suite: layout.suite, Codename: layout.suite, Components: layout.component }),
  };
  return Object.entries(fields).flatMap(([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]);
}

/** Debian's postinst would choose between nft and legacy with update-alternatives; nft is Debian's default and ours. */
export async function linkIptables(root: string): Promise<void> {
  for (const name of ['iptables', 'ip6tables']) {
    for (const verb of ['', '-save', '-restore']) {
      await symlink('xtables-nft-multi', join(root, 'usr/sbin', `${name}${verb}`));
    }
  }
}
