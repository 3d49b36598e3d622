import { hasEtcd, isControlPlane } from '../model/index.js';
import { type Draft, error, type HostCheck, label, onHost, type Subject } from './check.js';
import { isOurs } from './ownership.js';

const MIB = 1024 * 1024;

/** What a fresh host takes: measured sizes of the binaries, unpacked images and a young etcd, rounded up. */
interface Need {
  readonly bytes: number;
  readonly inodes: number;
}

function needs(subject: Subject): Readonly<Record<string, Need>> {
  // What is there already need not be written again; a little room must always be left, or files are cut short.
  if (isOurs(subject)) {
    return { '/var': { bytes: 128 * MIB, inodes: 500 }, '/etc': { bytes: 8 * MIB, inodes: 100 } };
  }
  const images = isControlPlane(subject.node) ? 2048 : 1024;
  return {
    '/': { bytes: 512 * MIB, inodes: 500 },
    '/etc': { bytes: 8 * MIB, inodes: 200 },
    '/run': { bytes: 16 * MIB, inodes: 500 },
    '/var': { bytes: 256 * MIB, inodes: 1000 },
    '/var/lib/containerd': { bytes: images * MIB, inodes: 20_000 },
    ...(hasEtcd(subject.cluster, subject.node) ? { '/var/lib/etcd': { bytes: 1024 * MIB, inodes: 100 } } : {}),
  };
}

/** Room for what we will write, summed over the paths that lie on one file system. */
export const disk: HostCheck = {
  before: ['apply'],
  look(subject) {
    const perMount = new Map<string, Need & { readonly paths: readonly string[] }>();
    for (const [path, need] of Object.entries(needs(subject))) {
      const mount = subject.machine.disks[path]?.mount;
      if (mount === undefined) continue;
      const sum = perMount.get(mount) ?? { bytes: 0, inodes: 0, paths: [] };
      perMount.set(mount, {
        bytes: sum.bytes + need.bytes,
        inodes: sum.inodes + need.inodes,
        paths: [...sum.paths, path],
      });
    }
    return [...perMount].flatMap(([mount, need]) => lacks(subject, mount, need));
  },
};

function lacks(
  { node, machine }: Subject,
  mount: string,
  need: Need & { readonly paths: readonly string[] },
): readonly Draft[] {
  const room = machine.disks[need.paths[0] ?? ''];
  if (room === undefined) return [];
  const what = `for ${need.paths.join(', ')}`;
  const cure = `make room on ${mount}; what takes it: ${onHost(node, `du -xh --max-depth=2 ${mount} | sort -h | tail`)}`;
  return [
    ...(room.freeBytes >= need.bytes
      ? []
      : [
          error(
            `DiskSpace-${label(mount)}`,
            `${mount} has ${mib(room.freeBytes)} free; ${mib(need.bytes)} are needed ${what}`,
            cure,
          ),
        ]),
    ...(room.freeInodes === null || room.freeInodes >= need.inodes
      ? []
      : [
          error(
            `DiskInodes-${label(mount)}`,
            `${mount} has ${room.freeInodes} inodes free (not bytes: files); ${need.inodes} are needed ${what}`,
            `remove small files on ${mount}: ${onHost(node, `du -x --inodes ${mount} | sort -n | tail`)}`,
          ),
        ]),
  ];
}

const mib = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;
