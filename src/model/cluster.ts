import type { Secret } from './secret.js';

export type Role = 'control-plane' | 'worker' | 'etcd';
export type Arch = 'amd64' | 'arm64';
export type ProxyMode = 'iptables' | 'ipvs' | 'nftables';

/** What the operator wants, validated, defaulted and frozen. Made by `inventory/`; nobody changes it afterwards. */
export interface Cluster {
  readonly name: string;
  /** Exact Kubernetes version without `v`: `1.36.3`. */
  readonly version: string;
  readonly method: 'static-pods';
  /** How kubelet and container runtime come to a host: archives that we verify, or the distribution's packages. Docker always comes by packages. */
  readonly install: 'binaries' | 'packages';
  readonly runtime: 'containerd' | 'docker';
  readonly network: NetworkSettings;
  readonly proxyMode: ProxyMode;
  /** Where clients reach the API: host name or IP, and port. Defaults to the first control plane's internal address, 6443. */
  readonly endpoint: Endpoint;
  readonly pki: PkiSettings;
  readonly mirrors: Mirrors;
  readonly components: ComponentSettings;
  readonly nodes: readonly Node[];
  /** Names of preflight findings that the operator demotes to warnings. */
  readonly ignorePreflight: readonly string[];
  /** What the hosts must be made of, beside what kubeadm asks for; null: no more than that. */
  readonly hardware: HardwareProfile | null;
}

export type HardwareProfile = 'minimum' | 'test' | 'production';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface NetworkSettings {
  readonly plugin: 'flannel' | 'calico' | 'manifest';
  /** How packets to pods of another node travel; flannel's are always VXLAN. `none`: as they are, by routes that BGP hands on. */
  readonly encapsulation: 'vxlan' | 'ipip' | 'none';
  /** Of pods' links, without the encapsulation's header; null: the plugin finds it out. */
  readonly mtu: number | null;
  /** What the plugin `manifest` applies; null with the others. */
  readonly manifest: NetworkManifest | null;
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly dnsDomain: string;
}

/** A pod network of the operator's own choice: applied as it is. */
export interface NetworkManifest {
  /** `https://…`, or the absolute path of a file on the operator's side. */
  readonly source: string;
  /** Of a file; null: it has yet to be fetched. */
  readonly text: string | null;
}

export interface PkiSettings {
  readonly algorithm: 'RSA-2048' | 'ECDSA-P256';
  /** Further names and addresses for the API server's certificate. */
  readonly certSans: readonly string[];
}

export interface Mirrors {
  /** Whose repositories of packages are used: the publishers' own, or Aliyun's copies of them. */
  readonly preset: MirrorPreset;
  /** `https://HOST/PATH` is fetched from `<artifacts>/HOST/PATH`; null: from upstream. No trailing slash. */
  readonly artifacts: string | null;
  /** Upstream URL -> sha256 hex. Beats the release table: for binaries that the operator built himself. */
  readonly checksums: Readonly<Record<string, string>>;
  /** Registry host -> mirror URLs, tried in order before the registry itself. */
  readonly registries: Readonly<Record<string, readonly string[]>>;
  /** Beginning of an upstream URL -> what stands there instead; the longest that fits wins, and beats `artifacts`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Where Kubernetes' own images have their copies, with flat names: `registry.aliyuncs.com/google_containers`; null: registry.k8s.io. */
  readonly imageRepository: string | null;
  /** `registry-mirrors` of Docker's daemon.json. */
  readonly dockerRegistryMirrors: readonly string[];
  /** Repository id -> fingerprints of the keys that it may be signed with, instead of those that its publisher uses. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** Time servers where the inventory names none; empty: the distribution's. */
  readonly timeServers: readonly string[];
  /** What this one run has instead of all of them. Never from the inventory, and nothing of it stays on a host. */
  readonly bundle?: BundleSource | undefined;
}

export type MirrorPreset = 'official' | 'aliyun';

/** A bundle that is served to the hosts while a run lasts. */
export interface BundleSource {
  /** Where a host finds it: `http://127.0.0.1:17117`, a way back through its own SSH connection. */
  readonly origin: string;
  /** Systems that it holds packages for (`systemOf`). */
  readonly systems: readonly string[];
}

/** Free settings per component, passed through: config objects are merged over ours, `extraArgs` become flags. */
export interface ComponentSettings {
  readonly kubelet: Readonly<Record<string, unknown>>;
  /** Flags of the kubelet beside those of kubeadm. */
  readonly kubeletExtraArgs: ExtraArgs;
  /** Fields of Docker's daemon.json. */
  readonly docker: Readonly<Record<string, unknown>>;
  readonly kubeProxy: Readonly<Record<string, unknown>>;
  readonly apiServer: ExtraArgs;
  readonly controllerManager: ExtraArgs;
  readonly scheduler: ExtraArgs;
  readonly etcd: ExtraArgs;
}

/** Flag name without dashes -> value. */
export type ExtraArgs = Readonly<Record<string, string>>;

export interface Node {
  readonly name: string;
  /** Where SSH goes. */
  readonly address: string;
  /** Where Kubernetes traffic goes: kubelet's node IP, etcd, advertise address. Defaults to `address`. */
  readonly internalAddress: string;
  readonly roles: readonly Role[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly ssh: SshSettings;
  readonly system: SystemSettings;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface SshSettings {
  readonly user: string;
  readonly port: number;
  /** Absolute path of a private key; null: agent, then password if `password` says so. */
  readonly key: string | null;
  readonly agent: boolean;
  /** `prompt`: ask once on the terminal. */
  readonly password: 'prompt' | null;
  readonly knownHosts: readonly string[];
  readonly bastion: Bastion | null;
  readonly become: Become;
  readonly connectTimeout: number;
}

export interface Bastion {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly key: string | null;
}

/** How commands become root on the host. `none`: the user is root already. */
export interface Become {
  readonly method: 'none' | 'sudo';
  readonly password: 'prompt' | { readonly file: string } | null;
}

/** Answers to questions asked once per run on the terminal; never written down. */
export interface Credentials {
  readonly passwordFor: (purpose: 'ssh' | 'become' | 'key', subject: string) => Promise<Secret>;
}

export interface SystemSettings {
  readonly hostname: boolean;
  /** The distribution's own repositories, and EPEL: left alone, or the preset's in their place. */
  readonly repositories: 'keep' | 'mirror';
  readonly hostsFile: boolean;
  /** Further lines of /etc/hosts: name -> addresses. */
  readonly extraHosts: Readonly<Record<string, readonly string[]>>;
  readonly swap: 'off' | 'keep';
  readonly selinux: 'permissive' | 'enforcing' | 'keep';
  readonly firewall: 'disable' | 'open' | 'keep';
  readonly timeSync: { readonly enabled: boolean; readonly servers: readonly string[] };
  /** Brought and booted before the host joins. */
  readonly kernel: 'keep' | 'distribution' | 'elrepo-lt';
  /** null: as it is. */
  readonly timezone: string | null;
  readonly sysctl: Readonly<Record<string, string>>;
  /** Packages beside those that Kubernetes needs. */
  readonly packages: readonly string[];
  readonly openFiles: number;
  /** Units that are stopped and disabled, with their suffix: `postfix.service`. */
  readonly disableServices: readonly string[];
  /** Users of control planes who get the administrator's kubeconfig as ~/.kube/config. */
  readonly kubectlUsers: readonly string[];
}

export const isControlPlane = (node: Node): boolean => node.roles.includes('control-plane');
export const isWorker = (node: Node): boolean => node.roles.includes('worker');
/** etcd runs on the hosts of role `etcd`, or, if there is none, beside the API servers. The inventory refuses to keep the two apart. */
export const hasEtcd = (cluster: Cluster, node: Node): boolean =>
  cluster.nodes.some((n) => n.roles.includes('etcd')) ? node.roles.includes('etcd') : isControlPlane(node);
