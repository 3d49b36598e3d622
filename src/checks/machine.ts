import { familyById, findFamily } from '../family/index.js';
import { isControlPlane } from '../model/index.js';
import { knownVersions, kubeletSkew, minorOf, upgradeSkew } from '../release/index.js';
import { error, type HostCheck, tells, warning } from './check.js';
import { isOurs } from './ownership.js';

export const privileged: HostCheck = {
  tells: [tells('IsPrivilegedUser', 'error', 'commands run as root', '`ssh.become: { method: sudo }`')],
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
  tells: [
    tells('NumCPU', 'error', 'a control plane has 2 CPUs', 'more CPUs'),
    tells('Mem', 'error', 'a control plane has 1700 MiB of memory', 'more memory'),
  ],
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

export const system: HostCheck = {
  tells: [
    tells(
      'OperatingSystem',
      'error or warning',
      'a system that is supported (error), or at least its kin (warning)',
      'Debian 11+, Ubuntu 22.04+, Enterprise Linux 7+',
    ),
  ],
  before: ['apply'],
  look({ machine }) {
    const { os, packageManager } = machine;
    const { family, fit } = findFamily(os, packageManager);
    const cure = 'use Debian 11 or newer, Ubuntu 22.04 or newer, or an Enterprise Linux 7 or newer';
    const name = os.name || os.id || 'an unknown system';
    switch (fit) {
      case 'member':
        return [];
      case 'kin':
        return [
          warning('OperatingSystem', `${name} is untested; it is treated like ${familyById(family).title}`, cure),
        ];
      case 'old':
        return [error('OperatingSystem', `${name} is too old: its packages cannot run Kubernetes`, cure)];
      case 'stranger':
        return [error('OperatingSystem', `${name} is not supported`, cure)];
    }
  },
};

export const architecture: HostCheck = {
  tells: [tells('Architecture', 'error', 'amd64 or arm64', 'another host')],
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
  tells: [tells('InitSystem', 'error', 'process 1 is systemd', 'a host that boots with systemd')],
  before: ['apply'],
  look: ({ machine }) =>
    machine.initSystem === 'systemd'
      ? []
      : [error('InitSystem', `process 1 is ${machine.initSystem}, not systemd`, 'use a host that boots with systemd')],
};

/** The kubelet refuses to start with active swap unless failSwapOn is false; swap that we turn off is no finding. */
export const swap: HostCheck = {
  tells: [
    tells(
      'Swap',
      'error or warning',
      'no swap is on that the inventory keeps; a warning when the kubelet takes it',
      '`system.swap: off`, `kubelet.failSwapOn: false`',
    ),
  ],
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

/** Under enforcing SELinux containers need the rules of container-selinux; the inventory may bring that package. */
export const selinux: HostCheck = {
  tells: [
    tells(
      'SELinux',
      'error',
      'the rules of container-selinux are there when SELinux stays enforcing',
      '`system.packages: [container-selinux]`, `system.selinux: permissive`',
    ),
  ],
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

/** A living cluster never goes back, nor over a minor release; a worker's kubelet may lie further behind. */
export const kubeletVersion: HostCheck = {
  tells: [
    tells(
      'KubeletVersion',
      'error',
      'the kubelet that is there may become the wanted one in one step',
      'the release in between first',
    ),
  ],
  before: ['apply'],
  look(subject) {
    const { cluster, node, machine } = subject;
    const found = machine.kubeletVersion ?? '';
    if (!isOurs(subject)) return [];
    const skew = isControlPlane(node) ? upgradeSkew(found, cluster.version) : kubeletSkew(found, cluster.version);
    const said = `its kubelet is ${found}, the inventory says ${cluster.version}`;
    if (skew === 'newer') {
      return [error('KubeletVersion', `${said}: a cluster cannot go back`, `set release: "${minorOf(found)}"`)];
    }
    if (skew !== 'too-old') return [];
    const next = followerOf(minorOf(found));
    const cure =
      next === null
        ? `provision can build ${knownVersions().join(', ')}: a new cluster beside it is the way`
        : `set release: "${next}" first`;
    return [error('KubeletVersion', `${said}: too far in one step`, cure)];
  },
};

/** `1.36` of `1.35`, when it can be built. */
function followerOf(minor: string): string | null {
  const next = minor.replace(/\d+$/, (number) => String(Number(number) + 1));
  return knownVersions().some((version) => minorOf(version) === next) ? next : null;
}
