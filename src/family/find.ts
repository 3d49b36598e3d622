import type { MachineFacts } from '../model/index.js';

/**
 * How well a system fits its family: it is a member · it is treated like one, though nobody tried · it is too old for any ·
 * it is a stranger, of whom no more is known than the package manager.
 */
export type Fit = 'member' | 'kin' | 'old' | 'stranger';

interface Distribution {
  /** First version of each family, oldest first. */
  readonly from: readonly (readonly [version: number, family: string])[];
  /** It says nothing of its kin in ID_LIKE, or nobody has tried it: an apply says so. */
  readonly untested?: true;
}

const ENTERPRISE_LINUX: Distribution = {
  from: [
    [7, 'el7'],
    [8, 'el8'],
    [9, 'el9'],
    [10, 'el10'],
  ],
};

/** ID of os-release(5) -> its versions. */
const distributions: Readonly<Record<string, Distribution>> = {
  almalinux: ENTERPRISE_LINUX,
  centos: ENTERPRISE_LINUX,
  ol: ENTERPRISE_LINUX,
  rhel: ENTERPRISE_LINUX,
  rocky: ENTERPRISE_LINUX,
  debian: { from: [[11, 'debian']] },
  ubuntu: { from: [[22.04, 'ubuntu']] },
  // ID_LIKE="rhel fedora centos"; 23 is numbered by the year.
  anolis: {
    from: [
      [7, 'el7'],
      [8, 'el8'],
      [23, 'el9'],
    ],
    untested: true,
  },
  // Neither says whom it is like.
  openEuler: { from: [[20.03, 'openeuler']], untested: true },
  kylin: { from: [[10, 'openeuler']], untested: true },
};

/** What a distribution in ID_LIKE stands for when the version is one of nobody's in particular (Fedora's, Amazon's). */
const NEAREST: Readonly<Record<string, string>> = {
  ubuntu: 'ubuntu',
  debian: 'debian',
  rhel: 'el9',
  centos: 'el9',
  fedora: 'el9',
};

const BY_PACKAGE_MANAGER: Readonly<Record<MachineFacts['packageManager'], string>> = {
  apt: 'debian',
  dnf: 'el9',
  yum: 'el7',
  none: 'debian',
};

/** The family of a system, by what it is, what it is like, and at worst by its package manager. */
export function findFamily(
  os: MachineFacts['os'],
  packageManager: MachineFacts['packageManager'],
): { readonly family: string; readonly fit: Fit } {
  const version = numberOf(os.version);
  const itself = distributions[os.id];
  // Kylin's desktop has the server's name and Debian's packages.
  const isOther = itself?.untested === true && os.like.includes('debian');
  if (itself !== undefined && !isOther) {
    const found = at(itself, version);
    if (found === null) return { family: itself.from[0]?.[1] ?? BY_PACKAGE_MANAGER[packageManager], fit: 'old' };
    return { family: found, fit: itself.untested ? 'kin' : 'member' };
  }
  const kin = os.like.find((id) => id in NEAREST);
  if (kin === undefined) return { family: BY_PACKAGE_MANAGER[packageManager], fit: 'stranger' };
  const row = distributions[kin];
  const isTheirNumber = row === ENTERPRISE_LINUX && version !== null && version >= 7 && version < 11;
  return { family: (isTheirNumber ? at(row, version) : null) ?? NEAREST[kin] ?? 'debian', fit: 'kin' };
}

/** null: older than all. Without a number it is a rolling or testing release, newer than any. */
function at({ from }: Distribution, version: number | null): string | null {
  const fitting = from.filter(([first]) => version === null || version >= first);
  return fitting.at(-1)?.[1] ?? null;
}

function numberOf(version: string): number | null {
  const number = Number.parseFloat(version.replace(/^[^0-9]+/, ''));
  return Number.isNaN(number) ? null : number;
}
