import { kernelToBe } from '../family/index.js';
import type { MachineFacts } from '../model/index.js';
import { type Draft, error, type HostCheck, type Subject, tells, warning } from './check.js';

/** kubeadm's SystemVerification: k8s.io/system-validators, of the version that each kubeadm has (src/release/traits.ts). */
const NAME = 'SystemVerification';

/** Old enough to be compared: `5.4` -> 5004; null: no version. */
function kernelNumber(version: string): number | null {
  const [, major, second] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined ? null : Number(major) * 1000 + Number(second);
}

export const kernelVersion: HostCheck = {
  tells: [
    tells(
      'SystemVerification',
      'error or warning',
      'the kernel is new enough for the release (3.10 until 1.23, 5.4 from 1.34) and one that Kubernetes names',
      'a system with a newer kernel',
    ),
  ],
  before: ['apply'],
  look({ cluster, node, machine, release: { host } }) {
    const running = kernelToBe(node, machine);
    const [kernel, least] = [kernelNumber(running), kernelNumber(host.leastKernel)];
    if (kernel === null || least === null) return [];
    if (kernel < least) {
      return [
        error(
          NAME,
          `kernel release ${running} is unsupported by Kubernetes ${cluster.version}: it needs ${host.leastKernel} or newer`,
          'use a system with a newer kernel (Debian 12, Ubuntu 22.04 and Enterprise Linux 9 have one), on Enterprise Linux system.kernel: elrepo-lt, or an older release',
        ),
      ];
    }
    // The 5.14 of Enterprise Linux 9 is its vendor's long-term kernel.
    const isNamed = kernel >= 6000 || host.namedKernels?.some((named) => kernelNumber(named) === kernel) !== false;
    if (isNamed || /\.el9/.test(running)) return [];
    return [
      warning(
        NAME,
        `kernel release ${running} is none of those that Kubernetes names: ${host.namedKernels?.join(', ')}, 6.x`,
        'use a long-term kernel when there is one',
      ),
    ];
  },
};

/** The inventory's word for a kernel counts for hosts that join; here it came too late, and that is said. */
export const kernelOfNode: HostCheck = {
  tells: [
    tells(
      'Kernel',
      'warning',
      'a node of the cluster runs the kernel that `system.kernel: elrepo-lt` asks for; no node is restarted for it',
      'drain it, `reset` it, and let it join again',
    ),
  ],
  before: ['apply'],
  look({ node, machine }) {
    if (node.system.kernel !== 'elrepo-lt' || machine.clusterCa === null || /\.elrepo\./.test(machine.kernel))
      return [];
    return [
      warning(
        'Kernel',
        `it is a node already and runs ${machine.kernel}: system.kernel: elrepo-lt does not restart it`,
        `drain it, then provision reset --limit ${node.name} and apply, or change its kernel by hand`,
      ),
    ];
  },
};

const REQUIRED =
  'NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT FAIR_GROUP_SCHED CGROUPS CGROUP_PIDS CGROUP_SCHED';
const REQUIRED_V1 = 'CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER';
const REQUIRED_V2 = 'CGROUP_BPF';
const ALIASES: Readonly<Record<string, string>> = { NETFILTER_XT_TARGET_REDIRECT: 'IP_NF_TARGET_REDIRECT' };

export const kernelConfig: HostCheck = {
  tells: [
    tells(
      'SystemVerification',
      'error',
      'the kernel is built with what Kubernetes needs',
      "the distribution's own kernel",
    ),
  ],
  before: ['apply'],
  look({ machine }) {
    const config = machine.kernelConfig;
    if (config === null) return [];
    const missing = `${REQUIRED} ${machine.cgroup === 'v2' ? REQUIRED_V2 : REQUIRED_V1}`
      .split(' ')
      .filter((option) => !isBuilt(config, option) && !isBuilt(config, ALIASES[option] ?? option));
    if (missing.length === 0) return [];
    return [
      error(NAME, `its kernel is built without ${missing.join(', ')}`, "boot the distribution's own kernel package"),
    ];
  },
};

const isBuilt = (config: Readonly<Record<string, string>>, option: string): boolean =>
  config[option] === 'y' || config[option] === 'm';

/** What kube-proxy's mode needs of the kernel, whether built in or as a module: https://kubernetes.io/docs/reference/networking/virtual-ips/ */
const MODE_OPTIONS = {
  iptables: [],
  ipvs: ['IP_VS', 'IP_VS_RR', 'IP_VS_WRR', 'IP_VS_SH'],
  nftables: ['NF_TABLES'],
} as const;

export const proxyMode: HostCheck = {
  tells: [
    tells(
      'ProxyMode',
      'error',
      'the kernel has what `proxyMode` needs: IPVS, or nftables and 5.13',
      '`proxyMode: iptables`, or a kernel that has it',
    ),
  ],
  before: ['apply'],
  look({ cluster, machine }) {
    const cure = 'set proxyMode: iptables (or another one that its kernel has), or boot a kernel that has it';
    if (cluster.proxyMode === 'nftables' && (kernelNumber(machine.kernel) ?? 0) < 5013) {
      return [error('ProxyMode', `its kernel is ${machine.kernel}; proxyMode: nftables needs 5.13 or newer`, cure)];
    }
    const config = machine.kernelConfig;
    if (config === null) return [];
    const missing = MODE_OPTIONS[cluster.proxyMode].filter((option) => !isBuilt(config, option));
    if (missing.length === 0) return [];
    const said = `its kernel is built without ${missing.join(', ')}, which proxyMode: ${cluster.proxyMode} needs`;
    return [error('ProxyMode', said, cure)];
  },
};

/** https://docs.tigera.io/calico/3.31/getting-started/kubernetes/requirements: 5.10, or that of Enterprise Linux 8, which has what it needs. */
const CALICO_KERNEL = '5.10';
/** The same page (kernel dependencies), and the link of each encapsulation. */
const CALICO_OPTIONS = ['IP_SET', 'IP_SET_HASH_IP', 'IP_SET_HASH_NET', 'NETFILTER_XT_SET'].concat([
  'NETFILTER_XT_MATCH_ADDRTYPE',
  'NETFILTER_XT_MATCH_CONNTRACK',
  'NETFILTER_XT_MATCH_MULTIPORT',
  'IP_NF_MATCH_RPFILTER',
]);
const ENCAPSULATION_OPTIONS = { vxlan: ['VXLAN'], ipip: ['NET_IPIP'], none: [] } as const;

function calicoKernel({ node, machine }: Subject): readonly Draft[] {
  const running = kernelToBe(node, machine);
  const [kernel, least] = [kernelNumber(running), kernelNumber(CALICO_KERNEL)];
  if (kernel === null || least === null || kernel >= least || /\.el8(?!\.elrepo)/.test(running)) return [];
  const said = `calico is made for kernel ${CALICO_KERNEL} and newer; this one is ${running}`;
  return [warning('Calico', said, 'use a system with a newer kernel, or set network: flannel')];
}

/** Felix writes rules with these and restarts for ever where one is missing. */
export const calico: HostCheck = {
  tells: [
    tells(
      'Calico',
      'error',
      'with calico: the kernel has IP sets, the matches that Felix uses, and the link of `encapsulation`',
      'another `encapsulation`, `network: flannel`, or a kernel that has them',
    ),
    tells(
      'Calico',
      'warning',
      `with calico: the kernel is ${CALICO_KERNEL} or newer, or Enterprise Linux 8's`,
      'a system with a newer kernel, `network: flannel`',
    ),
  ],
  before: ['apply'],
  look(subject) {
    const { network } = subject.cluster;
    return network.plugin === 'calico' ? [...calicoKernel(subject), ...calicoOptions(subject)] : [];
  },
};

function calicoOptions({ cluster: { network }, machine }: Subject): readonly Draft[] {
  const config = machine.kernelConfig;
  if (config === null) return [];
  const link = ENCAPSULATION_OPTIONS[network.encapsulation].filter((option) => !isBuilt(config, option));
  const missing = [...CALICO_OPTIONS.filter((option) => !isBuilt(config, option)), ...link];
  if (missing.length === 0) return [];
  const other = link.length === missing.length ? 'another network.encapsulation' : 'network: flannel';
  return [
    error(
      'Calico',
      `its kernel is built without ${missing.join(', ')}, which calico needs`,
      `${other}, or boot the distribution's own kernel package`,
    ),
  ];
}

/** Hybrid works as v1. */
export const cgroups: HostCheck = {
  tells: [
    tells(
      'SystemVerification',
      'error or warning',
      'cgroup v2, or v1 and a kubelet that takes it (until 1.34, or when told so); before 1.19 v1 only; every controller is on',
      'boot with cgroup v2; `kubelet.failCgroupV1: false`',
    ),
  ],
  before: ['apply'],
  look: (subject) => [...cgroupVersion(subject), ...missing(subject.machine)],
};

function cgroupVersion({ cluster, machine, release: { host } }: Subject): readonly Draft[] {
  if (machine.cgroup === 'v2') {
    if (host.cgroupV2) return [];
    const said = `it uses cgroup v2, which the kubelet of Kubernetes ${cluster.version} does not know`;
    return [error(NAME, said, 'boot it with systemd.unified_cgroup_hierarchy=0, or set a newer release')];
  }
  if (host.cgroupV1 === 'taken') return [];
  const said = `it uses cgroup v1${machine.cgroup === 'hybrid' ? ' (hybrid)' : ''}`;
  const move = 'boot it with systemd.unified_cgroup_hierarchy=1';
  if (host.cgroupV1 === 'refused' && cluster.components.kubelet['failCgroupV1'] !== false) {
    return [error(NAME, `${said}, which the kubelet refuses`, `${move}, or set kubelet.failCgroupV1: false`)];
  }
  return [warning(NAME, `${said}, which Kubernetes is about to drop`, move)];
}

function missing(machine: MachineFacts): readonly Draft[] {
  // In v2 devices and freezer are the kernel's own and are in no list (since 4.15 and 5.2).
  const needed =
    machine.cgroup === 'v2'
      ? ['cpu', 'cpuset', 'memory', 'pids']
      : ['cpu', 'cpuacct', 'cpuset', 'devices', 'freezer', 'memory', 'pids'];
  const absent = needed.filter((controller) => !machine.cgroupControllers.includes(controller));
  if (absent.length === 0) return [];
  const memory = absent.includes('memory') ? ' (some boards need cgroup_enable=memory on the kernel command line)' : '';
  return [
    error(NAME, `these cgroup controllers are missing: ${absent.join(', ')}`, `enable them in the kernel${memory}`),
  ];
}
