import { hasEtcd, isControlPlane } from '../model/index.js';
import { type Draft, error, type HostCheck, label, onHost, type Subject, tells, warning } from './check.js';
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
  tells: [
    tells(
      'DiskSpace-<mount>',
      'error',
      'the file system has room for what will be written to it',
      'make room; the message counts it',
    ),
    tells(
      'DiskInodes-<mount>',
      'error',
      'the file system has inodes for what will be written to it',
      'remove small files',
    ),
  ],
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

/** etcd's hardware guide: 99 of 100 writes of its log are on disk within 10 ms (etcd.io/docs/v3.6/faq, wal_fsync_duration_seconds). */
const ETCD_FSYNC_MS = 10;

export const etcdDisk: HostCheck = {
  tells: [
    tells(
      'EtcdDisk',
      'warning',
      'where etcd will keep its data, 99 of 100 small synchronous writes take at most 10 ms; tried by `provision preflight` only',
      'give /var/lib/etcd an SSD of its own',
    ),
  ],
  before: ['apply'],
  look({ trial }) {
    if (trial === null || trial.fsync === null || trial.fsync.p99Ms <= ETCD_FSYNC_MS) return [];
    const { samples, p99Ms } = trial.fsync;
    return [
      warning(
        'EtcdDisk',
        `a synchronous write at /var/lib/etcd takes ${p99Ms.toFixed(1)} ms (99th percentile of ${samples}); etcd needs ${ETCD_FSYNC_MS} ms, or it loses its leader under load`,
        'give /var/lib/etcd an SSD of its own, or let nothing else write to its disk',
      ),
    ];
  },
};
