import { type Cidr, nthAddress, overlaps, ProvisionError, parseCidr } from '../../model/index.js';

/** A lab's own piece of network. Every lab has one slot, which names its links; its subnet is 10.201.<slot>.0/24 or as asked. */
export interface LabNetwork {
  readonly slot: number;
  readonly cidr: string;
  readonly gateway: string;
  readonly prefix: number;
  /** The machine's end of the lab's cable: the gateway's address lives here. */
  readonly uplink: string;
  /** The network namespace that holds the bridge, so that no firewall of the machine stands between the hosts. */
  readonly wiring: string;
}

export interface HostNetwork {
  readonly address: string;
  readonly mac: string;
  readonly namespace: string;
  /** The bridge's port for this host, inside the wiring namespace. */
  readonly port: string;
}

const firstHost = 11;

export function labNetwork(lab: string, slot: number, cidr = `10.201.${slot}.0/24`): LabNetwork {
  const { prefix } = subnet(cidr);
  return {
    slot,
    cidr,
    prefix,
    gateway: nthAddress(cidr, 1),
    uplink: `plab${slot}`,
    wiring: `provlab.${lab}`,
  };
}

/** The n-th host (1, 2, …) has the address .10 + n. Throws USAGE when the subnet is full. */
export function hostNetwork(lab: string, network: LabNetwork, n: number): HostNetwork {
  const { prefix } = subnet(network.cidr);
  const offset = firstHost - 1 + n;
  if (offset >= 2 ** (32 - prefix) - 1) {
    throw new ProvisionError('USAGE', `host ${n} has no address in ${network.cidr}`, {
      hint: 'ask for fewer hosts or give a larger --cidr',
    });
  }
  // The address is the same after a host is made afresh; so is the MAC, or the neighbours' ARP tables would lie for a while.
  const mac = [0x02, 0x50, 0x4c, network.slot, n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, '0'));
  return {
    address: nthAddress(network.cidr, offset),
    mac: mac.join(':'),
    namespace: `provlab.${lab}.h${n}`,
    port: `p${n}`,
  };
}

/** What a lab's hosts fit into. Throws USAGE on anything else. */
export function subnet(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr?.family === 4 && cidr.prefix >= 8 && cidr.prefix <= 27) return cidr;
  throw new ProvisionError('USAGE', `"${text}" is not an IPv4 subnet between /8 and /27`, {
    hint: 'for example --cidr 10.201.7.0/24',
  });
}

/** @param other any network at all: a route of the machine's may be of one address */
export function overlapsLab(cidr: string, other: string): boolean {
  const range = parseCidr(other);
  return range !== null && overlaps(subnet(cidr), range);
}

/** The default lab always gets slot 0, so that the committed inventory's addresses hold; others the lowest free one. */
export function chooseSlot(lab: string, taken: ReadonlyMap<number, string>): number {
  if (lab === 'lab') return 0;
  for (let slot = 1; slot < 250; slot += 1) if (!taken.has(slot)) return slot;
  throw new ProvisionError('LAB', 'all 249 lab subnets of this machine are taken', {
    hint: 'provision lab status --all, then provision lab down --name NAME',
  });
}
