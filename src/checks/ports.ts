import type { Cluster, Node } from '../model/index.js';
import { hasEtcd, isControlPlane } from '../model/index.js';
import { type Draft, error, type HostCheck, onHost, warning } from './check.js';
import { isOurs } from './ownership.js';

/** The API server's bind port; a load balancer in front may have another. */
const API_PORT = 6443;

/** Ports that a component cannot start without (kubeadm's Port-*, and etcd's metrics). */
function neededPorts(cluster: Cluster, node: Node): readonly number[] {
  return [
    10250,
    ...(isControlPlane(node) ? [API_PORT, 10257, 10259] : []),
    ...(hasEtcd(cluster, node) ? [2379, 2380, 2381] : []),
  ];
}

/** Health and metrics ports: a component complains and goes on. */
const WELCOME = [10248, 10249, 10256];

/** As /proc/PID/comm and ss give them: 15 characters at most. */
const OUR_PROCESSES = ['kubelet', 'etcd', 'kube-apiserver', 'kube-controller', 'kube-scheduler', 'kube-proxy', ''];

export const ports: HostCheck = {
  before: ['apply'],
  look(subject) {
    const { cluster, node, machine } = subject;
    const ours = isOurs(subject);
    const taken = (port: number): string | null => {
      const holder = machine.listening[String(port)];
      if (holder === undefined || (ours && OUR_PROCESSES.includes(holder.slice(0, 15)))) return null;
      return holder === '' ? 'a process' : holder;
    };
    const found = (port: number, make: typeof error): readonly Draft[] => {
      const holder = taken(port);
      if (holder === null) return [];
      return [
        make(
          `Port-${port}`,
          `${holder} listens on port ${port}`,
          `stop it: ${onHost(node, `ss -ltnp 'sport = :${port}'`)} names the process`,
        ),
      ];
    };
    return [
      ...neededPorts(cluster, node).flatMap((port) => found(port, error)),
      ...WELCOME.flatMap((port) => found(port, warning)),
    ];
  },
};

/** kubeadm's Firewalld, told only when the inventory keeps our hands off the firewall. */
export const firewall: HostCheck = {
  before: ['apply'],
  look({ cluster, node, machine }) {
    if (machine.firewall === null || node.system.firewall !== 'keep') return [];
    const wanted = [
      '10250/tcp',
      '30000-32767/tcp',
      ...(cluster.network.plugin === 'flannel' ? ['8472/udp'] : []),
      ...(isControlPlane(node) ? [`${API_PORT}/tcp`] : []),
      ...(hasEtcd(cluster, node) ? ['2379-2380/tcp'] : []),
    ];
    const commands =
      machine.firewall === 'firewalld'
        ? [`firewall-cmd --permanent ${wanted.map((port) => `--add-port=${port}`).join(' ')}`, 'firewall-cmd --reload']
        : ['tcp', 'udp'].map((protocol) => ufwAllow(wanted, protocol));
    return [
      warning(
        machine.firewall === 'firewalld' ? 'Firewalld' : 'Ufw',
        `${machine.firewall} is active and the inventory keeps it; open ${wanted.join(', ')}`,
        `set system.firewall: open, or ${commands.map((command) => onHost(node, command)).join(' && ')}`,
      ),
    ];
  },
};

/** `ufw allow 6443,30000:32767/tcp` */
function ufwAllow(wanted: readonly string[], protocol: string): string {
  const of = wanted.filter((port) => port.endsWith(`/${protocol}`)).map((port) => port.replace(/\/.*$/, ''));
  return `ufw allow ${of.join(',').replaceAll('-', ':')}/${protocol}`;
}
