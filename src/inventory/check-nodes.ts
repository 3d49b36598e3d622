import { parseIp } from '../model/index.js';
import { defaults } from './defaults.js';
import { type DraftInventory, type DraftNode, layersOf, nodesAreWhole, nodesOf } from './draft.js';
import type { Complaint } from './explain.js';
import type { Path } from './problem.js';
import { parseTaint } from './words.js';

/** Names and addresses that collide, roles that do not add up to a control plane. */
export function checkNodes(draft: DraftInventory): Complaint[] {
  const addresses = repeated(draft, ({ address }) => address, sshPorts(draft), 'address');
  const told = new Set(addresses.map(({ path }) => path[1]));
  const internals = repeated(
    draft,
    (node) => node.internalAddress ?? node.address,
    () => '',
    'internal address',
  );
  return [
    ...repeated(
      draft,
      ({ name }) => name,
      () => '',
      'name',
    ),
    ...addresses,
    // One that is only the default has been told as `address` already.
    ...internals.filter(({ path }) => path[2] === 'internalAddress' || !told.has(path[1])),
    ...nodesOf(draft).flatMap(({ node, path }) => [...checkInternalAddress(node, path), ...checkRoles(node, path)]),
    ...checkControlPlanes(draft),
  ];
}

const sameIp = (text: string): string => {
  const ip = parseIp(text);
  return ip === null ? text.toLowerCase() : `${ip.family}:${ip.value}`;
};

/** Two nodes behind one address are fine as long as their ports differ. */
const sshPorts = (draft: DraftInventory) => (node: DraftNode) =>
  `port ${layersOf(draft, node).findLast(({ ssh }) => ssh?.port !== undefined)?.ssh?.port ?? defaults.sshPort}`;

const cures = {
  name: 'give every node a name of its own',
  address: 'give every node an address of its own, or another `ssh.port`',
  'internal address': 'give every node an `internalAddress` of its own',
} as const;

function repeated(
  draft: DraftInventory,
  textOf: (node: DraftNode) => string | undefined,
  apart: (node: DraftNode) => string,
  what: keyof typeof cures,
): Complaint[] {
  const seen = new Map<string, { path: Path; node: DraftNode }>();
  return nodesOf(draft).flatMap(({ node, path }) => {
    const text = textOf(node);
    if (text === undefined) return [];
    const id = `${sameIp(text)} ${apart(node)}`;
    const key = what !== 'internal address' ? what : node.internalAddress === undefined ? 'address' : 'internalAddress';
    const first = seen.get(id);
    if (first === undefined) {
      seen.set(id, { path: [...path, key], node });
      return [];
    }
    const whose = what === 'name' || first.node.name === undefined ? 'another node' : `node \`${first.node.name}\``;
    const message = `\`${text}\` is the ${what} of ${whose} too`;
    return { path: [...path, key], first: first.path, message, cure: cures[what] };
  });
}

function checkInternalAddress(node: DraftNode, path: Path): Complaint[] {
  const from = node.internalAddress === undefined ? 'address' : 'internalAddress';
  const text = node.internalAddress ?? node.address;
  if (text === undefined) return [];
  const complain = (message: string): Complaint[] => [
    {
      path: [...path, from],
      message,
      cure: 'add `internalAddress` with the IPv4 address that the other nodes reach it by',
    },
  ];
  const ip = parseIp(text);
  if (ip === null) return complain(`\`${text}\` is a name, and Kubernetes announces nodes by IP address`);
  if (ip.family === 6) return complain(`\`${text}\` is IPv6, and the pod network is IPv4`);
  const first = Number(ip.value >> 24n);
  const linkLocal = ip.value >> 16n === 0xa9fen;
  if (first === 127 || first === 0 || first >= 224 || linkLocal) {
    return complain(`\`${text}\` cannot be reached by other nodes`);
  }
  return [];
}

function checkRoles(node: DraftNode, path: Path): Complaint[] {
  const roles = node.roles ?? [];
  return roles.flatMap((role, index) =>
    role === undefined || roles.indexOf(role) === index
      ? []
      : { path: [...path, 'roles', index], message: `\`${role}\` is written twice`, cure: 'keep one of the two' },
  );
}

function checkControlPlanes(draft: DraftInventory): Complaint[] {
  const nodes = nodesOf(draft);
  const withRole = (role: 'control-plane' | 'etcd') => nodes.filter(({ node }) => node.roles?.includes(role));
  const planes = withRole('control-plane');
  const complaints: Complaint[] = [];
  if (nodes.length === 0 || !nodesAreWhole(draft)) return complaints;
  if (planes.length === 0) {
    complaints.push({
      path: ['nodes'],
      atKey: true,
      message: 'has no control plane',
      cure: 'give one node `roles: [control-plane]`, or `[control-plane, worker]` if it shall run pods too',
    });
  }
  if (planes.length > 1 && draft.cluster !== undefined && draft.cluster.endpoint === undefined) {
    complaints.push({
      path: ['cluster', 'endpoint'],
      message: `is missing, and there are ${planes.length} control planes: their clients need one address for all of them`,
      cure: 'add `endpoint: api.example.com:6443`: a load balancer, a virtual IP or a DNS name for all control planes',
    });
  }
  const members = withRole('etcd');
  if (members.length === 0) return [...complaints, ...checkEtcd(planes)];
  const apart = nodes.filter(
    ({ node }) => members.some((m) => m.node === node) !== planes.some((p) => p.node === node),
  );
  return [...complaints, ...(apart.length > 0 ? apart.map(etcdApart) : checkEtcd(members))];
}

/** The API server of a host talks to the etcd of the same host; certificates and the order of the build know no other. */
const etcdApart = ({ path }: { path: Path }): Complaint => ({
  path: [...path, 'roles'],
  message: 'keeps etcd and the control plane apart, which provision does not build yet',
  cure: 'leave the role `etcd` out everywhere: etcd then runs on every control plane',
});

function checkEtcd(members: readonly { node: DraftNode; path: Path }[]): Complaint[] {
  const count = members.length;
  if (count === 0 || count % 2 === 1) return [];
  const majority = Math.floor(count / 2) + 1;
  const survives = count - majority;
  return [
    {
      path: [...(members.at(-1)?.path ?? ['nodes']), 'roles'],
      message:
        `makes ${count} etcd members: ${majority} must agree, so ${count} survive the loss of ${survives}, ` +
        `no more than ${count - 1} do, and there is one more that can fail`,
      cure: `make it ${count - 1} or ${count + 1} members (of role etcd, or control planes if no node has role etcd)`,
    },
  ];
}

/** Labels that the kubelet or an admission plugin owns, and taints that are given twice. */
export function checkLabels(draft: DraftInventory): Complaint[] {
  const places = [
    ...nodesOf(draft),
    ...Object.entries(draft.groups ?? {}).map(([name, node]) => ({ node, path: ['groups', name] })),
  ];
  return places.flatMap(({ node, path }) => [
    ...Object.keys(node?.labels ?? {}).flatMap((key) => checkLabelKey(key, [...path, 'labels', key])),
    ...repeatedTaints(node?.taints ?? [], [...path, 'taints']),
  ]);
}

// The kubelet refuses to start with other labels of these domains: pkg/kubelet/apis and cmd/kubelet/app/options
// (ValidateKubeletFlags); kubernetes.io/hostname, os and arch it sets itself.
const RESERVED_DOMAIN = /(^|\.)(kubernetes|k8s)\.io$/;
const OPEN_DOMAIN = /(^|\.)(kubelet|node)\.kubernetes\.io$/;
const OPEN_KEYS = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];

function checkLabelKey(key: string, path: Path): Complaint[] {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  if (!RESERVED_DOMAIN.test(domain) || OPEN_DOMAIN.test(domain) || OPEN_KEYS.includes(key)) return [];
  return [
    {
      path,
      atKey: true,
      message: `\`${key}\` is in a domain that Kubernetes keeps for itself; a kubelet refuses to start with it`,
      cure: `use a domain of your own, as in \`example.com${key.slice(slash)}\`, or ${OPEN_KEYS.join(' or ')}`,
    },
  ];
}

type DraftTaints = NonNullable<DraftNode['taints']>;

function repeatedTaints(taints: DraftTaints, path: Path): Complaint[] {
  const seen = new Map<string, Path>();
  return taints.flatMap((item, index) => {
    const taint = typeof item === 'string' ? parseTaint(item) : item;
    if (taint?.key === undefined || taint.effect === undefined) return [];
    const id = `${taint.key}:${taint.effect}`;
    const first = seen.get(id);
    seen.set(id, first ?? [...path, index]);
    if (first === undefined) return [];
    return { path: [...path, index], first, message: `\`${id}\` is written twice`, cure: 'keep one of the two' };
  });
}
