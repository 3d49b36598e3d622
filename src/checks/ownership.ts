import type { Node } from '../model/index.js';
import { type Draft, error, type HostCheck, label, onHost, type Subject, tells } from './check.js';

/** The host was made, or begun, by provision for this very cluster. */
export function isOurs({ cluster, machine, facts }: Subject): boolean {
  if (machine.owner !== null) return machine.owner.cluster === cluster.name;
  return facts.ledger.some((entry) => /^(file|directory) \/etc\/kubernetes(\/|$)/.test(entry.key));
}

const owns = ({ facts }: Subject, path: string): boolean =>
  facts.ledger.some((entry) => entry.key === `file ${path}` || entry.key === `directory ${path}`);

/** A host that carries another cluster's name is never touched: not to build, not to reset. */
export const otherCluster: HostCheck = {
  tells: [
    tells(
      'OtherCluster',
      'error',
      'the host belongs to no other cluster of provision',
      "reset it with that cluster's inventory",
    ),
  ],
  before: ['apply', 'reset'],
  look({ cluster, node, machine }) {
    if (machine.owner === null || machine.owner.cluster === cluster.name) return [];
    return [
      error(
        'OtherCluster',
        `it belongs to the cluster ${machine.owner.cluster}`,
        `take ${node.name} out of this inventory, or reset it with the inventory of ${machine.owner.cluster} first`,
      ),
    ];
  },
};

/** kubeadm's FileAvailable and DirAvailable: what is there must be ours. "There but not ours" names the file. */
export const available: HostCheck = {
  tells: [
    tells(
      'FileAvailable-<path>',
      'error',
      'no manifest, kubeconfig, CA or kubelet configuration is there that is not ours',
      '`kubeadm reset`, or move it away',
    ),
    tells('DirAvailable--var-lib-etcd', 'error', '/var/lib/etcd is empty, or ours', 'move it away'),
  ],
  before: ['apply'],
  look(subject) {
    if (isOurs(subject)) return [];
    return subject.machine.kubernetesPaths
      .filter((path) => !owns(subject, path))
      .map((path): Draft => {
        const isDirectory = path === '/var/lib/etcd';
        return error(
          `${isDirectory ? 'DirAvailable' : 'FileAvailable'}-${label(path)}`,
          isDirectory ? `${path} is not empty and not ours` : `${path} is there and not ours`,
          isDirectory
            ? `if its data is of no use any more: ${onHost(subject.node, `mv ${path} ${path}.old`)}`
            : `if it is left from an old cluster: ${onHost(subject.node, 'kubeadm reset')} (or move ${path} away)`,
        );
      });
  },
};

/** containerd takes the first network configuration by name: one that sorts before ours would get every pod. */
const OUR_CNI = { flannel: '10-flannel', calico: '10-calico', manifest: null } as const;
export const cniConfigs: HostCheck = {
  tells: [tells('CNIConfig', 'error', 'no network configuration sorts before ours', 'move it away')],
  before: ['apply'],
  look(subject) {
    const first = OUR_CNI[subject.cluster.network.plugin];
    if (isOurs(subject) || first === null) return [];
    return subject.machine.cniConfigs
      .filter((name) => /\.(conf|conflist|json)$/.test(name) && name < first)
      .map((name) =>
        error(
          'CNIConfig',
          `/etc/cni/net.d/${name} would be used before the cluster's own pod network`,
          onHost(subject.node, `mv /etc/cni/net.d/${name} /root/`),
        ),
      );
  },
};

const UNINSTALL: Readonly<Record<string, string>> = {
  k3s: 'k3s-uninstall.sh',
  rke2: 'rke2-uninstall.sh',
  k0s: 'k0s reset',
  microk8s: 'snap remove --purge microk8s',
};

/** Another distribution on the host fights for ports, links and iptables chains; Docker sets FORWARD to DROP. */
export const foreignRuntimes: HostCheck = {
  tells: [
    tells(
      'ForeignRuntime-<name>',
      'error or warning',
      'no k3s, rke2, k0s, microk8s (error), Docker or CRI-O (warning) is there',
      'its own uninstaller',
    ),
  ],
  before: ['apply'],
  look: (subject) => {
    const { cluster, node, machine } = subject;
    return machine.foreignRuntimes.flatMap((name): readonly Draft[] => {
      const uninstall = UNINSTALL[name];
      if (uninstall !== undefined) {
        return [error(`ForeignRuntime-${name}`, `${name} is installed on it`, onHost(node, uninstall))];
      }
      // Podman keeps to itself.
      if (name === 'podman') return [];
      if (name === 'docker' && cluster.runtime === 'docker') return isOurs(subject) ? [] : [dockerOfOthers(node)];
      return [
        {
          name: `ForeignRuntime-${name}`,
          severity: 'warning',
          message: `${name} runs on it${name === 'docker' ? ' and sets the FORWARD chain to DROP, which can cut pod traffic' : ''}`,
          cure: onHost(node, `systemctl disable --now ${name}${name === 'docker' ? ' docker.socket' : ''}`),
        },
      ];
    });
  },
};

/** The kubelet will use it; reset leaves it there. */
const dockerOfOthers = (node: Node): Draft => ({
  name: 'ForeignRuntime-docker',
  severity: 'warning',
  message:
    'Docker runs on it already: it gets the pinned version and is restarted, which stops its containers for a moment; its data, its networks and the rest of its settings stay',
  cure: `if it should be a new one: ${onHost(node, 'systemctl disable --now docker docker.socket')}, and move /etc/docker and /var/lib/docker away`,
});
