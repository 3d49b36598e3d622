import type { Arch, MachineFacts, MirrorPreset } from '../model/index.js';
import { keys } from './keys.js';
import { familyById } from './table.js';

/** A repository as its publisher, or the preset's copy of him, has it. */
export interface RepositorySource {
  readonly id: string;
  readonly title: string;
  readonly baseUrl: string;
  readonly suite?: string;
  readonly components?: readonly string[];
  readonly keyUrls: readonly string[];
  readonly keyFingerprints: readonly string[];
  /** A keyring that the distribution brought. */
  readonly keyring?: string;
  readonly repoGpgcheck: boolean;
  readonly enabled: boolean;
  readonly replaces: readonly string[];
}

/** Where a repository is for: the system, the preset, and the Kubernetes of the cluster. */
export interface Wanted {
  readonly machine: Pick<MachineFacts, 'os' | 'family' | 'arch'>;
  readonly preset: MirrorPreset;
  /** Exact version of Kubernetes. */
  readonly version: string;
}

export type RepositoryName = 'docker-ce' | 'kubernetes' | 'elrepo-kernel';

/** Repositories, or why there are none: a sentence without its end, `for Rocky Linux 9`. */
export type Sources =
  | { readonly found: readonly RepositorySource[] }
  | { readonly missing: string; readonly cure: string };

const MACHINE: Readonly<Record<Arch, string>> = { amd64: 'x86_64', arm64: 'aarch64' };
const machineOf = (arch: string): string => MACHINE[arch as Arch] ?? arch;

const plain = { repoGpgcheck: false, enabled: true, replaces: [] } as const;

/** A repository of others: Docker's, Kubernetes', ELRepo's. */
export function repositoryNamed(name: RepositoryName, wanted: Wanted): Sources {
  const family = familyById(wanted.machine.family);
  if (family.repositories === 'apt') {
    const codename = codenameOf(wanted.machine.os);
    if (codename === null) return noneFor(name, wanted);
    switch (name) {
      case 'docker-ce':
        return { found: [dockerApt(wanted, codename)] };
      case 'kubernetes':
        return kubernetes(wanted, 'deb');
      case 'elrepo-kernel':
        return noneFor(name, wanted);
    }
  }
  if (family.enterpriseLinux === null) return noneFor(name, wanted);
  switch (name) {
    case 'docker-ce':
      return { found: [dockerYum(wanted, family.enterpriseLinux)] };
    case 'kubernetes':
      return kubernetes(wanted, 'rpm');
    case 'elrepo-kernel':
      return { found: [elrepo(wanted, family.enterpriseLinux)] };
  }
}

const noneFor = (name: string, { machine }: Wanted): Sources => ({
  missing: `nobody publishes the repository ${name} for ${machine.os.name || machine.os.id}`,
  cure: 'use a system that it is published for',
});

/** https://download.docker.com/linux/centos/docker-ce.repo: the packages are signed, the metadata is not. */
function dockerYum({ preset, machine }: Wanted, release: number): RepositorySource {
  const home = { official: 'https://download.docker.com', aliyun: 'https://mirrors.aliyun.com/docker-ce' }[preset];
  return {
    ...plain,
    id: 'docker-ce',
    title: `Docker CE for Enterprise Linux ${release}`,
    baseUrl: `${home}/linux/centos/${release}/${machineOf(machine.arch)}/stable`,
    keyUrls: [`${home}/linux/centos/gpg`],
    keyFingerprints: keys.dockerRpm,
  };
}

function dockerApt({ preset, machine }: Wanted, codename: string): RepositorySource {
  const home = { official: 'https://download.docker.com', aliyun: 'https://mirrors.aliyun.com/docker-ce' }[preset];
  const base = `${home}/linux/${machine.family}`;
  return {
    ...plain,
    id: 'docker-ce',
    title: `Docker CE for ${codename}`,
    baseUrl: base,
    suite: codename,
    components: ['stable'],
    keyUrls: [`${base}/gpg`],
    keyFingerprints: keys.dockerDeb,
  };
}

interface NotBuilt {
  readonly program: 'docker-ce' | 'containerd.io';
  /** Major versions, both ends among them. */
  readonly from: number;
  readonly to: number;
  readonly systems: readonly string[];
}

/**
 * What Docker's repository has not for a system that it is published for. Docker 20.10 had its last release in 2023, before these systems
 * came; CentOS 7 and 8 ended in 2024, before containerd 2.0 (https://docs.docker.com/engine/release-notes/20.10/, https://containerd.io/releases/).
 */
const NOT_BUILT: readonly NotBuilt[] = [
  { program: 'docker-ce', from: 0, to: 20, systems: ['el10', 'trixie', 'noble'] },
  { program: 'containerd.io', from: 2, to: Number.POSITIVE_INFINITY, systems: ['el7', 'el8'] },
];

/** Is a version of Docker or its containerd published for a system at all? Where nobody knows better, it is. */
export function isBuilt(program: NotBuilt['program'], version: string, { os, family }: Wanted['machine']): boolean {
  const { enterpriseLinux } = familyById(family);
  const system = enterpriseLinux === null ? codenameOf(os) : `el${enterpriseLinux}`;
  const major = Number.parseInt(version, 10);
  return !NOT_BUILT.some(
    (row) => row.program === program && row.from <= major && major <= row.to && row.systems.includes(system ?? ''),
  );
}

/**
 * From 1.24 on the community publishes a repository per minor (pkgs.k8s.io, 2023-08-15); what is older was only ever in Google's,
 * which is gone, and is left in copies of it.
 */
function kubernetes({ preset, version }: Wanted, format: 'rpm' | 'deb'): Sources {
  const minor = minorOf(version);
  if (minor < COMMUNITY) return legacyKubernetes(preset, version, format);
  const home = {
    official: 'https://pkgs.k8s.io/core:/stable:',
    aliyun: 'https://mirrors.aliyun.com/kubernetes-new/core/stable',
  }[preset];
  const baseUrl = `${home}/v1.${minor}/${format}/`;
  return {
    found: [
      {
        ...plain,
        id: 'kubernetes',
        title: `Kubernetes 1.${minor}`,
        baseUrl,
        suite: '/',
        keyUrls: [`${baseUrl}${format === 'rpm' ? 'repodata/repomd.xml.key' : 'Release.key'}`],
        keyFingerprints: keys.kubernetes,
        // The Open Build Service signs repomd.xml, too.
        repoGpgcheck: true,
      },
    ],
  };
}

/** First minor of the community's repositories. */
const COMMUNITY = 24;
const minorOf = (version: string): number => Number(version.split('.')[1]);

/** Why no system gets packages of that Kubernetes by the preset; null: some do. */
export const retiredRepository = (
  preset: MirrorPreset,
  version: string,
): { readonly missing: string; readonly cure: string } | null =>
  minorOf(version) >= COMMUNITY || preset === 'aliyun'
    ? null
    : {
        missing: `the repository of Kubernetes before 1.${COMMUNITY} (packages.cloud.google.com) is gone, and 1.${minorOf(version)} with it`,
        cure: 'set mirrors: aliyun, which has a copy, or install: binaries',
      };

function legacyKubernetes(preset: MirrorPreset, version: string, format: 'rpm' | 'deb'): Sources {
  const gone = retiredRepository(preset, version);
  if (gone !== null) return gone;
  const home = 'https://mirrors.aliyun.com/kubernetes';
  const legacy = { ...plain, id: 'kubernetes', title: 'Kubernetes up to 1.23' };
  if (format === 'deb') {
    const apt = { baseUrl: `${home}/apt/`, suite: 'kubernetes-xenial', components: ['main'] };
    return {
      found: [{ ...legacy, ...apt, keyUrls: [`${home}/apt/doc/apt-key.gpg`], keyFingerprints: keys.kubernetesLegacy }],
    };
  }
  return {
    found: [
      {
        ...legacy,
        baseUrl: `${home}/yum/repos/kubernetes-el7-x86_64`,
        keyUrls: [`${home}/yum/doc/yum-key.gpg`, `${home}/yum/doc/rpm-package-key.gpg`],
        keyFingerprints: keys.kubernetesLegacy,
        // Aliyun says itself that the check of the index may fail there, since the origin cannot be synchronized; the packages are signed.
        repoGpgcheck: false,
      },
    ],
  };
}

/** https://elrepo.org/wiki/doku.php?id=kernel-lt: off until somebody asks for a kernel. */
function elrepo({ preset, machine }: Wanted, release: number): RepositorySource {
  // ELRepo moved what it had for Enterprise Linux 7 to its archive; the first key is DSA, which Enterprise Linux 9 does not take.
  const folder = preset === 'aliyun' && release === 7 ? 'archive/kernel' : 'kernel';
  const home = { official: 'https://elrepo.org/linux', aliyun: 'https://mirrors.aliyun.com/elrepo' }[preset];
  const first = { official: 'https://www.elrepo.org', aliyun: 'https://mirrors.aliyun.com/elrepo' }[preset];
  return {
    ...plain,
    id: 'elrepo-kernel',
    title: `ELRepo kernels for Enterprise Linux ${release}`,
    baseUrl: `${home}/${folder}/el${release}/${machineOf(machine.arch)}`,
    keyUrls: [
      ...(release < 9 ? [`${first}/RPM-GPG-KEY-elrepo.org`] : []),
      ...(release > 7 ? ['https://www.elrepo.org/RPM-GPG-KEY-v2-elrepo.org'] : []),
    ],
    keyFingerprints: [...keys.elrepo, ...keys.elrepo2],
    enabled: false,
  };
}

const CODENAMES: Readonly<Record<string, string>> = {
  'debian 11': 'bullseye',
  'debian 12': 'bookworm',
  'debian 13': 'trixie',
  'ubuntu 22.04': 'jammy',
  'ubuntu 24.04': 'noble',
};

/** What repositories of apt call a release; null: nobody has one for it. */
export const codenameOf = ({ id, version }: MachineFacts['os']): string | null => CODENAMES[`${id} ${version}`] ?? null;
