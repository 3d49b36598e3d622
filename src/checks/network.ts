import { type Cidr, type Cluster, contains, overlaps, parseCidr, parseIp } from '../model/index.js';
import { type Draft, error, type HostCheck, tells, warning } from './check.js';
import { isOurs } from './ownership.js';

/** `10.0.0.0/8`, or a bare address, which is a network of one; null: neither. */
function networkOf(text: string): Cidr | null {
  const ip = parseIp(text);
  return ip === null ? parseCidr(text) : { family: ip.family, base: ip.value, prefix: ip.family === 4 ? 32 : 128 };
}

/** What is no network overlaps nothing. */
function overlap(one: string, other: string): boolean {
  const [a, b] = [networkOf(one), networkOf(other)];
  return a !== null && b !== null && overlaps(a, b);
}

function holds(network: string, address: string): boolean {
  // A link-local address may name its link: `fe80::1%eth0`.
  const [cidr, ip] = [networkOf(network), parseIp(address.replace(/%.*$/, ''))];
  return cidr !== null && ip !== null && contains(cidr, ip);
}

const cidrsOf = (cidrs: string): readonly string[] => cidrs.split(',').map((cidr) => cidr.trim());

/** A dual-stack cluster writes two, with a comma between them. */
function clusterNetworks(cluster: Cluster): readonly { readonly name: string; readonly cidr: string }[] {
  return [
    ...cidrsOf(cluster.network.podCidr).map((cidr) => ({ name: 'pod', cidr })),
    ...cidrsOf(cluster.network.serviceCidr).map((cidr) => ({ name: 'service', cidr })),
  ];
}

/** Links of pod networks: their routes are the cluster's own. */
const POD_LINK = /^(cni|flannel|cali|vxlan\.calico|tunl|kube-|lo$)/;

export const cidrs: HostCheck = {
  tells: [
    tells('PodCIDR', 'error', 'the pod network overlaps no route of the host', 'another `network.podCidr`'),
    tells('ServiceCIDR', 'error', 'the service network overlaps no route of the host', 'another `network.serviceCidr`'),
  ],
  before: ['apply'],
  look(subject) {
    // On a host that carries the cluster already, routes to pods are the network's own work.
    if (isOurs(subject)) return [];
    return clusterNetworks(subject.cluster).flatMap(({ name, cidr }) => {
      const hit = subject.machine.routes
        .map((route) => route.split(' '))
        .find(([to = '', dev = '-']) => !POD_LINK.test(dev) && overlap(to, cidr));
      if (hit === undefined) return [];
      return [
        error(
          name === 'pod' ? 'PodCIDR' : 'ServiceCIDR',
          `the ${name} network ${cidr} overlaps its route to ${hit[0]} (${hit[1]}): one of them would be unreachable`,
          `set network.${name}Cidr to a network that no host routes to`,
        ),
      ];
    });
  },
};

/** Traffic between nodes goes to the internal address: it must be the host's own, and not one that every host has. */
export const internalAddress: HostCheck = {
  tells: [
    tells(
      'InternalAddress',
      'error',
      "the internal address is one of the host's own, and not loopback or link-local",
      '`internalAddress`',
    ),
  ],
  before: ['apply'],
  look({ node, machine }) {
    const address = node.internalAddress;
    const usable = machine.addresses.filter((a) => !isLocal(a));
    const cure = `set internalAddress to one of its own: ${usable.join(', ') || 'it has none'}`;
    if (parseIp(address) === null) {
      return [error('InternalAddress', `its internal address ${address} is a name; Kubernetes needs an address`, cure)];
    }
    if (isLocal(address)) {
      return [error('InternalAddress', `its internal address ${address} is loopback or link-local`, cure)];
    }
    if (machine.addresses.some((own) => holds(own, address))) return [];
    return [error('InternalAddress', `its internal address ${address} is on none of its links`, cure)];
  },
};

const isLocal = (address: string): boolean =>
  ['127.0.0.0/8', '169.254.0.0/16', '::1/128', 'fe80::/10'].some((network) => holds(network, address));

/** CoreDNS forwards to what the host asks: nothing, or itself, ends every lookup (coredns.io/plugins/loop). */
export const resolvConf: HostCheck = {
  tells: [
    tells(
      'ResolvConf',
      'error',
      '/etc/resolv.conf names a server other than the host itself: CoreDNS forwards to it',
      'name a server, or `kubelet.resolvConf`',
    ),
  ],
  before: ['apply'],
  look({ cluster, machine }) {
    if (typeof cluster.components.kubelet['resolvConf'] === 'string') return [];
    const cure = 'name a real server in /etc/resolv.conf, or set kubelet.resolvConf to a file that does';
    if (machine.resolvConf.length === 0) {
      return [error('ResolvConf', '/etc/resolv.conf names no server: CoreDNS would not start', cure)];
    }
    const servers = machine.resolvedUpstreams.length > 0 ? machine.resolvedUpstreams : machine.resolvConf;
    if (!servers.every(isLocal)) return [];
    return [
      error('ResolvConf', `/etc/resolv.conf names only the host itself (${servers.join(', ')}): DNS would loop`, cure),
    ];
  },
};

/** kubeadm's Hostname: told where the inventory keeps us from setting it right ourselves. */
export const hostname: HostCheck = {
  tells: [
    tells(
      'Hostname',
      'warning',
      "the hostname is the node's name, and the name has an address, where the inventory keeps /etc/hosts or the hostname",
      '`system.hostname: true`, `system.hostsFile: true`',
    ),
  ],
  before: ['apply'],
  look({ node, machine, trial }) {
    const isNamed = node.system.hostname || machine.hostname === node.name;
    const isKnown = node.system.hostsFile || (trial?.resolves[node.name] ?? machine.hostsFileNames.includes(node.name));
    return [
      ...(isNamed
        ? []
        : [
            warning(
              'Hostname',
              `its hostname is ${machine.hostname}, its node name ${node.name}`,
              `set system.hostname: true, or name the node ${machine.hostname}`,
            ),
          ]),
      ...(isKnown
        ? []
        : [
            warning(
              'Hostname',
              `${node.name} has no address here: it is not in /etc/hosts, which the inventory keeps${trial === null ? '; DNS must answer for it' : ', nor in DNS'}`,
              'set system.hostsFile: true, or make DNS answer for it',
            ),
          ]),
    ];
  },
};

/** kubeadm's HTTPProxy and HTTPProxyCIDR: cluster traffic must not take the proxy. */
export const proxy: HostCheck = {
  tells: [
    tells('HTTPProxy', 'warning', 'https to the API and to the node itself takes no proxy', 'add them to no_proxy'),
    tells('HTTPProxyCIDR', 'warning', 'https to Services and pods takes no proxy', 'add the networks to no_proxy'),
  ],
  before: ['apply'],
  look(subject) {
    const environment = new Map(
      Object.entries(subject.machine.proxyEnvironment).map(([name, value]) => [name.toLowerCase(), value]),
    );
    // What speaks to the API speaks https; an http_proxy alone takes none of it (kubeadm asks about https only, too).
    if (!environment.get('https_proxy')) return [];
    const exceptions = (environment.get('no_proxy') ?? '').split(',').map((e) => e.trim());
    const isDirect = (host: string): boolean => exceptions.some((exception) => excepts(exception, host));
    const { cluster, node } = subject;
    const hosts = [cluster.endpoint.host, node.internalAddress].filter((host) => !isDirect(host));
    const networks = clusterNetworks(cluster)
      .map(({ cidr }) => cidr)
      .filter((cidr) => !isDirect(cidr.split('/')[0] ?? ''));
    return [...drafts('HTTPProxy', hosts), ...drafts('HTTPProxyCIDR', networks)];
  },
};

function drafts(name: string, through: readonly string[]): readonly Draft[] {
  if (through.length === 0) return [];
  const list = [...new Set(through)].join(',');
  return [
    warning(
      name,
      `connections to ${list} would go through the proxy of /etc/environment`,
      `add to no_proxy in /etc/environment: ${list}`,
    ),
  ];
}

/** A word of no_proxy, as Go's net/http reads it: `*`, a network, an address, a domain with or without a leading dot. */
function excepts(exception: string, host: string): boolean {
  if (exception === '') return false;
  if (exception === '*' || exception === host || holds(exception, host)) return true;
  return host.endsWith(exception.startsWith('.') ? exception : `.${exception}`);
}
