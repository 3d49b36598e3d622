import type { Finding, MachineFacts } from '../model/index.js';
import { type FleetCheck, type Subject, tells } from './check.js';

interface Identity {
  readonly name: string;
  readonly called: string;
  readonly cure: string;
  /** '' is "the host has none", and never equal to another's. */
  of(machine: MachineFacts): readonly string[];
  applies?(subject: Subject): boolean;
}

/** What Kubernetes takes for unique. Cloned machines are not; we tell, we never make new ones ourselves. */
const IDENTITIES: readonly Identity[] = [
  {
    name: 'UniqueMachineId',
    called: 'machine-id',
    cure: 'on each clone but one: rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot',
    of: (machine) => [machine.machineId],
  },
  {
    name: 'UniqueProductUuid',
    called: 'product_uuid',
    cure: 'give each virtual machine a UUID of its own in the hypervisor',
    of: (machine) => [machine.productUuid],
  },
  {
    name: 'UniqueMac',
    called: 'MAC address',
    cure: 'give each virtual machine a MAC address of its own in the hypervisor',
    of: (machine) => machine.macs,
  },
  {
    name: 'UniqueHostname',
    called: 'hostname',
    cure: 'set system.hostname: true, and each host gets its node name',
    of: (machine) => [machine.hostname],
    applies: ({ node }) => !node.system.hostname,
  },
];

/** One finding per value that several hosts share, told on every host but the first that has it. */
export const unique: FleetCheck = {
  tells: [
    tells('UniqueMachineId', 'error', 'no two hosts have one machine-id', 'make a new one on each clone'),
    tells('UniqueProductUuid', 'error', 'no two hosts have one product_uuid', 'set it in the hypervisor'),
    tells('UniqueMac', 'error', 'no two hosts have one MAC address', 'set it in the hypervisor'),
    tells(
      'UniqueHostname',
      'error',
      'no two hosts have one hostname, where the inventory keeps them',
      '`system.hostname: true`',
    ),
  ],
  before: ['apply'],
  look: (_cluster, subjects) =>
    IDENTITIES.flatMap((identity) => {
      const holders = new Map<string, string[]>();
      for (const subject of subjects) {
        if (identity.applies?.(subject) === false) continue;
        for (const value of identity.of(subject.machine)) {
          if (value !== '') holders.set(value, [...(holders.get(value) ?? []), subject.node.name]);
        }
      }
      return [...holders].flatMap(([value, [first, ...others]]) =>
        others.map(
          (host): Finding => ({
            name: identity.name,
            severity: 'error',
            host,
            message: `it has the ${identity.called} of ${first} (${value}): a clone, or the same machine twice`,
            cure: identity.cure,
          }),
        ),
      );
    }),
};

/** Hosts of one cluster carry one CA. */
export const oneAuthority: FleetCheck = {
  tells: [
    tells('ClusterCA', 'error', 'hosts that are in a cluster are in one and the same', 'reset the one that is wrong'),
  ],
  before: ['apply'],
  look(_cluster, subjects) {
    const carriers = subjects.filter((s) => s.machine.clusterCa !== null);
    const [first, ...others] = carriers;
    if (first === undefined) return [];
    return others
      .filter((s) => s.machine.clusterCa?.trim() !== first.machine.clusterCa?.trim())
      .map(
        ({ node }): Finding => ({
          name: 'ClusterCA',
          severity: 'error',
          host: node.name,
          message: `its /etc/kubernetes/pki/ca.crt is not the one of ${first.node.name}: they belong to different clusters`,
          cure: `find out which is right; then reset the other: provision reset --limit ${node.name}`,
        }),
      );
  },
};

/** kube-controller-manager gives each node a block of the pod network: /24 of IPv4, /64 of IPv6 by default. */
export const podCapacity: FleetCheck = {
  tells: [
    tells('PodCIDRCapacity', 'error', 'the pod network has a block for every node', 'a larger `network.podCidr`'),
  ],
  before: ['apply'],
  look(cluster) {
    return cluster.network.podCidr.split(',').flatMap((cidr): readonly Finding[] => {
      const prefix = Number(cidr.split('/')[1]);
      const isV6 = cidr.includes(':');
      const flag = cluster.components.controllerManager[isV6 ? 'node-cidr-mask-size-ipv6' : 'node-cidr-mask-size-ipv4'];
      const mask = Number(flag ?? cluster.components.controllerManager['node-cidr-mask-size'] ?? (isV6 ? 64 : 24));
      const room = prefix > mask ? 0 : 2 ** (mask - prefix);
      if (Number.isNaN(prefix) || room >= cluster.nodes.length) return [];
      return [
        {
          name: 'PodCIDRCapacity',
          severity: 'error',
          host: null,
          message: `the pod network ${cidr.trim()} has room for ${room} nodes (a /${mask} each); the inventory has ${cluster.nodes.length}`,
          cure: 'set network.podCidr to a larger network: it cannot be changed later',
        },
      ];
    });
  },
};

/** Addresses of a node's block that pods do not get: the network's, the broadcast one and the bridge's own. */
const NOT_FOR_PODS = 3;
/** The kubelet's default (pkg/kubelet/apis/config/v1beta1/defaults.go). */
const MAX_PODS = 110;

export const maxPods: FleetCheck = {
  tells: [
    tells(
      'MaxPods',
      'warning',
      "a node's block of the pod network has an address for each of its `maxPods` pods",
      '`kubelet.maxPods`, or larger blocks: `controllerManager.node-cidr-mask-size`',
    ),
  ],
  before: ['apply'],
  look(cluster) {
    const flags = cluster.components.controllerManager;
    const mask = Number(flags['node-cidr-mask-size-ipv4'] ?? flags['node-cidr-mask-size'] ?? 24);
    const wanted = Number(cluster.components.kubelet['maxPods'] ?? MAX_PODS);
    const room = 2 ** (32 - mask) - NOT_FOR_PODS;
    if (cluster.network.podCidr.includes(':') || Number.isNaN(room) || room >= wanted) return [];
    return [
      {
        name: 'MaxPods',
        severity: 'warning',
        host: null,
        message: `a node's block of the pod network (/${mask}) has ${room} addresses for pods; its kubelet takes ${wanted}`,
        cure: `set kubelet.maxPods: ${room}, or a smaller number as controllerManager.node-cidr-mask-size`,
      },
    ];
  },
};
