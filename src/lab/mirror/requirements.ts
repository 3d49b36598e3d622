// What this machine must have before a mirror can be built, asked once and refused once, with everything that is missing.
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ProvisionError } from '../../model/index.js';
import type { Arch } from '../content/components.js';
import { debianSuite } from './debian.js';
import { parseGoVersion, reaches } from './layout.js';
import { readCommand } from './run.js';

/** The newest `go` line of a go.mod in lab/ (cri-tools 1.36.0). */
export const leastGo = [1, 26, 2] as const;

/** Commands by the Debian package that brings them. */
export const neededCommands: Readonly<Record<string, readonly string[]>> = {
  'apt-utils': ['apt-ftparchive'],
  'createrepo-c': ['createrepo_c'],
  gcc: ['gcc'],
  gnupg: ['gpg', 'gpgconf'],
  tar: ['tar', 'gzip'],
  dpkg: ['dpkg-deb'],
};

/** Headers and archives that the static builds with cgo link, by package; `{triplet}` is the machine's. */
const neededFiles: Readonly<Record<string, string>> = {
  'libc6-dev': '/usr/lib/{triplet}/libc.a',
  'libseccomp-dev': '/usr/lib/{triplet}/libseccomp.a',
};

const architectures: Readonly<Record<string, { readonly arch: Arch; readonly triplet: string }>> = {
  x64: { arch: 'amd64', triplet: 'x86_64-linux-gnu' },
  arm64: { arch: 'arm64', triplet: 'aarch64-linux-gnu' },
};

/** Throws LAB with everything that is missing and the command that installs it. Gives the architecture to build for. */
export async function checkRequirements(machine: string): Promise<Arch> {
  const known = architectures[machine];
  if (process.platform !== 'linux' || known === undefined) {
    throw new ProvisionError('LAB', `the lab's components cannot be built on ${process.platform}/${machine}`, {
      hint: 'the lab needs Debian 12 on amd64 or arm64; with hosts of your own, go on with `provision validate`',
    });
  }
  const problems = [...(await distributionProblem()), ...(await goProblem())];
  const packages = await missingPackages(known.triplet);
  if (packages.length > 0) problems.push(`system packages are missing: ${packages.join(', ')}`);
  if (problems.length > 0) {
    throw new ProvisionError('LAB', `the lab's components cannot be built yet: ${problems.join('; ')}`, {
      hint:
        packages.length > 0
          ? `apt-get install -y --no-install-recommends ${packages.join(' ')}`
          : `install what is named above and run the same command again`,
    });
  }
  return known.arch;
}

/** Debian packages that building the mirror needs and this machine lacks; empty where it cannot be built at all. */
export async function missingMirrorPackages(machine: string = process.arch): Promise<readonly string[]> {
  const known = architectures[machine];
  return process.platform !== 'linux' || known === undefined ? [] : missingPackages(known.triplet);
}

async function distributionProblem(): Promise<string[]> {
  const release = await readFile('/etc/os-release', 'utf8');
  return release.includes(`VERSION_CODENAME=${debianSuite}\n`) ? [] : [`this machine is not Debian ${debianSuite}`];
}

async function goProblem(): Promise<string[]> {
  const wanted = `Go ${leastGo.join('.')} or later is needed`;
  if (!(await onPath('go'))) return [`${wanted} and there is no go on the PATH (https://go.dev/dl)`];
  const line = await readCommand(['go', 'version']);
  const version = parseGoVersion(line);
  return version !== undefined && reaches(version, leastGo) ? [] : [`${wanted}, this is ${line.trim()}`];
}

async function missingPackages(triplet: string): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, commands] of Object.entries(neededCommands)) {
    const present = await Promise.all(commands.map(onPath));
    if (present.includes(false)) missing.push(name);
  }
  for (const [name, file] of Object.entries(neededFiles)) {
    if (!(await readable(file.replace('{triplet}', triplet)))) missing.push(name);
  }
  return missing;
}

async function onPath(command: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = await Promise.all(folders.map((folder) => readable(join(folder, command))));
  return found.includes(true);
}

async function readable(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false; // absent or not for us: either way it cannot be used
  }
}
