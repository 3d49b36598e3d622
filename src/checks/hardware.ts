import type { HardwareProfile } from '../model/index.js';
import { isControlPlane } from '../model/index.js';
import { type Draft, error, type HostCheck, type Subject, tells } from './check.js';

interface Figures {
  readonly cpus: number;
  /** Gigabytes as the label of a machine has them. */
  readonly memoryGb: number;
  readonly diskGb: number;
}

/** What operators of small and of large clusters ask of a machine; `node` is one that is no control plane. */
export const PROFILES: Readonly<Record<HardwareProfile, { readonly controlPlane: Figures; readonly node: Figures }>> = {
  minimum: {
    controlPlane: { cpus: 2, memoryGb: 3, diskGb: 50 },
    node: { cpus: 2, memoryGb: 3, diskGb: 50 },
  },
  test: {
    controlPlane: { cpus: 2, memoryGb: 4, diskGb: 20 },
    node: { cpus: 4, memoryGb: 8, diskGb: 40 },
  },
  production: {
    controlPlane: { cpus: 8, memoryGb: 16, diskGb: 100 },
    node: { cpus: 16, memoryGb: 64, diskGb: 500 },
  },
};

/** Firmware, kernel and file systems keep a part of what is on the label: 8 GB are 7.6 in /proc/meminfo, 40 GB of disk 38 in df. */
const LEFT_BY_KERNEL = 0.9;
const GB = 1e9;

/** Every file system that something of ours lies on, once; /run is memory. */
function diskBytes({ machine }: Subject): number {
  const sizes = Object.entries(machine.disks)
    .filter(([path]) => path !== '/run')
    .map(([, { mount, sizeBytes }]) => [mount, sizeBytes] as const);
  return [...new Map(sizes).values()].reduce((sum, bytes) => sum + bytes, 0);
}

const figuresOf = ({ controlPlane, node }: { readonly controlPlane: Figures; readonly node: Figures }): string =>
  [controlPlane, node].map(({ cpus, memoryGb, diskGb }) => `${cpus} CPU, ${memoryGb} GB, ${diskGb} GB`).join('; ');

export const hardware: HostCheck = {
  tells: (['CPU', 'Memory', 'Disk'] as const).map((part) =>
    tells(
      `Hardware${part}`,
      'error',
      `the host has what \`cluster.hardware\` asks (CPU, memory, disk; control plane; other node): ${Object.entries(
        PROFILES,
      )
        .map(([name, figures]) => `${name} ${figuresOf(figures)}`)
        .join(' · ')}`,
      'a larger machine, or another profile',
    ),
  ),
  before: ['apply'],
  look(subject) {
    const { cluster, node, machine } = subject;
    if (cluster.hardware === null) return [];
    const wanted = PROFILES[cluster.hardware][isControlPlane(node) ? 'controlPlane' : 'node'];
    const role = isControlPlane(node) ? 'control plane' : 'node';
    const lacks = (part: string, has: string, asks: string): readonly Draft[] => [
      error(
        `Hardware${part}`,
        `it has ${has}; hardware: ${cluster.hardware} asks ${asks} of a ${role}`,
        `use a larger machine, or another profile than cluster.hardware: ${cluster.hardware}`,
      ),
    ];
    const isShort = (bytes: number, gb: number): boolean => bytes < gb * GB * LEFT_BY_KERNEL;
    const gb = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;
    const disk = diskBytes(subject);
    return [
      ...(machine.cpus < wanted.cpus ? lacks('CPU', `${machine.cpus} CPU`, `${wanted.cpus}`) : []),
      ...(isShort(machine.memoryBytes, wanted.memoryGb)
        ? lacks('Memory', `${gb(machine.memoryBytes)} of memory`, `${wanted.memoryGb} GB`)
        : []),
      ...(isShort(disk, wanted.diskGb) ? lacks('Disk', `${gb(disk)} of disk`, `${wanted.diskGb} GB`) : []),
    ];
  },
};
