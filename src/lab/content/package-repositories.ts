// The package repositories of the lab's mirror as data: which packages each offers, under which URLs, and where its key lies.
// Knows nothing of how they are made.
import type { LabVersions } from './components.js';
import { distributionPackages, type EnterpriseLinux, type PackageSpec } from './packages.js';
import { dockerPackages } from './packages-docker.js';
import { isLegacy, kubernetesPackages } from './packages-kubernetes.js';
import { rootPackages } from './packages-root.js';

export interface PackageRepository {
  readonly format: PackageSpec['format'];
  /** Where it is served; `{machine}` is the machine as rpm calls it. The first is the place itself, the others lead there. */
  readonly urls: readonly string[];
  readonly packages: readonly PackageSpec[];
  /** Of a Debian repository; without it the repository is flat. */
  readonly suite?: { readonly name: string; readonly component: string };
}

/** A .repo file as its publisher offers it for download: the URLs in it are the publisher's own. */
export interface RepositoryFile {
  readonly url: string;
  readonly sections: readonly { readonly id: string; readonly baseUrl: string; readonly key: string }[];
}

const aliyun = 'https://mirrors.aliyun.com';
const docker = 'https://download.docker.com/linux';
const google = 'https://packages.cloud.google.com';
/** Fedora keeps what it had for 7 in its archive. */
const epelRoots = [
  `${aliyun}/epel`,
  'https://dl.fedoraproject.org/pub/epel',
  'https://archives.fedoraproject.org/pub/archive/epel',
];
const stream = 'https://mirror.stream.centos.org';
const vault = 'https://vault.centos.org';
const systems: readonly EnterpriseLinux[] = [7, 8, 9];

interface Part {
  readonly urls: readonly string[];
  /** Packages that lie here and not in the first part. */
  readonly names?: readonly string[];
}

/** The first part has what no other names. */
const parts: Readonly<Record<EnterpriseLinux, readonly Part[]>> = {
  7: [
    { urls: el7('os') },
    { urls: el7('updates'), names: ['kernel'] },
    { urls: el7('extras'), names: ['container-selinux'] },
    { urls: epel('7'), names: ['bash-completion-extras'] },
  ],
  8: [
    { urls: el8('BaseOS') },
    { urls: el8('AppStream'), names: ['container-selinux', 'ipvsadm', 'socat', 'wget'] },
    { urls: el8('extras') },
    { urls: el8('PowerTools') },
    { urls: epel('8/Everything') },
  ],
  9: [
    { urls: el9('BaseOS') },
    { urls: el9('AppStream'), names: ['conntrack-tools', 'container-selinux', 'ipvsadm', 'socat', 'wget'] },
    { urls: el9('CRB') },
    {
      urls: [`${aliyun}/centos-stream`, stream].map((root) => `${root}/SIGs/9-stream/extras/{machine}/extras-common`),
    },
    { urls: epel('9/Everything') },
  ],
};

function el7(part: string): readonly string[] {
  const ofRelease = [`${aliyun}/centos/7`, `${aliyun}/centos-vault/7.9.2009`, `${vault}/7.9.2009`];
  return [...ofRelease, 'https://mirror.centos.org/centos/7'].map((root) => `${root}/${part}/{machine}`);
}

function el8(part: string): readonly string[] {
  return [aliyun, ''].flatMap((mirror) =>
    ['8.5.2111', '8-stream'].map((release) => {
      const root = mirror === '' ? vault : `${mirror}/centos-vault`;
      return `${root}/${release}/${part}/{machine}/os`;
    }),
  );
}

function el9(part: string): readonly string[] {
  return [`${aliyun}/centos-stream`, stream].map((root) => `${root}/9-stream/${part}/{machine}/os`);
}

function epel(release: string): readonly string[] {
  return epelRoots.map((root) => `${root}/${release}/{machine}`);
}

function distribution(el: EnterpriseLinux): readonly PackageRepository[] {
  const own = distributionPackages(el);
  const packages = [...own, ...rootPackages(el).filter(({ name }) => own.every((one) => one.name !== name))];
  const elsewhere = parts[el].flatMap(({ names = [] }) => names);
  return parts[el].map(({ urls, names = [] }, index) => ({
    format: 'rpm',
    urls,
    packages: packages.filter(({ name }) => (index === 0 ? !elsewhere.includes(name) : names.includes(name))),
  }));
}

/** The long-term kernel of each; 7 has had its last. */
const longTerm: Readonly<Record<EnterpriseLinux, string>> = { 7: '5.4.278', 8: '5.4.296', 9: '6.1.141' };

const elrepo = (el: EnterpriseLinux): PackageRepository => ({
  format: 'rpm',
  urls: ['https://elrepo.org/linux', `${aliyun}/elrepo`, `${aliyun}/elrepo/archive`].map(
    (root) => `${root}/kernel/el${el}/{machine}`,
  ),
  packages: [
    {
      name: 'kernel-lt',
      version: longTerm[el],
      release: `1.el${el}.elrepo`,
      format: 'rpm',
      summary: 'The long-term Linux kernel (an empty stand-in of the lab)',
    },
  ],
});

const dockerRoots = (system: string): readonly string[] =>
  [`${aliyun}/docker-ce/linux`, docker].map((root) => `${root}/${system}`);

const dockerFor = (el: EnterpriseLinux, versions: LabVersions): PackageRepository => ({
  format: 'rpm',
  urls: dockerRoots('centos').map((root) => `${root}/${el}/{machine}/stable`),
  packages: dockerPackages(el, versions),
});

function kubernetes(versions: LabVersions, format: PackageSpec['format']): PackageRepository {
  const packages = kubernetesPackages(versions, format);
  if (!isLegacy(versions.kubernetes)) {
    const minor = `v${versions.kubernetes.split('.').slice(0, 2).join('.')}`;
    const roots = [`${aliyun}/kubernetes-new/core/stable`, 'https://pkgs.k8s.io/core:/stable:'];
    return { format, urls: roots.map((root) => `${root}/${minor}/${format}`), packages };
  }
  if (format === 'deb') {
    const suite = { name: 'kubernetes-xenial', component: 'main' };
    return { format, urls: [`${aliyun}/kubernetes/apt`], packages, suite };
  }
  const roots = [`${aliyun}/kubernetes`, google];
  return { format, urls: roots.map((root) => `${root}/yum/repos/kubernetes-el7-{machine}`), packages };
}

/** Every repository beside Debian's own. Pure. */
export const packageRepositories = (versions: LabVersions): readonly PackageRepository[] => [
  ...systems.flatMap((el) => [...distribution(el), elrepo(el), dockerFor(el, versions)]),
  {
    format: 'deb',
    urls: dockerRoots('debian'),
    packages: dockerPackages('debian', versions),
    suite: { name: 'bookworm', component: 'stable' },
  },
  kubernetes(versions, 'rpm'),
  kubernetes(versions, 'deb'),
];

/** Where publishers keep their keys: they do not go by the release. What goes with a repository lies in it. */
export const keyUrls: readonly string[] = [
  ...[`${aliyun}/kubernetes`, google].flatMap((root) => [
    `${root}/yum/doc/yum-key.gpg`,
    `${root}/yum/doc/rpm-package-key.gpg`,
    `${root}/apt/doc/apt-key.gpg`,
  ]),
  ...['centos', 'debian'].flatMap(dockerRoots).map((root) => `${root}/gpg`),
  ...[`${aliyun}/centos`, `${aliyun}/centos-vault`, vault, 'https://www.centos.org/keys'].flatMap((root) => [
    `${root}/RPM-GPG-KEY-CentOS-7`,
    `${root}/RPM-GPG-KEY-CentOS-Official`,
  ]),
  `${aliyun}/centos-stream/RPM-GPG-KEY-CentOS-Official`,
  ...epelRoots.flatMap((root) => systems.map((el) => `${root}/RPM-GPG-KEY-EPEL-${el}`)),
  ...['https://www.elrepo.org', `${aliyun}/elrepo`].flatMap((root) => [
    `${root}/RPM-GPG-KEY-elrepo.org`,
    `${root}/RPM-GPG-KEY-v2-elrepo.org`,
  ]),
];

export const repositoryFiles: readonly RepositoryFile[] = [
  {
    url: `${aliyun}/repo/Centos-7.repo`,
    sections: ['base:os', 'updates:updates', 'extras:extras'].map((pair) => {
      const [id = '', part] = pair.split(':');
      const baseUrl = `${aliyun}/centos/$releasever/${part}/$basearch/`;
      return { id, baseUrl, key: `${aliyun}/centos/RPM-GPG-KEY-CentOS-7` };
    }),
  },
  {
    url: `${aliyun}/repo/epel-7.repo`,
    sections: [{ id: 'epel', baseUrl: `${aliyun}/epel/7/$basearch`, key: `${aliyun}/epel/RPM-GPG-KEY-EPEL-7` }],
  },
  ...dockerRoots('centos').map((root) => ({
    url: `${root}/docker-ce.repo`,
    sections: [{ id: 'docker-ce-stable', baseUrl: `${root}/$releasever/$basearch/stable`, key: `${root}/gpg` }],
  })),
];
