import { type Cidr, contains, formatCidr, overlaps, parseCidr, parseIp } from '../model/index.js';
import { defaults } from './defaults.js';
import { type DraftInventory, nodesOf } from './draft.js';
import type { Complaint } from './explain.js';
import type { Path } from './problem.js';

type CidrKey = 'podCidr' | 'serviceCidr';

interface Range {
  readonly key: CidrKey;
  readonly path: Path;
  readonly text: string;
  readonly cidr: Cidr;
}

/** Ranges of pods and Services: their size, and that nothing lies in two of them. */
export function checkNetwork(draft: DraftInventory): Complaint[] {
  const pods = rangeOf(draft, 'podCidr');
  const services = rangeOf(draft, 'serviceCidr');
  const ranges = [pods, services].filter((range) => range !== null);
  return [
    ...checkPlaces(draft),
    ...ranges.flatMap(checkShape),
    ...(pods?.cidr.family === 4 ? checkPodSize(draft, pods) : []),
    ...(services?.cidr.family === 4 ? checkServiceSize(services) : []),
    ...(pods !== null && services !== null ? checkOverlap(pods, services) : []),
    ...ranges.flatMap((range) => checkAddresses(draft, range)),
  ];
}

function rangeOf(draft: DraftInventory, key: CidrKey): Range | null {
  const network = draft.cluster?.network;
  const inner = typeof network === 'object' ? network[key] : undefined;
  const text = inner ?? draft.cluster?.[key] ?? defaults[key];
  const cidr = parseCidr(text);
  const path = inner === undefined ? ['cluster', key] : ['cluster', 'network', key];
  return cidr === null ? null : { key, path, text, cidr };
}

function checkPlaces(draft: DraftInventory): Complaint[] {
  const { cluster } = draft;
  const network = typeof cluster?.network === 'object' ? cluster.network : {};
  return (['podCidr', 'serviceCidr', 'dnsDomain'] as const).flatMap((key) =>
    network[key] === undefined || cluster?.[key] === undefined
      ? []
      : {
          path: ['cluster', key],
          first: ['cluster', 'network', key],
          atKey: true,
          message: 'stands in `network` too',
          cure: 'keep one of the two',
        },
  );
}

const UNUSABLE = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].flatMap((text) => parseCidr(text) ?? []);

function checkShape({ path, text, cidr }: Range): Complaint[] {
  const written = formatCidr(cidr);
  if (cidr.family === 6) {
    return [{ path, message: `\`${text}\` is IPv6, which provision does not build yet`, cure: 'write an IPv4 CIDR' }];
  }
  if (written !== text) {
    return [
      { path, message: `\`${text}\` has bits behind its prefix`, cure: `write the first address: \`${written}\`` },
    ];
  }
  const inside = UNUSABLE.find((range) => overlaps(range, cidr));
  if (inside === undefined) return [];
  return [{ path, message: `\`${text}\` lies in ${formatCidr(inside)}, which no host routes`, cure: privateRanges }];
}

const privateRanges = 'take a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16';

/** The controller manager cuts one /24 per node (its --node-cidr-mask-size) and keeps at most 2^16 of them. */
function checkPodSize(draft: DraftInventory, { path, text, cidr }: Range): Complaint[] {
  const given = Number(draft.cluster?.controllerManager?.extraArgs?.['node-cidr-mask-size'] ?? 24);
  const mask = Number.isInteger(given) && given > 0 && given <= 32 ? given : 24;
  const nodes = Math.max(1, (draft.nodes ?? []).length);
  const room = cidr.prefix > mask ? 0 : 2 ** (mask - cidr.prefix);
  if (mask - cidr.prefix > 16) {
    const cure = `write a prefix of /${mask - 16} or longer`;
    return [
      { path, message: `\`${text}\` is too large: the controller manager cuts at most 65536 ranges of /${mask}`, cure },
    ];
  }
  if (room >= nodes) return [];
  const enough = mask - Math.ceil(Math.log2(nodes));
  const message = `\`${text}\` has room for ${room} ranges of /${mask}, and there are ${nodes} nodes`;
  return [{ path, message, cure: `write a prefix of /${enough} or shorter; leave room for nodes to come` }];
}

// kubeadm: MaximumBitsForServiceSubnet = 20, minimumAddrsInServiceSubnet = 10 (the DNS Service takes the tenth).
function checkServiceSize({ path, text, cidr }: Range): Complaint[] {
  if (cidr.prefix < 12)
    return [{ path, message: `\`${text}\` is larger than the API server takes`, cure: 'write /12 or longer' }];
  if (cidr.prefix <= 28) return [];
  return [
    { path, message: `\`${text}\` is too small: cluster DNS takes the tenth address`, cure: 'write /28 or shorter' },
  ];
}

function checkOverlap(pods: Range, services: Range): Complaint[] {
  if (!overlaps(pods.cidr, services.cidr)) return [];
  const message = `\`${services.text}\` of Services overlaps \`${pods.text}\` of pods`;
  return [{ path: services.path, message, cure: `choose ranges that lie apart: ${privateRanges}` }];
}

function checkAddresses(draft: DraftInventory, range: Range): Complaint[] {
  const what = range.key === 'podCidr' ? 'pods' : 'Services';
  return nodesOf(draft).flatMap(({ node, path }) =>
    (['address', 'internalAddress'] as const).flatMap((key) => {
      const ip = parseIp(node[key] ?? '');
      if (ip === null || !contains(range.cidr, ip)) return [];
      const message = `\`${node[key]}\` lies in \`${range.text}\` of ${what}, so the node could not be reached`;
      return { path: [...path, key], message, cure: `move ${range.key} away from the addresses of the nodes` };
    }),
  );
}
