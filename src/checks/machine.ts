import { isControlPlane } from '../model/index.js';
import { error, type HostCheck, minorOf, onHost, warning } from './check.js';
import { isOurs } from './ownership.js';

export const privileged: HostCheck = {
  before: ['apply', 'reset'],
  look: ({ machine }) =>
    machine.uid === 0
      ? []
      : [
          error(
            'IsPrivilegedUser',
            `commands run as uid ${machine.uid}, not as root`,
            'set ssh.become: { method: sudo }, or connect as root',
          ),
        ],
};

/** kubeadm constants.ControlPlaneNumCPU and ControlPlaneMem (MiB); it asks nothing of workers. */
const CONTROL_PLANE_CPUS = 2;
const CONTROL_PLANE_MIB = 1700;

export const size: HostCheck = {
  before: ['apply'],
  look({ node, machine }) {
    if (!isControlPlane(node)) return [];
    const mib = Math.floor(machine.memoryBytes / 1024 / 1024);
    return [
      ...(machine.cpus >= CONTROL_PLANE_CPUS
        ? []
        : [
            error(
              'NumCPU',
              `it has ${machine.cpus} CPU; a control plane needs ${CONTROL_PLANE_CPUS}`,
              'give it more CPUs',
            ),
          ]),
      ...(mib >= CONTROL_PLANE_MIB
        ? []
        : [error('Mem', `it has ${mib} MiB; a control plane needs ${CONTROL_PLANE_MIB}`, 'give it more memory')]),
    ];
  },
};

/** First version of each system that we stand behind. */
const OLDEST: Readonly<Record<string, number>> = {
  debian: 12,
  ubuntu: 22.04,
  rhel: 9,
  centos: 9,
  rocky: 9,
  almalinux: 9,
  ol: 9,
};

export const system: HostCheck = {
  before: ['apply'],
  look({ machine }) {
    const { os } = machine;
    const cure = 'use Debian 12 or newer, Ubuntu 22.04 or newer, or an Enterprise Linux 9 or newer';
    const oldest = OLDEST[os.id];
    const name = os.name || os.id || 'an unknown system';
    if (oldest !== undefined) {
      // No VERSION_ID: a rolling or testing release, newer than any number.
      if (os.version === '' || Number.parseFloat(os.version) >= oldest) return [];
      return [error('OperatingSystem', `${name} is too old: its kernel and packages cannot run this release`, cure)];
    }
    const kin = os.like.find((id) => id in OLDEST);
    if (kin !== undefined) return [warning('OperatingSystem', `${name} is untested; it is treated like ${kin}`, cure)];
    return [error('OperatingSystem', `${name} is not supported`, cure)];
  },
};

export const architecture: HostCheck = {
  before: ['apply'],
  look: ({ machine }) =>
    machine.arch === 'amd64' || machine.arch === 'arm64'
      ? []
      : [
          error(
            'Architecture',
            `there are no Kubernetes binaries for ${machine.arch} here`,
            'use an amd64 or arm64 host',
          ),
        ],
};

export const initSystem: HostCheck = {
  before: ['apply'],
  look: ({ machine }) =>
    machine.initSystem === 'systemd'
      ? []
      : [error('InitSystem', `process 1 is ${machine.initSystem}, not systemd`, 'use a host that boots with systemd')],
};

/** The kubelet refuses to start with active swap unless failSwapOn is false; swap that we turn off is no finding. */
export const swap: HostCheck = {
  before: ['apply'],
  look({ cluster, node, machine }) {
    if (node.system.swap === 'off' || machine.swaps.length === 0) return [];
    const said = `swap is on (${machine.swaps.join(', ')}) and the inventory keeps it`;
    if (cluster.components.kubelet['failSwapOn'] === false) {
      return [
        warning(
          'Swap',
          `${said}; memory limits of pods are then not hard`,
          'set system.swap: off, or leave it knowingly',
        ),
      ];
    }
    return [error('Swap', `${said}; the kubelet will not start`, 'set system.swap: off, or kubelet.failSwapOn: false')];
  },
};

/** As kubeadm FileExisting-*, for hosts where no package manager of ours can bring them; else the packages step does. */
const REQUIRED = ['ip', 'iptables', 'mount', 'nsenter', 'curl'];
const WELCOME = ['ebtables', 'ethtool', 'socat', 'tc', 'touch'];

export const commands: HostCheck = {
  before: ['apply'],
  look({ cluster, machine }) {
    if (machine.packageManager !== 'none') return [];
    // kubeadm asks for conntrack before 1.32 only; kube-proxy has talked netlink itself since.
    const required = (minorOf(cluster.version) ?? 0) < 32 ? [...REQUIRED, 'conntrack'] : REQUIRED;
    const missing = (names: readonly string[]): readonly string[] => names.filter((c) => !machine.commands.includes(c));
    return [
      ...missing(required).map((c) =>
        error(`FileExisting-${c}`, `${c} is not on it, and it has no apt, dnf or yum`, `install ${c} on it`),
      ),
      ...missing(WELCOME).map((c) => warning(`FileExisting-${c}`, `${c} is not on it`, `install ${c} on it`)),
    ];
  },
};

/** Our package step waits for a lock, so somebody at work is a warning; a half-done installation breaks every later one. */
export const packages: HostCheck = {
  before: ['apply'],
  look({ node, machine }) {
    if (machine.packageManagerBusy !== null) {
      return [
        warning(
          'PackageManagerBusy',
          `${machine.packageManagerBusy} holds the lock of the package manager`,
          'let it finish; never delete the lock file',
        ),
      ];
    }
    if (machine.brokenPackages.length === 0) return [];
    const repair = machine.packageManager === 'apt' ? 'dpkg --configure -a' : 'yum-complete-transaction';
    return [
      error(
        'PackageManagerBroken',
        `packages are half installed: ${machine.brokenPackages.slice(0, 5).join(', ')}`,
        onHost(node, repair),
      ),
    ];
  },
};

/** Under enforcing SELinux containers need the rules of container-selinux; the inventory may bring that package. */
export const selinux: HostCheck = {
  before: ['apply'],
  look({ node, machine }) {
    const { selinux: wanted, packages: brought } = node.system;
    if (machine.selinux !== 'enforcing' || wanted === 'permissive') return [];
    if (machine.containerSelinux || brought.includes('container-selinux')) return [];
    return [
      error(
        'SELinux',
        'SELinux is enforcing and the rules for containers (container-selinux) are not there',
        'set system.packages: [container-selinux], or system.selinux: permissive',
      ),
    ];
  },
};

/** A living cluster never goes back, nor over a minor release (kubernetes.io/releases/version-skew-policy). */
export const kubeletVersion: HostCheck = {
  before: ['apply'],
  look(subject) {
    const { cluster, node, machine } = subject;
    const found = minorOf(machine.kubeletVersion ?? '');
    const wanted = minorOf(cluster.version);
    if (found === null || wanted === null || !isOurs(subject)) return [];
    const said = `its kubelet is ${machine.kubeletVersion}, the inventory says ${cluster.version}`;
    if (found > wanted) {
      return [error('KubeletVersion', `${said}: a cluster cannot go back`, `set version: 1.${found}`)];
    }
    const most = isControlPlane(node) ? 1 : 3;
    if (wanted - found <= most) return [];
    return [error('KubeletVersion', `${said}: too far in one step`, `set version: 1.${found + 1} first`)];
  },
};
