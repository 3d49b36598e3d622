import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProvisionError } from '../model/index.js';
import { must } from './command.js';
import { missingMirrorPackages } from './mirror/requirements.js';

/** What a lab needs of the machine: the Debian package, and a file or command by which it is recognised. */
const needed: readonly { readonly name: string; readonly proof: string }[] = [
  { name: 'mmdebstrap', proof: 'mmdebstrap' },
  { name: 'debian-archive-keyring', proof: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  { name: 'systemd-container', proof: 'systemd-nspawn' },
  { name: 'util-linux', proof: 'unshare' },
  { name: 'iproute2', proof: 'ip' },
  { name: 'openssh-client', proof: 'ssh' },
];

/** What a virtual machine needs beside that; asked for only with one. */
const neededForVms: typeof needed = [
  { name: 'qemu-system-x86', proof: 'qemu-system-x86_64' },
  { name: 'e2fsprogs', proof: 'debugfs' },
];

const ownHosts = 'with hosts of your own no lab is needed: write an inventory and run provision apply -i FILE';

export interface Machine {
  readonly platform: string;
  readonly uid: number;
  readonly has: (proof: string) => boolean;
}

export const thisMachine = (): Machine => ({
  platform: process.platform,
  uid: process.getuid?.() ?? -1,
  has: (proof) =>
    proof.startsWith('/')
      ? existsSync(proof)
      : [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((dir) =>
          existsSync(join(dir, proof)),
        ),
});

/** Debian packages the lab's hosts (with `vms`: also virtual machines) need that this machine lacks; empty when none. */
export const missingLabPackages = (machine: Machine = thisMachine(), vms = false): readonly string[] =>
  [...needed, ...(vms ? neededForVms : [])].filter(({ proof }) => !machine.has(proof)).map(({ name }) => name);

export const installCommand = (packages: readonly string[]): string =>
  `apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/**
 * Installs with apt what hosts and mirror need and this machine lacks, and says so first. Gives what was installed.
 * Throws LAB with the exact command when this is not root or apt fails.
 */
export async function installLabPackages(
  say: (line: string) => void = () => {},
  vms = false,
): Promise<readonly string[]> {
  const machine = thisMachine();
  const packages = [...new Set([...missingLabPackages(machine, vms), ...(await missingMirrorPackages())])];
  if (machine.platform !== 'linux' || packages.length === 0) return [];
  const hint = `as root: apt-get update && ${installCommand(packages)}`;
  if (machine.uid !== 0 || !machine.has('apt-get')) {
    throw new ProvisionError('LAB', `the lab needs Debian packages: ${packages.join(', ')}`, { hint });
  }
  say(`installing Debian packages: ${packages.join(', ')}`);
  await must(['apt-get', 'update', '-q'], { hint });
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await must(['apt-get', 'install', '-y', '--no-install-recommends', ...packages], { env, hint });
  return packages;
}

/** Why a lab cannot run here, kindly; undefined when it can. */
export function labObstacle(machine: Machine = thisMachine(), vms = false): ProvisionError | undefined {
  if (machine.platform !== 'linux') {
    return new ProvisionError('LAB', `practice hosts need a Linux machine, this is ${machine.platform}`, {
      hint: ownHosts,
    });
  }
  if (machine.uid !== 0) {
    return new ProvisionError('LAB', 'practice hosts need root: they make network namespaces and mounts', {
      hint: `run the same command with sudo; ${ownHosts}`,
    });
  }
  const missing = missingLabPackages(machine, vms);
  if (missing.length === 0) return undefined;
  return new ProvisionError('LAB', `the lab needs Debian packages that are not installed: ${missing.join(', ')}`, {
    hint: `apt-get update && ${installCommand(missing)}`,
  });
}
