import type { MachineFacts } from '../model/index.js';
import { error, type HostCheck, onHost, tells, warning } from './check.js';

/** As kubeadm FileExisting-*, for hosts where no package manager of ours can bring them; else the packages step does. */
const REQUIRED = ['ip', 'iptables', 'mount', 'nsenter', 'curl'];
const WELCOME = ['ebtables', 'ethtool', 'socat', 'tc', 'touch'];

export const commands: HostCheck = {
  tells: [
    tells(
      'FileExisting-<command>',
      'error or warning',
      'ip, iptables, mount, nsenter, curl (error), ebtables, ethtool, socat, tc, touch (warning) are there, where no package manager can bring them; conntrack before 1.32',
      'install it',
    ),
  ],
  before: ['apply'],
  look({ machine, release }) {
    if (machine.packageManager !== 'none') return [];
    const required = release.host.conntrack ? [...REQUIRED, 'conntrack'] : REQUIRED;
    const missing = (names: readonly string[]): readonly string[] => names.filter((c) => !machine.commands.includes(c));
    return [
      ...missing(required).map((c) =>
        error(`FileExisting-${c}`, `${c} is not on it, and it has no apt, dnf or yum`, `install ${c} on it`),
      ),
      ...missing(WELCOME).map((c) => warning(`FileExisting-${c}`, `${c} is not on it`, `install ${c} on it`)),
    ];
  },
};

/** dnf(8): redo is its way to finish a transaction that was interrupted. */
const REPAIR: Readonly<Record<MachineFacts['packageManager'], string>> = {
  apt: 'dpkg --configure -a',
  dnf: 'dnf history redo last',
  yum: 'yum-complete-transaction',
  none: 'rpm --rebuilddb',
};

/** Our package step waits for a lock, so somebody at work is a warning; a half-done installation breaks every later one. */
export const packages: HostCheck = {
  tells: [
    tells('PackageManagerBusy', 'warning', "nobody holds the package manager's lock", 'let it finish'),
    tells(
      'PackageManagerBroken',
      'error',
      'no package is half installed, no transaction of dpkg, yum or dnf unfinished',
      '`dpkg --configure -a`, `dnf history redo last`',
    ),
  ],
  before: ['apply'],
  look({ node, machine, trial }) {
    if (machine.packageManagerBusy !== null) {
      return [
        warning(
          'PackageManagerBusy',
          `${machine.packageManagerBusy} holds the lock of the package manager`,
          'let it finish; never delete the lock file',
        ),
      ];
    }
    const unfinished = trial?.unfinishedTransaction ?? null;
    const broken = [...machine.brokenPackages, ...(unfinished === null ? [] : [`dnf ${unfinished} (cut off)`])];
    if (broken.length === 0) return [];
    return [
      error(
        'PackageManagerBroken',
        `packages are half installed: ${broken.slice(0, 5).join(', ')}`,
        onHost(node, REPAIR[machine.packageManager]),
      ),
    ];
  },
};

/** Nothing needs stopping where nothing is; a name that was mistyped looks the same, so it is told. */
export const services: HostCheck = {
  tells: [
    tells(
      'DisableService-<unit>',
      'warning',
      'the host has the units that `system.disableServices` names',
      'correct the name, or leave it: what is not there need not be stopped',
    ),
  ],
  before: ['apply'],
  look: ({ trial }) =>
    (trial?.absentUnits ?? []).map((unit) =>
      warning(
        `DisableService-${unit}`,
        `it has no unit ${unit}, which system.disableServices names: there is nothing to stop`,
        'correct the name if it was meant otherwise; else leave it so',
      ),
    ),
};

/** Before the first file is written; a user may be made by hand in the meantime. */
export const users: HostCheck = {
  tells: [
    tells(
      'User-<name>',
      'error',
      'a control plane knows the users that `system.kubectlUsers` names',
      'make the user, or take the name out',
    ),
  ],
  before: ['apply'],
  look: ({ node, trial }) =>
    (trial?.absentUsers ?? []).map((user) =>
      error(
        `User-${user}`,
        `there is no user ${user}, whom system.kubectlUsers names`,
        `${onHost(node, `useradd --create-home ${user}`)}, or take ${user} out of system.kubectlUsers`,
      ),
    ),
};
