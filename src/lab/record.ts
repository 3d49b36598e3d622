import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../model/index.js';
import type { LabRelease } from './content/components.js';
import { replaceFile } from './files.js';
import { hostNetwork, type LabNetwork } from './hosts/network.js';
import { labPlaces, type Places } from './places.js';

/** What this machine knows of a lab while it is there; kept in /run/provision-lab/NAME/lab.json. */
export interface LabRecord {
  readonly name: string;
  readonly network: LabNetwork;
  readonly like: string;
  /** The Kubernetes that its mirror and its inventory are for. */
  readonly release: LabRelease;
  readonly root: string;
  readonly checkout: string;
  readonly disks: string;
  /** Number of hosts: h1 … hN. */
  readonly hosts: number;
  /** Names of the hosts that are virtual machines; the others are containers. */
  readonly vms: readonly string[];
  /** False for a lab without mirror. */
  readonly mirror: boolean;
}

export interface LabHost {
  readonly name: string;
  readonly n: number;
  /** A virtual machine with a kernel of its own; else a container. */
  readonly vm: boolean;
  readonly address: string;
  readonly mac: string;
  readonly namespace: string;
  readonly port: string;
}

export const hostOf = (record: LabRecord, n: number): LabHost => ({
  name: `h${n}`,
  n,
  vm: record.vms.includes(`h${n}`),
  ...hostNetwork(record.name, record.network, n),
});

export const hostsOf = (record: LabRecord): readonly LabHost[] =>
  Array.from({ length: record.hosts }, (_, index) => hostOf(record, index + 1));

/** A lab's name becomes part of paths, links and cgroups. Throws USAGE. */
export function checkLabName(name: string): void {
  if (/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) return;
  throw new ProvisionError('USAGE', `"${name}" cannot name a lab`, {
    hint: 'lower-case letters, digits and dashes, beginning with a letter, at most 32',
  });
}

export async function readRecord(places: Places, lab: string): Promise<LabRecord | undefined> {
  const text = await readFile(labPlaces(places, lab).record, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  // A lab that an older provision has up knows of no virtual machines.
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as LabRecord & { readonly vms?: readonly string[] };
  return { ...record, vms: record.vms ?? [] };
}

export async function writeRecord(places: Places, record: LabRecord): Promise<void> {
  await replaceFile(labPlaces(places, record.name).record, `${JSON.stringify(record, null, 2)}\n`);
}

export async function allRecords(places: Places): Promise<readonly LabRecord[]> {
  const names = await readdir(places.run, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = await Promise.all(
    names.filter((entry) => entry.isDirectory()).map((entry) => readRecord(places, entry.name)),
  );
  return found.filter((record) => record !== undefined);
}

export const diskOf = (record: LabRecord, host: LabHost): string => join(record.disks, host.name);
