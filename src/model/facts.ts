import type { Arch } from './cluster.js';
import type { Resource, ResourceKey } from './resource.js';

/** What a host said about itself and about each resource that was asked. Gathered in one round trip. */
export interface Facts {
  readonly host: string;
  readonly machine: MachineFacts;
  /** What provision owns on this host, oldest first. */
  readonly ledger: readonly LedgerEntry[];
  /** Looked and found; the kind knows the answer's shape. Throws when it was never asked: absence is not ignorance. */
  answer<A>(resource: Resource): A;
}

export interface MachineFacts {
  readonly hostname: string;
  readonly os: {
    readonly id: string;
    readonly like: readonly string[];
    readonly version: string;
    readonly name: string;
  };
  /** Row of the family table that it is, or is nearest to: `el9`, `debian`. */
  readonly family: string;
  readonly arch: Arch | string;
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly machineId: string;
  readonly productUuid: string;
  readonly macs: readonly string[];
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  readonly initSystem: string;
  readonly packageManager: 'apt' | 'dnf' | 'yum' | 'none';
  readonly cgroup: 'v1' | 'v2' | 'hybrid';
  readonly cgroupControllers: readonly string[];
  /** Host clock minus operator clock, milliseconds, corrected by half the round trip. */
  readonly clockSkewMs: number;
  readonly timeSynced: boolean | null;
  /** Path -> room on the file system that holds it (or its nearest parent), for /, /var, /etc, /var/lib/etcd, /var/lib/containerd, /run. */
  readonly disks: Readonly<Record<string, DiskRoom>>;
  /** TCP ports that something listens on, with the process's name; '' when the host could not name it. */
  readonly listening: Readonly<Record<string, string>>;
  /** The same for UDP. The kernel's own sockets (VXLAN) have no process. */
  readonly listeningUdp: Readonly<Record<string, string>>;
  readonly commands: readonly string[];
  readonly swaps: readonly string[];
  readonly selinux: 'enforcing' | 'permissive' | 'disabled' | 'absent';
  readonly resolvConf: readonly string[];
  readonly proxyEnvironment: Readonly<Record<string, string>>;
  readonly packageManagerBusy: string | null;
  readonly brokenPackages: readonly string[];
  readonly foreignRuntimes: readonly string[];
  /** Certificate of the cluster CA on the host (/etc/kubernetes/pki/ca.crt), if there is one. */
  readonly clusterCa: string | null;
  /** What the questions ran as; anything but 0 means that nothing below can be believed. */
  readonly uid: number;
  /** The container technology when the host is a container (`systemd-nspawn`, `lxc`), else null. */
  readonly container: string | null;
  /** The active firewall front end. */
  readonly firewall: 'firewalld' | 'ufw' | null;
  /** What NetworkManager is told to leave alone, one device specification each (NetworkManager.conf(5)); null: it does not run. */
  readonly networkManagerIgnores: readonly string[] | null;
  /** SELinux rules for containers (package container-selinux) are there. */
  readonly containerSelinux: boolean;
  /** Upstream name servers of systemd-resolved, which hides them behind 127.0.0.53. */
  readonly resolvedUpstreams: readonly string[];
  /** Names that /etc/hosts gives an address to. */
  readonly hostsFileNames: readonly string[];
  /** CONFIG_ name without the prefix -> `y`, `m` or a value, of those that Kubernetes needs; null: the kernel does not say. */
  readonly kernelConfig: Readonly<Record<string, string>> | null;
  /** Standard Kubernetes paths that exist (files) or hold something (directories), whoever made them. */
  readonly kubernetesPaths: readonly string[];
  /** Names of the files in /etc/cni/net.d. */
  readonly cniConfigs: readonly string[];
  /** `v1.36.3`; null: no kubelet. */
  readonly kubeletVersion: string | null;
  /** The cluster of provision that this host belongs to (/var/lib/provision/cluster); null: none. */
  readonly owner: { readonly cluster: string; readonly caHash: string } | null;
}

export interface DiskRoom {
  /** The whole file system. */
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** null: the file system does not count inodes (btrfs). */
  readonly freeInodes: number | null;
  /** Where that file system is mounted: two paths with one mount share the room. */
  readonly mount: string;
}

/** A line of the ownership ledger under /var/lib/provision/ledger: what was there before we changed it. */
export interface LedgerEntry {
  readonly key: ResourceKey;
  readonly kind: Resource['kind'];
  /** Position in the life of the host; reset goes backwards. */
  readonly order: number;
  /** The kind's answer before the first change. */
  readonly former: unknown;
  /** What the kind needs to take the resource away again; holds no secret. */
  readonly resource: unknown;
}
