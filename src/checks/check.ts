import type { Cluster, Facts, Finding, MachineFacts, Node, ProvisionError, Release, Trial } from '../model/index.js';

/** What is about to be done. Reset asks little: an odd host must never keep its operator from cleaning it. */
export type Operation = 'apply' | 'reset';

/** One host under examination. */
export interface Subject {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly machine: MachineFacts;
  readonly facts: Facts;
  /** null: the host was not asked to try anything. */
  readonly trial: Trial | null;
  readonly release: Release;
}

/** What was tried beside what is known. */
export interface Tried {
  /** By host; those that were not asked are not in it. */
  readonly trials: ReadonlyMap<string, Trial>;
  /** Why this machine cannot have the manifests that apply needs; null: it has them. */
  readonly manifests: ProvisionError | null;
}

/** What a finding is in general: a line of docs/preflight.md. */
export interface Told {
  /** The finding's name; a part in `<…>` stands for what it is about. */
  readonly name: string;
  readonly severity: 'error' | 'warning' | 'error or warning';
  readonly asks: string;
  readonly cure: string;
}

/** A finding before anybody has said on which host. */
export type Draft = Omit<Finding, 'host'>;

/** A question to one host's facts. */
export interface HostCheck {
  readonly tells: readonly Told[];
  readonly before: readonly Operation[];
  look(subject: Subject): readonly Draft[];
}

/** A question that only several hosts together answer, or the cluster itself. */
export interface FleetCheck {
  readonly tells: readonly Told[];
  readonly before: readonly Operation[];
  look(cluster: Cluster, subjects: readonly Subject[], tried: Tried | null): readonly Finding[];
}

export const tells = (name: string, severity: Told['severity'], asks: string, cure: string): Told => ({
  name,
  severity,
  asks,
  cure,
});
export const error = (name: string, message: string, cure: string): Draft => ({
  name,
  severity: 'error',
  message,
  cure,
});
export const warning = (name: string, message: string, cure: string): Draft => ({
  name,
  severity: 'warning',
  message,
  cure,
});

/** A command for the operator's terminal that runs on the host as root. */
export function onHost({ address, ssh }: Node, command: string): string {
  const port = ssh.port === 22 ? '' : `-p ${ssh.port} `;
  return ssh.user === 'root'
    ? `ssh ${port}root@${address} ${command}`
    : `ssh ${port}${ssh.user}@${address} sudo ${command}`;
}

/** Paths as kubeadm writes them into names: `/etc/kubernetes` -> `-etc-kubernetes`. */
export const label = (path: string): string => path.replaceAll('/', '-');
