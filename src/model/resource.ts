import type { Cluster } from './cluster.js';
import type { Secret } from './secret.js';

/** What should be true of a host: a closed set of nouns. Each kind's key, question, actions and shell are in `resources/`. */
export type Resource =
  | FileResource
  | DirectoryResource
  | BlockResource
  | JsonSettingsResource
  | ArtifactResource
  | PackagesResource
  | RepositoryResource
  | UnitResource
  | UserFileResource
  | SysctlResource
  | TimezoneResource
  | ModuleResource
  | MutedResource
  | SwapResource
  | SelinuxResource
  | HostnameResource
  | FirewallResource
  | ObjectsResource
  | NodeResource
  | KernelResource
  | KubeletIdentityResource
  | MembershipResource
  | TracesResource
  | PodsResource
  | StaticPodResource;

export type ResourceKind = Resource['kind'];
/** `kind name`: unique per host, the word the operator sees: `file /etc/hosts`. */
export type ResourceKey = string;

export interface FileResource {
  readonly kind: 'file';
  readonly path: string;
  /** Octal permission bits. */
  readonly mode: number;
  readonly content: string | Secret;
}

/** A file below somebody's home, owned by them. */
export interface UserFileResource {
  readonly kind: 'user-file';
  readonly user: string;
  /** Below the home: `.kube/config`. */
  readonly path: string;
  readonly mode: number;
  readonly content: string | Secret;
}

export interface DirectoryResource {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
}

/** Lines between two marks inside a file that belongs to somebody else. */
export interface BlockResource {
  readonly kind: 'block';
  readonly path: string;
  readonly content: string;
}

/** Settings of ours in a JSON file that may be somebody else's; all others in it stay. */
export interface JsonSettingsResource {
  readonly kind: 'json-settings';
  readonly path: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Who reads it: restarted when the former file is given back to one that runs. */
  readonly unit: string;
}

/** A verified download put in place. `install`: archive member (or `''` for the file itself) -> destination path. */
export interface ArtifactResource {
  readonly kind: 'artifact';
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
  readonly format: 'binary' | 'tar.gz';
  readonly install: readonly { readonly member: string; readonly path: string }[];
}

export interface PackagesResource {
  readonly kind: 'packages';
  readonly name: string;
  readonly packages: readonly string[];
  /** Package -> exact upstream version (`1.36.3`, `20.10.24`), whatever the package's own epoch and release. The others: any version. */
  readonly versions?: Readonly<Record<string, string>> | undefined;
  /** Those with a version stay at it when the operator updates the host. */
  readonly hold?: boolean | undefined;
  /** yum and dnf: repositories that are switched on, and whose excludes are lifted, for this installation only. */
  readonly enableRepos?: readonly string[] | undefined;
  /** A flat repository that in this run stands in for all others: that of a bundle. */
  readonly from?: string | undefined;
}

/** Where the package manager gets packages from. A key is trusted only when its fingerprint is one of the pinned ones. */
export interface RepositoryResource {
  readonly kind: 'repository';
  /** Section of the .repo file, and name of every file of ours: `kubernetes`. */
  readonly id: string;
  readonly title: string;
  readonly format: 'yum' | 'apt';
  readonly baseUrl: string;
  /** apt only: `bookworm`, or `/` for a flat repository. */
  readonly suite?: string | undefined;
  /** apt only; none for a flat repository. */
  readonly components?: readonly string[] | undefined;
  readonly keyUrls: readonly string[];
  /** 40 upper-case hex digits each. Every primary key in what the URLs give must be one of them. */
  readonly keyFingerprints: readonly string[];
  /** apt: a keyring that the distribution brought; then there is nothing to fetch. */
  readonly keyring?: string | undefined;
  /** yum: the metadata is signed, too. apt knows nothing else. */
  readonly repoGpgcheck: boolean;
  readonly enabled: boolean;
  /** yum: packages that a plain update does not see. */
  readonly exclude: readonly string[];
  /** Files that it stands in for, kept aside: paths whose last part may hold `*`. */
  readonly replaces: readonly string[];
  /** Put in place without being read once: in a run with a bundle the host reaches no repository. */
  readonly untried?: boolean | undefined;
}

export interface UnitResource {
  readonly kind: 'unit';
  readonly name: string;
  readonly state: 'started' | 'stopped';
  /** Digest of what the unit was started from; '' when it depends on nothing of ours. A differing stamp plans the restart. */
  readonly stamp: string;
  /** Seconds that a start may take. */
  readonly within: number;
  /** How a running unit takes up other inputs; a restart where nothing is said. */
  readonly change?: 'reload' | undefined;
}

/** A file under /etc/sysctl.d and the same values live. */
export interface SysctlResource {
  readonly kind: 'sysctl';
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Kernel modules, now and at boot (/etc/modules-load.d/<name>.conf). A built-in module counts. */
export interface ModuleResource {
  readonly kind: 'modules';
  readonly name: string;
  readonly modules: readonly string[];
}

/** Lines that begin with one of these words, in a file that belongs to somebody else, say nothing while ours are there. */
export interface MutedResource {
  readonly kind: 'muted';
  readonly path: string;
  readonly words: readonly string[];
}

export interface TimezoneResource {
  readonly kind: 'timezone';
  /** A name below /usr/share/zoneinfo: `Asia/Shanghai`. */
  readonly zone: string;
}

/** The newest kernel of this package runs. */
export interface KernelResource {
  readonly kind: 'kernel';
  readonly source: 'distribution' | 'elrepo-lt';
  readonly package: string;
  /** yum and dnf: repositories that are switched on for its installation only. */
  readonly enableRepos: readonly string[];
}

export interface SwapResource {
  readonly kind: 'swap';
}

export interface SelinuxResource {
  readonly kind: 'selinux';
  readonly mode: 'permissive' | 'enforcing';
}

export interface HostnameResource {
  readonly kind: 'hostname';
  readonly name: string;
}

/** Ports opened in a running firewalld or ufw; hosts without one need nothing. */
export interface FirewallResource {
  readonly kind: 'firewall';
  readonly ports: readonly string[];
  readonly sources: readonly string[];
}

/** API objects that belong together, as far as we set their fields; asked and applied on the leader in one go each. */
export interface ObjectsResource {
  readonly kind: 'objects';
  /** What they are together: `CoreDNS`. */
  readonly name: string;
  readonly manifests: readonly KubernetesObject[];
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly [field: string]: unknown;
}

/** Labels, taints and annotations of a Node beside those that others set. Asked by the node's own kubelet, set by the leader. */
export interface NodeResource {
  readonly kind: 'node';
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string | undefined; readonly effect: string }[];
}

/** The kubelet has a client certificate of its own, got by TLS bootstrap with a token made for this one join. */
export interface KubeletIdentityResource {
  readonly kind: 'kubelet-identity';
  readonly node: string;
  /** `https://host:port` */
  readonly server: string;
  /** `sha256:<hex>` over the CA's SubjectPublicKeyInfo. */
  readonly caHash: string;
  /** A control plane: its kubelet must run before there is an API to ask for a token; null where the leader makes the token. */
  readonly ownApi: OwnApi | null;
  /** The unit that it starts, so that joining is no second start. */
  readonly unit: UnitResource;
}

/** A node's membership of a living cluster; only its leave is an action. */
export interface MembershipResource {
  readonly kind: 'membership';
  readonly node: string;
  /** kubectl's flag by which `drain` takes pods with emptyDir volumes, too. */
  readonly deleteEmptyDirData: string;
}

export interface OwnApi {
  /** `https://host:port` of this host's own API server. */
  readonly server: string;
  /** What must be in the API before a token is worth anything. */
  readonly groundwork: readonly KubernetesObject[];
  /** Commands that are run one after the other while the controller manager gets going. None of them has to succeed. */
  readonly meanwhile: readonly (readonly string[])[];
}

/** Things that running components leave behind and nobody else owns; never made by us, removed by reset. */
export interface TracesResource {
  readonly kind: 'traces';
  readonly name: string;
  readonly paths: readonly string[];
  readonly links: readonly string[];
  /** Prefixes of iptables/nft chains. */
  readonly chains: readonly string[];
  readonly ipvs: boolean;
  /** A link: when it was there before us, its owner ran before us, and links, chains, rules and policies stay as they are. */
  readonly theirsWith?: string | undefined;
  /** Rules that name one of the links go, and the FORWARD chain gets the policy back that it had: Docker's ways of having a network. */
  readonly forwarding?: true | undefined;
  /** Prefixes of the names of IP sets, which the chains refer to. */
  readonly ipsets?: readonly string[] | undefined;
  /** Routes to these networks and their parts: those that hang on no link stay when the links go. */
  readonly routes?: readonly string[] | undefined;
  /** Kernel settings that they change, as paths below /proc/sys: reset puts the former values back. */
  readonly sysctls?: readonly string[] | undefined;
}

/** The pods and containers of the runtime; removed by reset before the runtime goes. */
export interface PodsResource {
  readonly kind: 'pods';
  readonly runtime: Cluster['runtime'];
  readonly socket: string;
}

/** A static pod of this host that runs from the manifest that lies there. The kubelet makes it so; here it is seen and waited for. */
export interface StaticPodResource {
  readonly kind: 'static-pod';
  /** Who is asked about it. */
  readonly runtime: Cluster['runtime'];
  /** Name in the manifest, and of its one container: `kube-apiserver`. The kubelet calls the pod `<name>-<node>`. */
  readonly name: string;
  /** Annotation in the manifest whose value is another one for every other manifest. */
  readonly annotation: string;
  readonly stamp: string;
  /** Seconds until it must run. */
  readonly within: number;
}
