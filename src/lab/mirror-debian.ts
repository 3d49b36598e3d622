// The Debian side of the mirror: packages fetched by the machine's own apt, a signed repository made of them, and the
// unpacked trees that image layers are made of. Knows nothing of Go, of images or of lab hosts.
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkFile } from './files.js';
import { type CommandOptions, readCommand, runCommand } from './mirror-run.js';

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

/** Makes the signed repository in `folder` out of `state`/archives. The signing key does not outlive this function. */
export async function makeRepository(
  state: string,
  folder: string,
  arch: string,
  options: CommandOptions,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const index = `dists/${debianSuite}/main/binary-${arch}`;
  await mkdir(join(folder, 'pool'), { recursive: true });
  await mkdir(join(folder, index), { recursive: true });
  for (const file of await readdir(join(state, 'archives'))) {
    if (file.endsWith('.deb')) await linkFile(join(state, 'archives', file), join(folder, 'pool', poolName(file)));
  }
  const inFolder = { ...options, cwd: folder };
  const packages = await readCommand(['apt-ftparchive', 'packages', 'pool'], inFolder);
  await writeFile(join(folder, index, 'Packages'), packages);
  const release = await readCommand(
    ['apt-ftparchive', ...releaseFields(arch), 'release', `dists/${debianSuite}`],
    inFolder,
  );
  await writeFile(join(folder, 'dists', debianSuite, 'Release'), release);
  await sign(inFolder);
}

function releaseFields(arch: string): readonly string[] {
  const fields = {
    Origin: 'provision-lab',
    Label: 'provision-lab',
    Suite: debianSuite,
    Codename: debianSuite,
    Architectures: arch,
    Components: 'main',
  };
  return Object.entries(fields).flatMap(([name, value]) => ['-o', `APT::FTPArchive::Release::${name}=${value}`]);
}

async function sign(options: CommandOptions): Promise<void> {
  // In /tmp: gpg-agent's socket lies in it, and a socket's path has at most 107 bytes (unix(7)).
  const home = await mkdtemp(join(tmpdir(), 'lab-gpg-'));
  const gpg = (...words: readonly string[]) =>
    runCommand(
      ['gpg', '--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase', '', ...words],
      options,
    );
  const release = join('dists', debianSuite, 'Release');
  try {
    await gpg('--quick-generate-key', 'provision lab mirror <mirror@provision.invalid>', 'ed25519', 'sign', 'never');
    await gpg('--output', debianKeyring, '--export');
    await gpg('--output', join('dists', debianSuite, 'InRelease'), '--clearsign', release);
    await gpg('--output', `${release}.gpg`, '--armor', '--detach-sign', release);
  } finally {
    // Without the caller's signal: an aborted build must not leave an agent behind.
    await runCommand(['gpgconf', '--homedir', home, '--kill', 'all']);
    await rm(home, { recursive: true, force: true });
  }
}

/** Debian's postinst would choose between nft and legacy with update-alternatives; nft is Debian's default and ours. */
export async function linkIptables(root: string): Promise<void> {
  for (const name of ['iptables', 'ip6tables']) {
    for (const verb of ['', '-save', '-restore']) {
      await symlink('xtables-nft-multi', join(root, 'usr/sbin', `${name}${verb}`));
    }
  }
}
