import type { MirrorPreset } from '../model/index.js';
import { keys } from './keys.js';
import { codenameOf, type RepositorySource, type Sources, type Wanted } from './repositories.js';
import { familyById } from './table.js';

/** The distribution's own repositories and EPEL, as the preset has them; they stand in for the files that the host was installed with. */
export function baseRepositories(wanted: Wanted): Sources {
  const { machine, preset } = wanted;
  const family = familyById(machine.family);
  const found = family.repositories === 'apt' ? aptBase(wanted) : yumBase(wanted, family.enterpriseLinux);
  if (found !== null) return { found };
  return {
    missing: `no copy of the repositories of ${machine.os.name || machine.os.id} (${machine.arch}) is known for mirrors: ${preset}`,
    cure: 'set system.repositories: keep, and make its repositories reachable yourself',
  };
}

const common = { repoGpgcheck: false, enabled: true } as const;

function yumBase({ machine, preset }: Wanted, release: number | null): readonly RepositorySource[] | null {
  const row = release === null ? undefined : YUM[`${machine.os.id} ${release}`];
  const machineName = { amd64: 'x86_64', arm64: 'aarch64' }[machine.arch];
  if (row === undefined || release === null || machineName === undefined) return null;
  // CentOS 7 had another home and another key for arm64.
  if (row === YUM['centos 7'] && machine.arch !== 'amd64') return null;
  const isStream8 = machine.os.id === 'centos' && release === 8 && machine.os.name.includes('Stream');
  const place = (text: string): string =>
    text.replace('{machine}', machineName).replace('8.5.2111', isStream8 ? '8-stream' : '8.5.2111');
  const base = Object.entries(row.paths).map(
    ([id, path], index): RepositorySource => ({
      ...common,
      id,
      title: `${row.title} ${id}`,
      baseUrl: place(`${row.home[preset]}/${path}`),
      keyUrls: [row.key[preset]],
      keyFingerprints: row.fingerprints,
      replaces: index === 0 ? row.replaces.map((name) => `/etc/yum.repos.d/${name}`) : [],
    }),
  );
  return [...base, epel(release, machineName, preset)];
}

interface YumBase {
  readonly title: string;
  readonly home: Readonly<Record<MirrorPreset, string>>;
  readonly key: Readonly<Record<MirrorPreset, string>>;
  readonly fingerprints: readonly string[];
  /** Id of the repository, as the distribution's own files call it -> path below home. */
  readonly paths: Readonly<Record<string, string>>;
  readonly replaces: readonly string[];
}

const ALIYUN = 'https://mirrors.aliyun.com';
const CENTOS_KEYS = { official: 'https://www.centos.org/keys', aliyun: `${ALIYUN}/centos` };
const centosKey = (name: string) => ({
  official: `${CENTOS_KEYS.official}/${name}`,
  aliyun: `${CENTOS_KEYS.aliyun}/${name}`,
});
const MODERN = {
  baseos: 'BaseOS/{machine}/os/',
  appstream: 'AppStream/{machine}/os/',
};

const stream = (release: number): YumBase => ({
  title: `CentOS Stream ${release}`,
  home: {
    official: `https://mirror.stream.centos.org/${release}-stream`,
    aliyun: `${ALIYUN}/centos-stream/${release}-stream`,
  },
  key: centosKey('RPM-GPG-KEY-CentOS-Official'),
  fingerprints: keys.centos,
  paths: MODERN,
  replaces: ['centos*.repo'],
});

const rocky = (release: number, key: string, fingerprints: readonly string[]): YumBase => ({
  title: `Rocky Linux ${release}`,
  home: {
    official: `https://dl.rockylinux.org/pub/rocky/${release}`,
    aliyun: `${ALIYUN}/rockylinux/${release}`,
  },
  key: { official: `https://dl.rockylinux.org/pub/rocky/${key}`, aliyun: `${ALIYUN}/rockylinux/${key}` },
  fingerprints,
  paths: { ...MODERN, extras: 'extras/{machine}/os/' },
  replaces: ['Rocky-*.repo', 'rocky*.repo'],
});

const almalinux = (release: number, fingerprints: readonly string[]): YumBase => {
  const key = release === 8 ? 'RPM-GPG-KEY-AlmaLinux' : `RPM-GPG-KEY-AlmaLinux-${release}`;
  return {
    title: `AlmaLinux ${release}`,
    home: {
      official: `https://repo.almalinux.org/almalinux/${release}`,
      aliyun: `${ALIYUN}/almalinux/${release}`,
    },
    key: { official: `https://repo.almalinux.org/almalinux/${key}`, aliyun: `${ALIYUN}/almalinux/${key}` },
    fingerprints,
    paths: { ...MODERN, extras: 'extras/{machine}/os/' },
    replaces: ['almalinux*.repo'],
  };
};

/** CentOS 7 and 8 have ended: their publisher has them in the vault only. */
const YUM: Readonly<Record<string, YumBase>> = {
  'centos 7': {
    title: 'CentOS 7',
    home: { official: 'https://vault.centos.org/7.9.2009', aliyun: `${ALIYUN}/centos/7` },
    key: centosKey('RPM-GPG-KEY-CentOS-7'),
    fingerprints: keys.centos7,
    paths: { base: 'os/{machine}/', updates: 'updates/{machine}/', extras: 'extras/{machine}/' },
    replaces: ['CentOS-*.repo'],
  },
  'centos 8': {
    title: 'CentOS 8',
    home: { official: 'https://vault.centos.org/8.5.2111', aliyun: `${ALIYUN}/centos-vault/8.5.2111` },
    key: centosKey('RPM-GPG-KEY-CentOS-Official'),
    fingerprints: keys.centos,
    paths: { ...MODERN, extras: 'extras/{machine}/os/' },
    replaces: ['CentOS-*.repo'],
  },
  'centos 9': stream(9),
  'centos 10': stream(10),
  'rocky 8': rocky(8, 'RPM-GPG-KEY-rockyofficial', keys.rocky8),
  'rocky 9': rocky(9, 'RPM-GPG-KEY-Rocky-9', keys.rocky9),
  'rocky 10': rocky(10, 'RPM-GPG-KEY-Rocky-10', keys.rocky10),
  'almalinux 8': almalinux(8, keys.almalinux8),
  'almalinux 9': almalinux(9, keys.almalinux9),
};

const EPEL_KEYS: Readonly<Record<number, readonly string[]>> = {
  7: keys.epel7,
  8: keys.epel8,
  9: keys.epel9,
  10: keys.epel10,
};

/** Fedora keeps what it had for Enterprise Linux 7 in its archive. */
function epel(release: number, machineName: string, preset: MirrorPreset): RepositorySource {
  const official =
    release === 7 ? 'https://archives.fedoraproject.org/pub/archive/epel' : 'https://dl.fedoraproject.org/pub/epel';
  const home = { official, aliyun: `${ALIYUN}/epel` }[preset];
  return {
    ...common,
    id: 'epel',
    title: `Extra Packages for Enterprise Linux ${release}`,
    baseUrl: `${home}/${release === 7 ? '7' : `${release}/Everything`}/${machineName}/`,
    keyUrls: [`${home}/RPM-GPG-KEY-EPEL-${release}`],
    keyFingerprints: EPEL_KEYS[release] ?? [],
    replaces: ['/etc/yum.repos.d/epel*.repo'],
  };
}

/** Their keys came with the system; nothing is fetched. */
function aptBase({ machine, preset }: Wanted): readonly RepositorySource[] | null {
  const codename = codenameOf(machine.os);
  if (codename === null) return null;
  const apt = (
    id: string,
    keyring: string,
    baseUrl: string,
    suite: string,
    components: readonly string[],
    replaces: readonly string[],
  ): RepositorySource => ({
    ...common,
    id,
    title: `${machine.os.id} ${suite}`,
    baseUrl,
    suite,
    components,
    keyUrls: [],
    keyFingerprints: [],
    keyring,
    replaces,
  });
  if (machine.os.id === 'debian') {
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    const home = { official: 'https://ftp.debian.org', aliyun: ALIYUN }[preset];
    const security = { official: 'https://security.debian.org', aliyun: ALIYUN }[preset];
    // Debian 12 moved firmware out of non-free: https://www.debian.org/releases/bookworm/release-notes/ch-information.html
    const parts = ['main', 'contrib', 'non-free', ...(codename === 'bullseye' ? [] : ['non-free-firmware'])];
    const former = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian*.sources'];
    return [
      apt('debian-base', keyring, `${home}/debian`, `${codename} ${codename}-updates`, parts, former),
      apt('debian-security', keyring, `${security}/debian-security`, `${codename}-security`, parts, []),
    ];
  }
  // Ubuntu has its other processors under another roof.
  const roof = machine.arch === 'amd64' ? 'ubuntu' : 'ubuntu-ports';
  const official =
    machine.arch === 'amd64' ? 'https://archive.ubuntu.com/ubuntu' : 'https://ports.ubuntu.com/ubuntu-ports';
  const home = { official, aliyun: `${ALIYUN}/${roof}` }[preset];
  const suites = ['', '-updates', '-security', '-backports'].map((part) => `${codename}${part}`).join(' ');
  const keyring = '/usr/share/keyrings/ubuntu-archive-keyring.gpg';
  const former = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/ubuntu*.sources'];
  return [apt('ubuntu-base', keyring, home, suites, ['main', 'restricted', 'universe', 'multiverse'], former)];
}
