import { nearest } from '../model/index.js';
import type { Source } from './document.js';
import { type DraftInventory, type DraftSettings, groupsOf, nodesOf } from './draft.js';
import type { Complaint } from './explain.js';
import type { Path } from './problem.js';
import { parseTaint } from './words.js';

/** Groups that name nobody, and groups that pull one node two ways. */
export function checkGroups(draft: DraftInventory): Complaint[] {
  const names = nodesOf(draft).flatMap(({ node }) => node.name ?? []);
  // A node whose name was refused may be the one that is meant.
  const known = names.length === (draft.nodes ?? []).length;
  const members = groupsOf(draft).flatMap(([group, { nodes = [] }]) =>
    nodes.flatMap((name, index): Complaint[] => {
      const path = ['groups', group, 'nodes', index];
      if (name === undefined) return [];
      if (nodes.indexOf(name) !== index)
        return [{ path, message: `\`${name}\` is written twice`, cure: 'keep one of the two' }];
      if (names.includes(name) || !known) return [];
      const near = nearest(name, names);
      const cure = near === undefined ? `the nodes are: ${names.join(', ')}` : `did you mean \`${near}\`?`;
      return [{ path, message: `there is no node \`${name}\``, cure }];
    }),
  );
  return [...members, ...names.flatMap((name) => conflicts(draft, name))];
}

interface Said {
  readonly group: string;
  readonly path: Path;
  readonly value: string;
}

function conflicts(draft: DraftInventory, name: string): Complaint[] {
  const said = new Map<string, Said>();
  return groupsOf(draft)
    .filter(([, group]) => group.nodes?.includes(name))
    .flatMap(([group, settings]) =>
      leavesOf(settings).flatMap(([path, value]): Complaint[] => {
        const id = JSON.stringify(path);
        const first = said.get(id);
        if (first === undefined) said.set(id, { group, path: ['groups', group, ...path], value });
        if (first === undefined || first.value === value) return [];
        return [
          {
            path: ['groups', group, ...path],
            first: first.path,
            atKey: true,
            message: `group \`${first.group}\` says otherwise, and node \`${name}\` is in both`,
            cure: 'say it in one group only, or on the node itself',
          },
        ];
      }),
    );
}

/** Every setting that can stand only once on a node; taints by key and effect. Lists add up, so they never conflict. */
function leavesOf({ ssh, system, labels, taints }: DraftSettings): [Path, string][] {
  const {
    sysctl,
    extraHosts,
    packages: _packages,
    disableServices: _services,
    kubectlUsers: _users,
    ...rest
  } = system ?? {};
  const leaves = (prefix: Path, map: object | undefined): [Path, string][] =>
    Object.entries(map ?? {}).flatMap(([key, value]) =>
      value === undefined ? [] : [[[...prefix, key], JSON.stringify(value)]],
    );
  const taintLeaves = (taints ?? []).flatMap((item): [Path, string][] => {
    const taint = typeof item === 'string' ? parseTaint(item) : item;
    return taint?.key === undefined ? [] : [[['taints', `${taint.key}:${taint.effect}`], taint.value ?? '']];
  });
  return [
    ...leaves(['ssh'], ssh),
    ...leaves(['system'], rest),
    ...leaves(['system', 'sysctl'], sysctl),
    ...leaves(['system', 'extraHosts'], extraHosts),
    ...leaves(['labels'], labels),
    ...taintLeaves,
  ];
}

/** The release that the text names: itself, or the newest known patch of a minor. */
export function resolveRelease(text: string, releases: readonly string[]): string | undefined {
  if (releases.includes(text)) return text;
  return releases
    .filter((exact) => exact.startsWith(`${text}.`) && text.split('.').length === 2)
    .sort((a, b) => patchOf(a) - patchOf(b))
    .at(-1);
}

const patchOf = (exact: string): number => Number(exact.split('.')[2]);

export function checkRelease(draft: DraftInventory, releases: readonly string[]): Complaint[] {
  const text = draft.cluster?.release;
  if (text === undefined || resolveRelease(text, releases) !== undefined) return [];
  const minors = [...new Set(releases.map((exact) => exact.split('.').slice(0, 2).join('.')))];
  const cure = `the known releases are ${[...minors, ...releases].join(', ')}`;
  return [{ path: ['cluster', 'release'], message: `\`${text}\` is not a release that provision knows`, cure }];
}

// Pods on other nodes are not reached without these: kubeadm's preflight demands them too.
const REQUIRED_SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
];

/** Values that are passed on as text: a number that YAML writes in another way than it was written; needed sysctls. */
export function checkValues(draft: DraftInventory, source: Source): Complaint[] {
  const { cluster } = draft;
  const flags = (['apiServer', 'controllerManager', 'scheduler', 'etcd'] as const).flatMap((component) =>
    placed(cluster?.[component]?.extraArgs, ['cluster', component, 'extraArgs']),
  );
  const kubelet = placed(cluster?.kubeletExtraArgs, ['cluster', 'kubeletExtraArgs']);
  const sysctls = [
    ...placed(draft.system?.sysctl, ['system', 'sysctl']),
    ...groupsOf(draft).flatMap(([name, { system }]) => placed(system?.sysctl, ['groups', name, 'system', 'sysctl'])),
    ...nodesOf(draft).flatMap(({ node, path }) => placed(node.system?.sysctl, [...path, 'system', 'sysctl'])),
  ];
  return [
    ...[...flags, ...kubelet, ...sysctls].flatMap(({ path, value }) => checkNumber(path, value, source)),
    ...sysctls.flatMap(({ path, value }) => checkSysctl(path, value)),
  ];
}

const placed = (map: object | undefined, path: Path): { path: Path; value: unknown }[] =>
  Object.entries(map ?? {}).map(([key, value]) => ({ path: [...path, key], value }));

function checkNumber(path: Path, value: unknown, source: Source): Complaint[] {
  const written = source.written(path);
  if (typeof value !== 'number' || written === undefined || String(value) === written) return [];
  return [{ path, message: `${written} would be passed on as ${value}`, cure: `quote it: "${written}"` }];
}

function checkSysctl(path: Path, value: unknown): Complaint[] {
  const key = String(path.at(-1));
  if (value === undefined || !REQUIRED_SYSCTLS.includes(key) || String(value) === '1') return [];
  return [
    {
      path,
      message: `\`${value}\` would cut pods off; Kubernetes needs 1`,
      cure: 'take it out: provision sets it to 1',
    },
  ];
}
