import { z } from 'zod';
import { defaults } from './defaults.js';
import * as word from './words.js';

interface About {
  readonly is: string;
  readonly example?: unknown;
  /** Filled in when the key is left out; a value, or words for one that depends on others. */
  readonly default?: unknown;
  readonly otherwise?: string;
}

const about = ({ is, example, otherwise, ...rest }: About) => ({
  description: is,
  ...('default' in rest ? { default: rest.default } : {}),
  ...(otherwise === undefined ? {} : { 'x-otherwise': otherwise }),
  ...(example === undefined ? {} : { examples: [example] }),
});
const key = <S extends z.ZodType>(schema: S, text: About) => schema.optional().meta(about(text));
const required = <S extends z.ZodType>(schema: S, text: About) => schema.meta(about(text));
const or = <A extends z.ZodType, B extends z.ZodType>(a: A, b: B, error: string) => z.union([a, b], { error });
const section = <S extends z.ZodRawShape>(id: string, description: string, shape: S) =>
  z.strictObject(shape).meta({ id, description });

const plainValue = z.union([z.string(), z.number(), z.boolean()], {
  error: 'should be one value: a text, a number, true or false',
});
const freeSettings = z.record(z.string(), z.unknown());
const flags = (component: string) =>
  key(
    section(component, `Further flags of ${component}.`, {
      extraArgs: key(z.record(word.flagName, plainValue), {
        is: 'Flag name without dashes -> value; beats the flag that provision would set.',
        example: { v: 4 },
        default: {},
      }),
    }),
    { is: `Settings of ${component}.`, example: { extraArgs: { v: 4 } } },
  );

const podCidr = key(word.cidr, {
  is: 'Addresses of pods; every node gets a /24 of it.',
  example: '10.244.0.0/16',
  default: defaults.podCidr,
});
const serviceCidr = key(word.cidr, {
  is: 'Addresses of Services; /12 at most, /28 at least.',
  example: '10.96.0.0/12',
  default: defaults.serviceCidr,
});
const dnsDomain = key(word.dnsDomain, {
  is: 'DNS domain of the cluster.',
  example: 'cluster.local',
  default: defaults.dnsDomain,
});

const network = section('network', 'The pod network.', {
  plugin: key(z.enum(['flannel']), {
    is: 'Who connects pods across nodes.',
    example: 'flannel',
    default: defaults.network,
  }),
  podCidr,
  serviceCidr,
  dnsDomain,
});

const pki = section('pki', 'Keys and certificates.', {
  algorithm: key(z.enum(['RSA-2048', 'ECDSA-P256']), {
    is: 'Kind of every key, the CA included. Cannot change while the cluster lives.',
    example: 'ECDSA-P256',
    default: defaults.algorithm,
  }),
  certSans: key(z.array(word.certSan), {
    is: "Further names and addresses for the API server's certificate.",
    example: ['api.example.com'],
    default: [],
  }),
});

const mirrors = section('mirrors', 'Where hosts fetch from instead of upstream.', {
  artifacts: key(word.url, {
    is: '`https://HOST/PATH` is fetched from `<artifacts>/HOST/PATH`.',
    example: 'https://mirror.example.com/artifacts',
    otherwise: 'upstream',
  }),
  checksums: key(word.path, {
    is: 'JSON file: upstream URL -> sha256 in hex. Beats the release table; for binaries that you built yourself.',
    example: 'checksums.json',
    otherwise: 'the release table',
  }),
  registries: key(
    z.record(word.registryName, or(word.url, z.array(word.url).min(1), 'should be a URL or a list of URLs')),
    {
      is: 'Registry -> mirror URL or URLs, tried in order before the registry itself.',
      example: { 'registry.k8s.io': 'https://mirror.example.com:5000' },
      default: {},
    },
  ),
});

const cluster = section('cluster', 'The cluster as a whole.', {
  name: required(word.clusterName, {
    is: 'Name of the cluster, its state folder and its kubeconfig context.',
    example: 'lab',
  }),
  release: required(word.releaseName, {
    is: 'Kubernetes release: a minor (its newest known patch is taken) or an exact version. Quote it.',
    example: '1.36',
  }),
  method: key(z.enum(['static-pods']), {
    is: 'How control-plane components run.',
    example: 'static-pods',
    default: defaults.method,
  }),
  runtime: key(z.enum(['containerd']), { is: 'Container runtime.', example: 'containerd', default: defaults.runtime }),
  network: key(or(z.enum(['flannel']), network, 'should be the name of a network plugin, or a map with `plugin`'), {
    is: 'The pod network: the name of the plugin, or a map.',
    example: 'flannel',
    default: defaults.network,
  }),
  podCidr,
  serviceCidr,
  dnsDomain,
  endpoint: key(word.hostPort, {
    is: 'Where clients reach the API: `host` or `host:port`. Needed with more than one control plane.',
    example: 'api.example.com:6443',
    otherwise: "first control plane's `internalAddress`, port 6443",
  }),
  proxyMode: key(z.enum(['iptables', 'ipvs', 'nftables']), {
    is: 'How kube-proxy sends Service traffic.',
    example: 'ipvs',
    default: defaults.proxyMode,
  }),
  pki: key(pki, { is: 'Keys and certificates.', example: { algorithm: 'ECDSA-P256' } }),
  mirrors: key(mirrors, {
    is: 'Where hosts fetch from instead of upstream.',
    example: { artifacts: 'https://mirror.example.com/artifacts' },
  }),
  kubelet: key(freeSettings, {
    is: 'Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1), merged over ours.',
    example: { maxPods: 200 },
    default: {},
  }),
  kubeProxy: key(freeSettings, {
    is: 'Fields of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1), merged over ours.',
    example: { conntrack: { maxPerCore: 0 } },
    default: {},
  }),
  apiServer: flags('apiServer'),
  controllerManager: flags('controllerManager'),
  scheduler: flags('scheduler'),
  etcd: flags('etcd'),
  ignorePreflight: key(z.array(word.findingName), {
    is: 'Preflight findings that become warnings.',
    example: ['Mem'],
    default: [],
  }),
});

const bastion = section('bastion', 'A host that SSH goes through. A text `user@host:port` does as well.', {
  address: required(word.host, { is: 'IP address or DNS name.', example: 'bastion.example.com' }),
  port: key(z.int().min(1).max(65535), { is: 'SSH port.', example: 2222, default: defaults.sshPort }),
  user: key(word.userName, { is: 'User on the bastion.', example: 'jump', otherwise: 'the `ssh.user` of the node' }),
  key: key(word.path, {
    is: 'Private key for the bastion.',
    example: '~/.ssh/bastion',
    otherwise: 'the `ssh.key` of the node',
  }),
});

const become = section('become', 'How commands become root.', {
  method: key(z.enum(['sudo', 'none']), { is: '`none`: the user is root already.', example: 'sudo', default: 'sudo' }),
  password: key(
    or(
      z.enum(['prompt']),
      z.strictObject({
        file: required(word.path, { is: 'File whose first line is the password.', example: '~/.sudo' }),
      }),
      'should be `prompt` or `{file: PATH}`',
    ),
    {
      is: '`prompt`: asked once per run. `{file: PATH}`: first line of a file.',
      example: 'prompt',
      otherwise: 'none is sent',
    },
  ),
});

export const ssh = section('ssh', 'How provision reaches the hosts.', {
  user: key(word.userName, { is: 'User to log in as.', example: 'deploy', default: defaults.user }),
  port: key(z.int().min(1).max(65535), { is: 'SSH port.', example: 2222, default: defaults.sshPort }),
  key: key(word.path, {
    is: 'Private key file; asked for its passphrase if it has one.',
    example: '~/.ssh/id_ed25519',
    otherwise: 'agent',
  }),
  agent: key(z.boolean(), { is: 'Offer the keys of the running SSH agent.', example: false, default: defaults.agent }),
  password: key(z.enum(['prompt']), {
    is: 'Ask for the login password once per run. A password never stands in an inventory.',
    example: 'prompt',
    otherwise: 'no password login',
  }),
  knownHosts: key(or(word.path, z.array(word.path).min(1), 'should be the path of a file, or a list of paths'), {
    is: 'Files of known host keys; an unknown host is refused.',
    example: ['~/.ssh/known_hosts'],
    otherwise: '`~/.ssh/known_hosts` and `known_hosts` in the state folder',
  }),
  bastion: key(
    z.union([word.bastionText, bastion, z.literal(false)], {
      error: 'should be `user@host:port`, a map with `address`, or false',
    }),
    {
      is: 'A host that SSH goes through; `false` takes back a shared one.',
      example: 'jump@bastion.example.com:22',
      otherwise: 'none',
    },
  ),
  become: key(or(z.boolean(), become, 'should be true, false, or a map with `method` and `password`'), {
    is: 'Become root by sudo.',
    example: { method: 'sudo', password: 'prompt' },
    otherwise: 'no for root, else sudo',
  }),
  connectTimeout: key(z.int().min(1).max(600), {
    is: 'Seconds until a host counts as unreachable.',
    example: 30,
    default: defaults.connectTimeout,
  }),
});

const timeSync = section('timeSync', 'Where the time comes from. `true` and `false` do as well.', {
  enabled: key(z.boolean(), { is: 'Keep the clock in step by chrony.', example: true, default: true }),
  servers: key(z.array(word.host), {
    is: 'NTP servers.',
    example: ['ntp.example.com'],
    otherwise: "the distribution's",
  }),
});

export const system = section(
  'system',
  'How the operating system is prepared. What was there before is put back by `reset`.',
  {
    hostname: key(z.boolean(), {
      is: 'Set the host name to the name of the node.',
      example: false,
      default: defaults.hostname,
    }),
    hostsFile: key(z.boolean(), {
      is: 'Keep a block with all nodes in /etc/hosts.',
      example: false,
      default: defaults.hostsFile,
    }),
    swap: key(z.enum(['off', 'keep']), { is: 'Swap, now and at boot.', example: 'keep', default: defaults.swap }),
    selinux: key(z.enum(['permissive', 'enforcing', 'keep']), {
      is: 'SELinux mode, where there is SELinux.',
      example: 'enforcing',
      default: defaults.selinux,
    }),
    firewall: key(z.enum(['disable', 'open', 'keep']), {
      is: 'firewalld or ufw: stop it, open exactly the ports that the node needs, or leave it alone.',
      example: 'open',
      default: defaults.firewall,
    }),
    timeSync: key(or(z.boolean(), timeSync, 'should be true, false, or a map with `servers`'), {
      is: 'Keep the clock in step.',
      example: { servers: ['ntp.example.com'] },
      default: defaults.timeSync,
    }),
    sysctl: key(
      z.record(word.sysctlKey, z.union([z.string(), z.number()], { error: 'should be a number or a text' })),
      {
        is: 'Further kernel settings.',
        example: { 'net.core.somaxconn': 4096 },
        default: {},
      },
    ),
    packages: key(z.array(word.packageName), {
      is: 'Packages beside those that Kubernetes needs.',
      example: ['nfs-common'],
      default: [],
    }),
    openFiles: key(z.int().min(1024).max(1_073_741_816), {
      is: 'Open files that the runtime and kubelet may have.',
      example: 65536,
      default: defaults.openFiles,
    }),
  },
);

const taint = section('taint', 'A taint. A text `key=value:Effect` does as well.', {
  key: required(word.labelKey, { is: 'Key, grammar of a label key.', example: 'dedicated' }),
  value: key(word.labelValue, { is: 'Value, grammar of a label value.', example: 'gpu', otherwise: 'none' }),
  effect: required(z.enum(word.taintEffects), {
    is: 'What happens to pods that do not tolerate it.',
    example: 'NoSchedule',
  }),
});
const labels = key(z.record(word.labelKey, word.labelValue), {
  is: 'Labels of the Node object.',
  example: { 'example.com/disk': 'ssd' },
  default: {},
});
const taints = key(
  z.array(or(word.taintText, taint, 'should be `key=value:Effect`, or a map with `key` and `effect`')),
  {
    is: 'Taints of the Node object, beside the one of control planes.',
    example: ['dedicated=gpu:NoSchedule'],
    default: [],
  },
);

const group = section('group', 'Settings that several nodes share.', {
  nodes: required(z.array(word.nodeName), { is: 'Names of the nodes.', example: ['worker-1', 'worker-2'] }),
  ssh: key(ssh, { is: 'Beats the `ssh` of the top level.', example: { port: 2222 } }),
  system: key(system, { is: 'Beats the `system` of the top level.', example: { swap: 'keep' } }),
  labels,
  taints,
});

const node = section('node', 'One host of the cluster.', {
  name: required(word.nodeName, { is: 'Name of the Node object and of the host.', example: 'worker-1' }),
  address: required(word.host, { is: 'Where SSH goes: IP address or DNS name.', example: '203.0.113.11' }),
  internalAddress: key(word.ip, {
    is: 'IP address that the other nodes reach it by.',
    example: '10.0.0.11',
    otherwise: '`address`',
  }),
  roles: required(z.array(z.enum(['control-plane', 'worker', 'etcd'])).min(1), {
    is: 'What runs there. `control-plane` without `worker` takes no ordinary pods. etcd runs on the hosts of role `etcd`, or, if there is none, beside the API servers.',
    example: ['worker'],
  }),
  labels,
  taints,
  ssh: key(ssh, { is: 'Beats the `ssh` of its group and of the top level.', example: { user: 'admin' } }),
  system: key(system, { is: 'Beats the `system` of its group and of the top level.', example: { selinux: 'keep' } }),
});

/** The inventory as operators write it. One source for validation, TypeScript types, JSON Schema and the reference. */
export const inventorySchema = z.strictObject({
  cluster: required(cluster, { is: 'The cluster as a whole.', example: { name: 'lab', release: '1.36' } }),
  ssh: key(ssh, {
    is: 'How provision reaches the hosts; groups and nodes may say otherwise.',
    example: { user: 'root' },
  }),
  system: key(system, {
    is: 'How the operating system is prepared; groups and nodes may say otherwise.',
    example: { firewall: 'open' },
  }),
  groups: key(z.record(word.groupName, group), {
    is: 'Name -> settings that several nodes share.',
    example: { gpu: { nodes: ['worker-1'], labels: { 'example.com/gpu': 'yes' } } },
    default: {},
  }),
  nodes: required(z.array(node).min(1), {
    is: 'The hosts.',
    example: [{ name: 'cp-1', address: '10.0.0.11', roles: ['control-plane', 'worker'] }],
  }),
});

export type Inventory = z.output<typeof inventorySchema>;
export type SshInput = z.output<typeof ssh>;
export type SystemInput = z.output<typeof system>;
export type NodeInput = Inventory['nodes'][number];
