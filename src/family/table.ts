import { type MachineFacts, type Node, ProvisionError } from '../model/index.js';

/** A family of operating systems: what a step has to know of it. A difference between distributions is a field here, never a branch there. */
export interface Family {
  readonly id: string;
  readonly title: string;
  readonly packageManager: 'apt' | 'dnf' | 'yum';
  /** How its repositories are written. */
  readonly repositories: 'apt' | 'yum';
  /** The release of Enterprise Linux whose third-party repositories fit; null: none do. */
  readonly enterpriseLinux: number | null;
  /** What kubelet, kube-proxy and the runtime call; kubeadm's preflight asks for most of it. */
  readonly packages: readonly string[];
  /** Beside them, by kube-proxy's mode. */
  readonly proxyPackages: Readonly<Record<'iptables' | 'ipvs' | 'nftables', readonly string[]>>;
  /** What keeps the time: chrony as a service, or ntpdate by cron, as Enterprise Linux 7 is run. */
  readonly time: TimeClient;
  /** What brings the distribution's own kernel. */
  readonly kernel: KernelPackage;
  /** Series of ELRepo's long-term kernel (elrepo.org, kernel-lt); null: there is none. */
  readonly longTermKernel: string | null;
  /** The command completion of bash. */
  readonly completionPackage: string;
  /** Where the host's own certificate authorities lie beside /etc/ssl/certs, and what that links to. */
  readonly certificateFolders: readonly string[];
  /** Where administrators keep flags of the kubelet's; its packages read them there. */
  readonly kubeletDefaults: string;
}

/** Debian's systems have one package per flavour of the kernel; the flavour ends the kernel's release. */
export interface KernelPackage {
  readonly name: string;
  /** Finds the flavour in `uname -r`; null: there is one package. */
  readonly flavour: RegExp | null;
  /** Where the kernel that runs is none of the distribution's; null: the architecture. */
  readonly usual: string | null;
}

export interface TimeClient {
  readonly client: 'chrony' | 'ntpdate';
  readonly chronyUnit: string;
  /** A file of ours that chrony reads beside its own; null: chrony.conf reads no folder, and gets a block. */
  readonly chronyServers: string | null;
  readonly chronyConf: string;
}

const RED_HAT_TIME: TimeClient = {
  client: 'chrony',
  chronyUnit: 'chronyd.service',
  // Red Hat's chrony.conf reads no directory that is ours to write.
  chronyServers: null,
  chronyConf: '/etc/chrony.conf',
};

const RED_HAT = {
  repositories: 'yum',
  packageManager: 'dnf',
  proxyPackages: { iptables: [], ipvs: ['ipvsadm'], nftables: ['nftables'] },
  time: RED_HAT_TIME,
  kernel: { name: 'kernel', flavour: null, usual: null },
  longTermKernel: null,
  completionPackage: 'bash-completion',
  certificateFolders: ['/etc/pki/ca-trust', '/etc/pki/tls/certs'],
  kubeletDefaults: '/etc/sysconfig/kubelet',
} as const;

const RED_HAT_PACKAGES = [
  'ca-certificates',
  'conntrack-tools',
  'ethtool',
  'iproute',
  'ipset',
  'kmod',
  'openssl',
].concat(['procps-ng', 'socat', 'tar', 'util-linux']);

const DEBIAN = {
  packageManager: 'apt',
  repositories: 'apt',
  enterpriseLinux: null,
  packages: ['ca-certificates', 'conntrack', 'curl', 'ebtables', 'ethtool', 'iproute2', 'ipset', 'iptables'].concat([
    'kmod',
    'mount',
    'openssl',
    'procps',
    'socat',
    'tar',
    'util-linux',
  ]),
  proxyPackages: { iptables: [], ipvs: ['ipvsadm'], nftables: ['nftables'] },
  time: {
    client: 'chrony',
    chronyUnit: 'chrony.service',
    chronyServers: '/etc/chrony/conf.d/90-provision.conf',
    chronyConf: '/etc/chrony/chrony.conf',
  },
  kernel: { name: 'linux-image-', flavour: /-((?:cloud-|rt-)?(?:amd64|arm64))$/, usual: null },
  longTermKernel: null,
  completionPackage: 'bash-completion',
  certificateFolders: ['/etc/ca-certificates', '/usr/local/share/ca-certificates', '/usr/share/ca-certificates'],
  kubeletDefaults: '/etc/default/kubelet',
} as const;

export const families: readonly Family[] = [
  {
    ...RED_HAT,
    id: 'el7',
    longTermKernel: '5.4',
    title: 'Enterprise Linux 7',
    packageManager: 'yum',
    enterpriseLinux: 7,
    // tc is part of iproute; ebtables and iptables are programs of their own.
    packages: [...RED_HAT_PACKAGES, 'curl', 'ebtables', 'iptables'],
    time: { ...RED_HAT_TIME, client: 'ntpdate' },
  },
  {
    ...RED_HAT,
    id: 'el8',
    longTermKernel: '5.4',
    title: 'Enterprise Linux 8',
    enterpriseLinux: 8,
    packages: [...RED_HAT_PACKAGES, 'curl', 'iproute-tc', 'iptables', 'iptables-ebtables'],
  },
  {
    ...RED_HAT,
    id: 'el9',
    longTermKernel: '6.1',
    title: 'Enterprise Linux 9',
    enterpriseLinux: 9,
    // ebtables is part of iptables-nft, tc of iproute-tc, and curl-minimal is curl enough.
    packages: [...RED_HAT_PACKAGES, 'iproute-tc', 'iptables-nft'],
  },
  {
    ...RED_HAT,
    id: 'el10',
    longTermKernel: '6.12',
    title: 'Enterprise Linux 10',
    enterpriseLinux: 10,
    // br_netfilter, IP sets and the matches of iptables went into a package of their own that images leave out (kops pull request 18724).
    packages: [...RED_HAT_PACKAGES, 'iproute-tc', 'iptables-nft', 'kernel-modules-extra'],
  },
  {
    ...RED_HAT,
    id: 'openeuler',
    title: 'openEuler',
    enterpriseLinux: 8,
    // Its iproute brings tc, and its iptables is one package.
    packages: [...RED_HAT_PACKAGES, 'curl', 'ebtables', 'iptables'],
  },
  { ...DEBIAN, id: 'debian', title: 'Debian' },
  {
    ...DEBIAN,
    id: 'ubuntu',
    title: 'Ubuntu',
    kernel: { name: 'linux-image-', flavour: /^\d+\.\d+\.\d+-\d+-([a-z][a-z0-9-]*)$/, usual: 'generic' },
  },
];

export function familyById(id: string): Family {
  const found = families.find((family) => family.id === id);
  if (found === undefined) throw new ProvisionError('INTERNAL', `no such family of operating systems: ${id}`);
  return found;
}

/** The package that brings the newest kernel of the kind that runs: `kernel`, `linux-image-cloud-amd64`, `linux-image-generic`. */
export function kernelPackage({ family, kernel, arch }: Pick<MachineFacts, 'family' | 'kernel' | 'arch'>): string {
  const { name, flavour, usual } = familyById(family).kernel;
  return flavour === null ? name : `${name}${flavour.exec(kernel)?.[1] ?? usual ?? arch}`;
}

/** The kernel that a host will run when it joins: ELRepo's where the inventory brings it, else the one that it has, or one like it. */
export function kernelToBe({ system }: Pick<Node, 'system'>, { family, kernel, clusterCa }: MachineFacts): string {
  const series = system.kernel === 'elrepo-lt' && clusterCa === null ? familyById(family).longTermKernel : null;
  return series ?? kernel;
}
