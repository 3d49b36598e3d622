// Lays the packages of the lab out as signed repositories under their publishers' URLs, yum's and apt's, with the keys and
// repository files that publishers offer beside them. Knows nothing of how packages are made.
import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import {
  keyUrls,
  type PackageRepository,
  type RepositoryFile,
  repositoryFiles,
} from '../content/package-repositories.js';
import { linkFile } from '../files.js';
import { makeAptRepository } from './debian.js';
import type { GoMachine } from './go-cache.js';
import { mirrorPath } from './layout.js';
import { rpmMachine } from './packages.js';
import { type CommandOptions, runCommand } from './run.js';
import { type SigningKey, withSigner } from './signing-key.js';

type RepositoryPlace = Pick<GoMachine, 'arch'> & { readonly filesDir: string };

/** Makes one repository out of its packages, which are given as file by name, and lets its other URLs lead there. */
export async function makePackageRepository(
  repository: PackageRepository,
  packages: ReadonlyMap<string, string>,
  key: SigningKey,
  place: RepositoryPlace,
  options: CommandOptions,
): Promise<void> {
  const [folder = '', ...others] = repository.urls.map((url) => pathOf(url, place));
  if (repository.format === 'rpm') await makeYumRepository(folder, packages, key, options);
  else {
    const { suite } = repository;
    const layout = suite === undefined ? 'flat' : { suite: suite.name, component: suite.component };
    await makeAptRepository(folder, packages, layout, place.arch, key, options);
    if (layout === 'flat') await copyFile(key.armoredFile, join(folder, 'Release.key'));
  }
  for (const other of others) {
    await mkdir(dirname(other), { recursive: true });
    await rm(other, { recursive: true, force: true });
    await symlink(relative(dirname(other), folder), other);
  }
}

const pathOf = (url: string, { arch, filesDir }: RepositoryPlace): string =>
  join(filesDir, mirrorPath(url.replaceAll('{machine}', rpmMachine(arch))));

async function makeYumRepository(
  folder: string,
  packages: ReadonlyMap<string, string>,
  key: SigningKey,
  options: CommandOptions,
): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'Packages'), { recursive: true });
  for (const [name, file] of packages) await linkFile(file, join(folder, 'Packages', name));
  await runCommand(['createrepo_c', '--quiet', '--no-database', folder], options);
  const index = join(folder, 'repodata', 'repomd.xml');
  await withSigner(key, options, (signer) => signer.detached(index, `${index}.asc`));
  await copyFile(key.armoredFile, `${index}.key`);
}

/** Puts the public key where publishers have theirs, and the repository files that they offer. */
export async function publishKeys(key: SigningKey, place: RepositoryPlace): Promise<void> {
  for (const url of keyUrls) {
    const target = pathOf(url, place);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(key.armoredFile, target);
  }
  for (const file of repositoryFiles) {
    const target = pathOf(file.url, place);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, repositoryText(file));
  }
}

/** A .repo file, as yum reads it. Pure. */
export const repositoryText = ({ sections }: RepositoryFile): string =>
  sections
    .map(({ id, baseUrl, key }) => `[${id}]\nname=${id}\nbaseurl=${baseUrl}\nenabled=1\ngpgcheck=1\ngpgkey=${key}\n`)
    .join('\n');
