// What a package of the lab's mirror is, and the packages of the distributions' own repositories, as data. Their programs are
// Debian's or built here; names, versions and dependencies are those of the publisher whom the lab stands in for.
// Knows nothing of how a package is made or where it is offered.
import type { BinaryRef } from './mirror-content.js';

/** Where a file of a package comes from. */
export type FileSource =
  | { readonly build: BinaryRef }
  /** A Debian package, and the path inside it. */
  | { readonly debian: string; readonly path: string }
  /** A file of lab/. */
  | { readonly recipe: string }
  | { readonly link: string }
  | { readonly folder: true };

export interface PackageSpec {
  readonly name: string;
  readonly epoch?: number;
  /** Upstream's. */
  readonly version: string;
  readonly release: string;
  readonly format: 'rpm' | 'deb';
  /** The same for every architecture. */
  readonly noarch?: true;
  /** What it is; a stand-in says so. */
  readonly summary: string;
  /** By path on the host. What lies in /etc belongs to the administrator once it is there. */
  readonly files?: Readonly<Record<string, FileSource>>;
  readonly depends?: readonly string[];
  readonly provides?: readonly string[];
  readonly conflicts?: readonly string[];
  /** Scripts of lab/packages/ that run before and after the installation. */
  readonly before?: string;
  readonly after?: string;
}

/** A release of Enterprise Linux that lab hosts are like. */
export type EnterpriseLinux = 7 | 8 | 9;

/** Files of one Debian package under their own paths. */
export const debianFiles = (debian: string, ...paths: readonly string[]): Readonly<Record<string, FileSource>> =>
  Object.fromEntries(paths.map((path) => [path, { debian, path }]));

/** A package of an Enterprise Linux: name, `version-release` without the `.elN`, what it is, what is in it. */
const rpm = (
  name: string,
  version: string,
  summary: string,
  rest: Partial<PackageSpec> = {},
): ((el: EnterpriseLinux) => PackageSpec) => {
  const [upstream = '', release = '1'] = version.split('-');
  return (el) => ({ name, version: upstream, release: `${release}.el${el}`, format: 'rpm', summary, ...rest });
};

const standIn = (what: string): string => `${what} (an empty stand-in of the lab)`;
const python = '/usr/lib/python3/dist-packages';
const versionLock = `${python}/dnf-plugins/versionlock.py`;
const lib = '/usr/lib/{triplet}';

const everywhere = [
  rpm('bash-completion', '2.11-5', 'Completion for bash', {
    noarch: true,
    files: debianFiles(
      'bash-completion',
      '/usr/share/bash-completion/bash_completion',
      '/etc/profile.d/bash_completion.sh',
    ),
    depends: ['bash'],
  }),
  rpm('conntrack-tools', '1.4.7-2', 'Connection tracking of the kernel, at the command line', {
    files: debianFiles('conntrack', '/usr/sbin/conntrack'),
    depends: ['libnetfilter_conntrack', 'libnetfilter_cthelper', 'libnetfilter_cttimeout', 'libnetfilter_queue'],
    provides: ['conntrack = 1.4.7-2'],
  }),
  rpm('libnetfilter_cthelper', '1.0.0-22', 'Library of conntrack-tools', {
    files: libraryFiles('libnetfilter-cthelper0', 'libnetfilter_cthelper.so.0', '0.0'),
  }),
  rpm('libnetfilter_cttimeout', '1.0.0-19', 'Library of conntrack-tools', {
    files: libraryFiles('libnetfilter-cttimeout1', 'libnetfilter_cttimeout.so.1', '0.0'),
  }),
  rpm('libnetfilter_queue', '1.0.5-1', 'Library of conntrack-tools', {
    files: libraryFiles('libnetfilter-queue1', 'libnetfilter_queue.so.1', '5.0'),
  }),
  rpm('ethtool', '6.2-1', 'Settings of network cards', {
    files: { '/usr/sbin/ethtool': { debian: 'ethtool', path: '/sbin/ethtool' } },
    depends: ['libmnl'],
  }),
  rpm('ipset', '7.11-8', 'Sets of addresses in the kernel', {
    files: debianFiles('ipset', '/usr/sbin/ipset'),
    depends: ['ipset-libs'],
  }),
  rpm('ipvsadm', '1.31-6', 'Virtual servers of the kernel', {
    files: Object.fromEntries(
      ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'].map((name) => [
        `/usr/sbin/${name}`,
        { debian: 'ipvsadm', path: `/sbin/${name}` },
      ]),
    ),
    depends: ['libnl3', 'popt'],
  }),
  rpm('socat', '1.7.4.1-5', 'Relay between two addresses', { files: debianFiles('socat', '/usr/bin/socat') }),
  rpm('container-selinux', '2.229.0-1', standIn('SELinux policy for containers'), { epoch: 2, noarch: true }),
  rpm('device-mapper-persistent-data', '1.0.9-2', standIn('Tools for thin provisioning')),
  rpm('lvm2', '2.03.21-3', standIn('Logical volumes')),
  rpm('wget', '1.21.1-7', 'Fetches files by HTTP', { files: debianFiles('wget', '/usr/bin/wget') }),
];

function libraryFiles(debian: string, soname: string, rest: string): Readonly<Record<string, FileSource>> {
  const file = `${soname}.${rest}`;
  return { ...debianFiles(debian, `${lib}/${file}`), [`${lib}/${soname}`]: { link: file } };
}

/** What only some have: iproute was split after 7, and 8 and 9 come with chrony. */
const perRelease: Readonly<Record<EnterpriseLinux, readonly ((el: EnterpriseLinux) => PackageSpec)[]>> = {
  7: [
    rpm('chrony', '3.4-1', 'Keeps the time', {
      files: {
        ...debianFiles('chrony', '/usr/bin/chronyc', '/usr/sbin/chronyd'),
        '/usr/lib/systemd/system/chronyd.service': {
          recipe: 'hosts/chrony/files/usr/lib/systemd/system/chronyd.service',
        },
        '/etc/chrony.conf': { recipe: 'hosts/chrony/files/etc/chrony.conf' },
        '/var/lib/chrony': { folder: true },
        '/var/log/chrony': { folder: true },
      },
      before: 'chrony/before.sh',
      after: 'units.sh',
    }),
    rpm('ntpdate', '4.2.6p5-29', 'Sets the clock once (ntpsec)', {
      files: {
        ...debianFiles('ntpsec-ntpdate', '/usr/sbin/ntpdate'),
        ...debianFiles('ntpsec-ntpdig', '/usr/bin/ntpdig'),
        ...debianFiles(
          'python3-ntp',
          ...[
            '__init__',
            'agentx',
            'agentx_packet',
            'control',
            'magic',
            'ntpc',
            'packet',
            'poly',
            'statfiles',
            'util',
          ].map((name) => `${python}/ntp/${name}.py`),
        ),
        ...libraryFilesIn('python3-ntp', `${lib}/ntp`, 'libntpc.so.1', '1.0'),
      },
    }),
    yumUtils('1.1.31-54'),
    rpm('yum-plugin-versionlock', '1.1.31-54', 'Keeps packages at a version', {
      files: {
        ...debianFiles('dnf-plugins-core', versionLock),
        '/etc/yum/pluginconf.d/versionlock.conf': { recipe: 'packages/yum/versionlock.conf' },
        '/etc/yum/pluginconf.d/versionlock.list': {
          debian: 'dnf-plugins-core',
          path: '/etc/dnf/plugins/versionlock.list',
        },
      },
      noarch: true,
    }),
    rpm('kernel', '3.10.0-1160.119.1', standIn('The Linux kernel')),
    rpm('bash-completion-extras', '2.1-11', standIn('Further completion for bash'), { noarch: true }),
  ],
  8: [...sinceEight(), rpm('kernel', '4.18.0-348.7.1', standIn('The Linux kernel'))],
  9: [...sinceEight(), rpm('kernel', '5.14.0-503.1.1', standIn('The Linux kernel'))],
};

function libraryFilesIn(debian: string, folder: string, soname: string, rest: string) {
  const file = `${soname}.${rest}`;
  return {
    ...debianFiles(debian, `${folder}/${file}`),
    [`${folder}/${soname}`]: { link: file },
    [`${folder}/${soname.replace(/\.\d+$/, '')}`]: { link: file },
  };
}

function yumUtils(version: string) {
  const program = '/usr/libexec/dnf-utils-3';
  const names = [
    'needs-restarting',
    'repoclosure',
    'repoquery',
    'reposync',
    'repotrack',
    'yum-config-manager',
    'yumdownloader',
  ];
  return rpm('yum-utils', version, 'yum-config-manager and other tools of repositories', {
    files: {
      ...debianFiles('dnf-plugins-core', program),
      ...Object.fromEntries(names.map((name) => [`/usr/bin/${name}`, { link: program }])),
    },
    noarch: true,
  });
}

function sinceEight() {
  return [
    rpm('iproute-tc', '6.2.0-6', 'Traffic control', {
      files: { '/usr/sbin/tc': { debian: 'iproute2', path: '/sbin/tc' } },
      depends: ['iproute'],
    }),
    yumUtils('4.3.0-13'),
    rpm('python3-dnf-plugin-versionlock', '4.3.0-13', 'Keeps packages at a version', {
      files: debianFiles(
        'dnf-plugins-core',
        ...[versionLock, '/etc/dnf/plugins/versionlock.conf', '/etc/dnf/plugins/versionlock.list'],
      ),
      noarch: true,
    }),
  ];
}

/** Everything of a release's own repositories and EPEL. */
export const distributionPackages = (el: EnterpriseLinux): readonly PackageSpec[] =>
  [...everywhere, ...perRelease[el]].map((make) => make(el));
