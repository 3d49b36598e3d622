import type { Cluster, Facts, Finding, MachineFacts, Node } from '../model/index.js';

/** What is about to be done. Reset asks little: an odd host must never keep its operator from cleaning it. */
export type Operation = 'apply' | 'reset';

/** One host under examination. */
export interface Subject {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly machine: MachineFacts;
  readonly facts: Facts;
}

/** A finding before anybody has said on which host. */
export type Draft = Omit<Finding, 'host'>;

/** A question to one host's facts. */
export interface HostCheck {
  readonly before: readonly Operation[];
  look(subject: Subject): readonly Draft[];
}

/** A question that only several hosts together answer, or the cluster itself. */
export interface FleetCheck {
  readonly before: readonly Operation[];
  look(cluster: Cluster, subjects: readonly Subject[]): readonly Finding[];
}

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

/** The minor release as a number: 36 of `1.36.3` or `v1.36.3`; null when it is no version. */
export function minorOf(version: string): number | null {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? null : Number(minor);
}

/** A command for the operator's terminal that runs on the host as root. */
export function onHost({ address, ssh }: Node, command: string): string {
  const port = ssh.port === 22 ? '' : `-p ${ssh.port} `;
  return ssh.user === 'root'
    ? `ssh ${port}root@${address} ${command}`
    : `ssh ${port}${ssh.user}@${address} sudo ${command}`;
}

/** Paths as kubeadm writes them into names: `/etc/kubernetes` -> `-etc-kubernetes`. */
export const label = (path: string): string => path.replaceAll('/', '-');
