import { dirname, join, resolve } from 'node:path';
import type {
  Bastion,
  Become,
  Cluster,
  ExtraArgs,
  Mirrors,
  NetworkManifest,
  Node,
  SshSettings,
  SystemSettings,
  Taint,
} from '../model/index.js';
import { parseHostPort } from './address.js';
import { resolveRelease } from './check-settings.js';
import { defaults } from './defaults.js';
import type { Inventory, NodeInput, SshInput, SystemInput } from './schema.js';
import { parseBastion, parseTaint } from './words.js';

/** Where relative paths and `~` lead. */
export interface Places {
  readonly file: string;
  readonly homeDir: string;
}

/** Absolute path of a path as the operator wrote it. */
export function resolvePath(path: string, { file, homeDir }: Places): string {
  if (path === '~' || path.startsWith('~/')) return join(homeDir, path.slice(1));
  return resolve(dirname(file), path);
}

/** Fills in what the inventory leaves open. Takes only what passed every check. */
export function resolveCluster(
  input: Inventory,
  checksums: Readonly<Record<string, string>>,
  releases: readonly string[],
  places: Places,
  manifest: NetworkManifest | null,
): Cluster {
  const { cluster } = input;
  const nodes = input.nodes.map((node) => resolveNode(input, node, places));
  const network = typeof cluster.network === 'object' ? cluster.network : {};
  const first = nodes.find((node) => node.roles.includes('control-plane'));
  const endpoint = parseHostPort(cluster.endpoint ?? first?.internalAddress ?? '', defaults.apiPort);
  return {
    name: cluster.name,
    version: resolveRelease(cluster.release, releases) ?? cluster.release,
    method: cluster.method ?? defaults.method,
    install: cluster.install ?? defaults.install,
    runtime: cluster.runtime ?? defaults.runtime,
    network: {
      plugin:
        manifest === null
          ? ((typeof cluster.network === 'string' ? cluster.network : network.plugin) ?? defaults.network)
          : 'manifest',
      encapsulation: network.encapsulation ?? defaults.encapsulation,
      mtu: network.mtu ?? null,
      manifest,
      podCidr: network.podCidr ?? cluster.podCidr ?? defaults.podCidr,
      serviceCidr: network.serviceCidr ?? cluster.serviceCidr ?? defaults.serviceCidr,
      dnsDomain: network.dnsDomain ?? cluster.dnsDomain ?? defaults.dnsDomain,
    },
    proxyMode: cluster.proxyMode ?? defaults.proxyMode,
    endpoint: endpoint ?? { host: '', port: defaults.apiPort },
    pki: { algorithm: cluster.pki?.algorithm ?? defaults.algorithm, certSans: cluster.pki?.certSans ?? [] },
    mirrors: resolveMirrors(cluster.mirrors, checksums),
    components: {
      kubelet: cluster.kubelet ?? {},
      kubeletExtraArgs: mapValues(cluster.kubeletExtraArgs, String),
      docker: cluster.docker ?? {},
      kubeProxy: cluster.kubeProxy ?? {},
      apiServer: extraArgs(cluster.apiServer),
      controllerManager: extraArgs(cluster.controllerManager),
      scheduler: extraArgs(cluster.scheduler),
      etcd: extraArgs(cluster.etcd),
    },
    nodes,
    ignorePreflight: cluster.ignorePreflight ?? [],
    hardware: cluster.hardware ?? null,
  };
}

/** What a preset says beside the package repositories, which the release table has. */
const PRESETS = {
  official: { imageRepository: null, timeServers: [] },
  aliyun: { imageRepository: 'registry.aliyuncs.com/google_containers', timeServers: ['ntp.aliyun.com'] },
} as const;

function resolveMirrors(said: Inventory['cluster']['mirrors'], checksums: Readonly<Record<string, string>>): Mirrors {
  const input = typeof said === 'object' ? said : { preset: said };
  const preset = input.preset ?? defaults.mirrors;
  return {
    preset,
    artifacts: input.artifacts === undefined ? null : withoutSlash(input.artifacts),
    checksums,
    registries: mapValues(input.registries, (urls) => [urls].flat().map(withoutSlash)),
    urls: input.urls ?? {},
    imageRepository: input.imageRepository ?? PRESETS[preset].imageRepository,
    dockerRegistryMirrors: input.dockerRegistryMirrors ?? [],
    keys: mapValues(input.keys, (keys) => [keys].flat().map((key) => key.replaceAll(' ', '').toUpperCase())),
    timeServers: PRESETS[preset].timeServers,
  };
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

const mapValues = <V, W>(map: Readonly<Record<string, V>> | undefined, change: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, change(value)]));

const extraArgs = (component: Inventory['cluster']['apiServer']): ExtraArgs => mapValues(component?.extraArgs, String);

/** Later and more specific wins, key by key: defaults < top level < group < node. */
function resolveNode(input: Inventory, node: NodeInput, places: Places): Node {
  const groups = Object.values(input.groups ?? {}).filter((group) => group.nodes.includes(node.name));
  const named = [...groups, node];
  const layers = [input, ...named];
  return {
    name: node.name,
    address: node.address,
    internalAddress: node.internalAddress ?? node.address,
    roles: node.roles,
    labels: Object.assign({}, ...named.map(({ labels }) => labels ?? {})),
    taints: resolveTaints(named.flatMap(({ taints }) => taints ?? [])),
    ssh: resolveSsh(merge(layers.map(({ ssh }) => ssh)), places),
    system: resolveSystem(layers.map(({ system }) => system ?? {})),
  };
}

function merge<T extends object>(layers: readonly (T | undefined)[]): Partial<T> {
  return Object.assign({}, ...layers);
}

type TaintInput = NonNullable<NodeInput['taints']>[number];

/** They add up; of two with one key and effect the later wins. */
function resolveTaints(inputs: readonly TaintInput[]): Taint[] {
  const taints = inputs.flatMap((input) => (typeof input === 'string' ? (parseTaint(input) ?? []) : input));
  const byId = new Map(taints.map(({ key, value, effect }) => [`${key}:${effect}`, { key, value, effect }]));
  return [...byId.values()].map(({ key, value, effect }) =>
    value === undefined ? { key, effect } : { key, value, effect },
  );
}

function resolveSsh(input: Partial<SshInput>, places: Places): SshSettings {
  const user = input.user ?? defaults.user;
  const key = input.key === undefined ? null : resolvePath(input.key, places);
  const known = input.knownHosts ?? defaults.knownHosts;
  return {
    user,
    port: input.port ?? defaults.sshPort,
    key,
    agent: input.agent ?? defaults.agent,
    password: input.password ?? null,
    knownHosts: [known].flat().map((path) => resolvePath(path, places)),
    bastion: resolveBastion(input.bastion, { user, key }, places),
    become: resolveBecome(input.become, user, places),
    connectTimeout: input.connectTimeout ?? defaults.connectTimeout,
  };
}

function resolveBastion(
  input: SshInput['bastion'],
  login: Pick<SshSettings, 'user' | 'key'>,
  places: Places,
): Bastion | null {
  if (input === undefined || input === false) return null;
  if (typeof input === 'string') {
    const { user, host, port } = parseBastion(input) ?? { user: undefined, host: input, port: defaults.sshPort };
    return { address: host, port, user: user ?? login.user, key: login.key };
  }
  return {
    address: input.address,
    port: input.port ?? defaults.sshPort,
    user: input.user ?? login.user,
    key: input.key === undefined ? login.key : resolvePath(input.key, places),
  };
}

function resolveBecome(input: SshInput['become'], user: string, places: Places): Become {
  if (input === undefined) return { method: user === 'root' ? 'none' : 'sudo', password: null };
  if (typeof input === 'boolean') return { method: input ? 'sudo' : 'none', password: null };
  const { password } = input;
  return {
    method: input.method ?? 'sudo',
    password: typeof password === 'object' ? { file: resolvePath(password.file, places) } : (password ?? null),
  };
}

/** systemctl(1) does the same: a name without a known suffix is a service's. */
const unitOf = (name: string): string =>
  /\.(service|socket|timer|path|mount|automount|swap|target)$/.test(name) ? name : `${name}.service`;

function resolveSystem(layers: readonly SystemInput[]): SystemSettings {
  const input = merge<SystemInput>(layers);
  const timeSync = input.timeSync ?? defaults.timeSync;
  return {
    hostname: input.hostname ?? defaults.hostname,
    repositories: input.repositories ?? defaults.repositories,
    hostsFile: input.hostsFile ?? defaults.hostsFile,
    swap: input.swap ?? defaults.swap,
    selinux: input.selinux ?? defaults.selinux,
    firewall: input.firewall ?? defaults.firewall,
    timeSync:
      typeof timeSync === 'boolean'
        ? { enabled: timeSync, servers: [] }
        : { enabled: timeSync.enabled ?? true, servers: timeSync.servers ?? [] },
    sysctl: mapValues(merge(layers.map(({ sysctl }) => sysctl)), String),
    packages: [...new Set(layers.flatMap(({ packages }) => packages ?? []))],
    openFiles: input.openFiles ?? defaults.openFiles,
    kernel: input.kernel ?? defaults.kernel,
    timezone: input.timezone ?? null,
    extraHosts: mapValues(merge(layers.map(({ extraHosts }) => extraHosts)), (addresses) => [addresses ?? []].flat()),
    kubectlUsers: [...new Set(layers.flatMap(({ kubectlUsers }) => kubectlUsers ?? []))],
    disableServices: [...new Set(layers.flatMap(({ disableServices }) => disableServices ?? []).map(unitOf))],
  };
}
