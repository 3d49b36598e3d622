import type { Cluster, Node } from '../model/index.js';
import {
  API_PORT,
  BGP_PORT,
  CALICO_VXLAN_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_CLIENT_PORT,
  ETCD_METRICS_PORT,
  ETCD_PEER_PORT,
  FELIX_HEALTH_PORT,
  FLANNEL_VXLAN_PORT,
  hasEtcd,
  isControlPlane,
  KUBE_PROXY_HEALTH_PORT,
  KUBE_PROXY_METRICS_PORT,
  KUBELET_HEALTH_PORT,
  KUBELET_PORT,
  openPorts,
  SCHEDULER_PORT,
} from '../model/index.js';
import { type Draft, error, type HostCheck, onHost, type Subject, tells, warning } from './check.js';
import { isOurs } from './ownership.js';

/** Ports that a component cannot start without (kubeadm's Port-*, and etcd's metrics). */
function neededPorts(cluster: Cluster, node: Node): readonly number[] {
  return [
    KUBELET_PORT,
    ...(isControlPlane(node) ? [API_PORT, CONTROLLER_MANAGER_PORT, SCHEDULER_PORT] : []),
    ...(hasEtcd(cluster, node) ? [ETCD_CLIENT_PORT, ETCD_PEER_PORT, ETCD_METRICS_PORT] : []),
    ...(cluster.network.plugin === 'calico' ? calicoPorts(cluster) : []),
  ];
}

/** Its pod is restarted for ever where Felix cannot tell its health; where it has no VXLAN, bird hands its routes on. */
const calicoPorts = ({ network }: Cluster): readonly number[] => [
  FELIX_HEALTH_PORT,
  ...(network.encapsulation === 'vxlan' ? [] : [BGP_PORT]),
];

/** Health and metrics ports: a component complains and goes on. */
const WELCOME = [KUBELET_HEALTH_PORT, KUBE_PROXY_METRICS_PORT, KUBE_PROXY_HEALTH_PORT];

/** As /proc/PID/comm and ss give them: 15 characters at most. */
const OUR_PROCESSES = ['kubelet', 'etcd', 'kube-apiserver', 'kube-controller', 'kube-scheduler', 'kube-proxy'].concat([
  'calico-node',
  'bird',
  '',
]);

export const ports: HostCheck = {
  tells: [
    tells(
      'Port-<port>',
      'error or warning',
      'nobody else has a port that a component needs (error: 6443, 10250, 10257, 10259, 2379-2381, 8472/udp; calico: 9099, 179, 4789/udp) or would like (warning: 10248, 10249, 10256)',
      'stop the process that is named',
    ),
  ],
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
      ...vxlanPort(subject, ours),
    ];
  },
};

/** The UDP port of the pod network's VXLAN link; null: it has none that is known. */
function vxlanPortOf({ network }: Subject['cluster']): number | null {
  if (network.plugin === 'flannel') return FLANNEL_VXLAN_PORT;
  return network.plugin === 'calico' && network.encapsulation === 'vxlan' ? CALICO_VXLAN_PORT : null;
}

/** The link cannot come up while anybody else has its UDP port; a kernel socket without a process is another network's VXLAN link. */
function vxlanPort({ cluster, node, machine }: Subject, ours: boolean): readonly Draft[] {
  const port = vxlanPortOf(cluster);
  const holder = machine.listeningUdp[String(port)];
  if (port === null || holder === undefined || (ours && holder === '')) return [];
  const who = holder === '' ? "the kernel, for another network's VXLAN link," : holder;
  const command = holder === '' ? 'ip -d link show type vxlan' : `ss -lunp 'sport = :${port}'`;
  return [
    error(
      `Port-${port}`,
      `${who} has UDP port ${port}, which ${cluster.network.plugin} needs`,
      `end it: ${onHost(node, command)} names it`,
    ),
  ];
}

/**
 * The API server binds API_PORT always. An endpoint with another port is a load balancer's; when its address is a control plane's
 * own, the load balancer must run there already, or no kubelet will ever reach the API.
 */
export const endpointPort: HostCheck = {
  tells: [
    tells(
      'Endpoint',
      'error',
      'something listens on the port of `endpoint` when its address is a control plane and the port is not 6443; its name has an address',
      'port 6443, or the load balancer first; a name in DNS',
    ),
  ],
  before: ['apply'],
  look({ cluster, node, machine, trial }) {
    const { host, port } = cluster.endpoint;
    const isHere = host === node.internalAddress || host === node.address || host === node.name;
    if (isControlPlane(node) && isHere && port !== API_PORT && machine.listening[String(port)] === undefined) {
      return [
        error(
          'Endpoint',
          `the endpoint ${host}:${port} is this host, where the API server listens on ${API_PORT} and nothing on ${port}`,
          `set endpoint: ${host}:${API_PORT}, or start the load balancer on it first`,
        ),
      ];
    }
    // A node's name is in the block that we write to /etc/hosts.
    const isWritten = node.system.hostsFile && cluster.nodes.some(({ name }) => name === host);
    if (trial?.resolves[host] !== false || isWritten) return [];
    return [
      error(
        'Endpoint',
        `the endpoint's name ${host} has no address here, so its kubelet would not find the API`,
        `put ${host} into DNS, or set endpoint to an address`,
      ),
    ];
  },
};

/** kubeadm's Firewalld, told only when the inventory keeps our hands off the firewall. */
export const firewall: HostCheck = {
  tells: [
    tells(
      'Firewalld',
      'warning',
      'firewalld is active and the inventory keeps it: the ports to open',
      '`system.firewall: open`',
    ),
    tells('Ufw', 'warning', 'the same for ufw', '`system.firewall: open`'),
  ],
  before: ['apply'],
  look({ cluster, node, machine }) {
    if (machine.firewall === null || node.system.firewall !== 'keep') return [];
    const wanted = openPorts(cluster, node);
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
