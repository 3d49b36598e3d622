import { type Tried, trialWish } from '../../../src/checks/index.js';
import type { Cluster, Facts, MachineFacts, Node, Reached, Release, Trial } from '../../../src/model/index.js';
import { ProvisionError } from '../../../src/model/index.js';
import { releaseFor } from '../../../src/release/index.js';
import { aCluster, aNode } from '../../support/scene.js';

const node = (name: string, address: string, roles: Node['roles']): Node =>
  aNode(name, { address, internalAddress: address, roles });

/** A healthy Debian 12 control plane and worker: no check has anything to say about them. */
const CLUSTER: Cluster = aCluster([node('cp1', '192.0.2.11', ['control-plane']), node('w1', '192.0.2.12', ['worker'])]);

const GIB = 1024 ** 3;
const room = { sizeBytes: 60 * GIB, freeBytes: 40 * GIB, freeInodes: 2_000_000, mount: '/' };

const REQUIRED_CONFIG =
  'NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT FAIR_GROUP_SCHED CGROUPS CGROUP_PIDS CGROUP_SCHED CGROUP_BPF CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER';

export const healthy = (of: Node, index: number): MachineFacts => ({
  hostname: `fresh-${index}`,
  os: { id: 'debian', like: [], version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
  family: 'debian',
  arch: 'amd64',
  kernel: '6.1.0-18-amd64',
  cpus: 4,
  memoryBytes: 8 * GIB,
  machineId: `${index}`.repeat(32),
  productUuid: `0000000${index}-0000-0000-0000-000000000000`,
  macs: [`52:54:00:00:00:0${index}`],
  addresses: ['127.0.0.1', of.internalAddress, 'fe80::1'],
  routes: ['default eth0', '192.0.2.0/24 eth0'],
  initSystem: 'systemd',
  packageManager: 'apt',
  cgroup: 'v2',
  cgroupControllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
  clockSkewMs: 20,
  timeSynced: true,
  disks: { '/': room, '/var': room, '/etc': room, '/var/lib/etcd': room, '/var/lib/containerd': room, '/run': room },
  listening: { '22': 'sshd' },
  listeningUdp: { '68': 'systemd-network' },
  commands: ['ip', 'iptables', 'mount', 'nsenter', 'tc', 'touch', 'curl'],
  swaps: [],
  selinux: 'absent',
  resolvConf: ['192.0.2.1'],
  proxyEnvironment: {},
  packageManagerBusy: null,
  brokenPackages: [],
  foreignRuntimes: [],
  clusterCa: null,
  uid: 0,
  container: null,
  firewall: null,
  networkManagerIgnores: null,
  containerSelinux: false,
  resolvedUpstreams: [],
  hostsFileNames: ['localhost'],
  kernelConfig: Object.fromEntries(REQUIRED_CONFIG.split(' ').map((option) => [option, 'y'])),
  kubernetesPaths: [],
  cniConfigs: [],
  kubeletVersion: null,
  owner: null,
});

/** `over` laid over `base`, maps merged, everything else replaced. */
export function laid<T>(base: T, over: unknown): T {
  if (!isMap(base) || !isMap(over)) return over as T;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = laid(merged[key], value);
  return merged as T;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Situation {
  /** Laid over the cluster. */
  readonly cluster?: unknown;
  /** Laid over every node's `system`. */
  readonly system?: unknown;
  /** Laid over a node's own fields. */
  readonly nodes?: Readonly<Record<string, unknown>>;
  /** Laid over a host's machine facts. */
  readonly machines?: Readonly<Record<string, unknown>>;
  /** Ledger keys per host. */
  readonly ledger?: Readonly<Record<string, readonly string[]>>;
  /** Hosts that were asked to try: what they need answers, but for what is laid over that. `at` is by beginnings of URLs. */
  readonly trials?: Readonly<
    Record<string, Partial<Trial> & { readonly at?: Readonly<Record<string, Partial<Reached>>> }>
  >;
  /** Why this machine has no manifests. */
  readonly manifests?: string;
  /** Only these hosts have facts (`--limit`). */
  readonly only?: readonly string[];
}

/** A host that has tried, and all was well. */
function triedBy(cluster: Cluster, of: Node, situation: Situation): Trial {
  const { at = {}, ...over } = situation.trials?.[of.name] ?? {};
  const wish = trialWish(cluster, releaseFor(cluster), of, 'amd64', true);
  const answer = (url: string): Reached => {
    const spoilt = Object.entries(at).find(([beginning]) => url.startsWith(beginning));
    return { outcome: 'answered', status: 200, said: '', ...spoilt?.[1] };
  };
  return {
    resolves: Object.fromEntries(wish.names.map((name) => [name, true])),
    reached: Object.fromEntries(wish.urls.map((url) => [url, answer(url)])),
    fsync: wish.etcdData === null ? null : { samples: 200, p99Ms: 2.5 },
    unfinishedTransaction: null,
    absentUnits: [],
    absentUsers: [],
    ...over,
  };
}

function triedIn(cluster: Cluster, situation: Situation): Tried | null {
  if (situation.trials === undefined && situation.manifests === undefined) return null;
  const asked = cluster.nodes.filter((n) => situation.trials?.[n.name] !== undefined);
  return {
    trials: new Map(asked.map((n) => [n.name, triedBy(cluster, n, situation)])),
    manifests:
      situation.manifests === undefined
        ? null
        : new ProvisionError('ARTIFACT', situation.manifests, { hint: 'correct mirrors.artifacts' }),
  };
}

export function scene(situation: Situation): {
  cluster: Cluster;
  release: Release;
  facts: ReadonlyMap<string, Facts>;
  tried: Tried | null;
} {
  const base = laid(CLUSTER, situation.cluster ?? {});
  const nodes = base.nodes.map((n) =>
    laid(laid(n, { system: situation.system ?? {} }), situation.nodes?.[n.name] ?? {}),
  );
  const cluster = { ...base, nodes };
  const facts = new Map(
    nodes
      .filter((n) => situation.only?.includes(n.name) ?? true)
      .map((n, index): [string, Facts] => [
        n.name,
        {
          host: n.name,
          machine: laid(healthy(n, index + 1), situation.machines?.[n.name] ?? {}),
          ledger: (situation.ledger?.[n.name] ?? []).map((key, order) => ({
            key,
            kind: 'file',
            order,
            former: null,
            resource: {},
          })),
          answer: () => {
            throw new Error('checks ask nothing but the machine and the ledger');
          },
        },
      ]),
  );
  return { cluster, release: releaseFor(cluster), facts, tried: triedIn(cluster, situation) };
}
