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
  /** Mount point -> free bytes and inodes, for /, /var, /etc, /var/lib/etcd, /var/lib/containerd, /run. */
  readonly disks: Readonly<Record<string, { readonly freeBytes: number; readonly freeInodes: number }>>;
  /** TCP ports that something listens on, with the process's name. */
  readonly listening: Readonly<Record<string, string>>;
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
