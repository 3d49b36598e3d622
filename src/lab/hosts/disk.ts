import { chmod, chown, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HostPackages } from './root.js';

/** One file that makes a host itself, laid over the shared root. */
export interface DiskFile {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode?: number;
  /** uid and gid; default root. */
  readonly owner?: number;
}

/** What only this host has. */
export interface HostIdentity {
  readonly name: string;
  /** 32 hex digits, machine-id(5). */
  readonly machineId: string;
  readonly hostKey: { readonly private: string; readonly public: string };
  /** The lab's client key: opens root, ops and deploy. */
  readonly clientKey: string;
  readonly gateway: string;
  /** What makes it trust the mirror's packages; none in a lab without a mirror. */
  readonly mirror: readonly DiskFile[];
  /** What its packages are: its distribution's habits go with it. */
  readonly packages: HostPackages['format'];
  /** Its first process, lab/hosts/init.sh. */
  readonly init: string;
  /** The machine may not lower oom_score_adj: its hosts get the runc that does not try. */
  readonly runc: string | undefined;
}

/** Volumes on a real file system, below /var/lib: overlay on overlay is refused by the kernel. */
export const volumes = ['containerd', 'docker', 'kubelet', 'etcd'] as const;

/** The directory of the runc wrapper; first on the PATH of every service of such a host. */
const wrapperPath = '/usr/lib/lab/bin';

/** All files of a host that are not the shared root's. Pure. */
export function diskFiles(host: HostIdentity): readonly DiskFile[] {
  const users = [
    { home: '/root', owner: 0 },
    { home: '/home/ops', owner: 1000 },
    { home: '/home/deploy', owner: 1001 },
  ];
  const files: DiskFile[] = [
    { path: '/usr/lib/lab/init', content: host.init, mode: 0o755 },
    { path: '/etc/hostname', content: `${host.name}\n` },
    { path: '/etc/hosts', content: localNames[host.packages](host.name) },
    { path: '/etc/machine-id', content: `${host.machineId}\n`, mode: 0o444 },
    // Nothing answers there, and the refusal comes at once: names outside the lab fail fast, not after a time-out.
    { path: '/etc/resolv.conf', content: `nameserver ${host.gateway}\n` },
    { path: '/etc/ssh/ssh_host_ed25519_key', content: host.hostKey.private, mode: 0o600 },
    { path: '/etc/ssh/ssh_host_ed25519_key.pub', content: host.hostKey.public },
    ...users.map(({ home, owner }) => ({
      path: `${home}/.ssh/authorized_keys`,
      content: host.clientKey,
      mode: 0o600,
      owner,
    })),
    ...host.mirror,
  ];
  if (host.runc !== undefined) {
    const path = `${wrapperPath}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    files.push({ path: `${wrapperPath}/runc`, content: host.runc, mode: 0o755 });
    files.push({
      path: '/etc/systemd/system.conf.d/lab.conf',
      content: `[Manager]\nDefaultEnvironment=PATH=${path}\n`,
    });
  }
  return files;
}

/** /etc/hosts as the distribution's installer leaves it. */
const localNames: Readonly<Record<HostPackages['format'], (name: string) => string>> = {
  deb: (name) =>
    `127.0.0.1\tlocalhost\n127.0.1.1\t${name}\n\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n`,
  rpm: () =>
    '127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n::1         localhost localhost.localdomain localhost6 localhost6.localdomain6\n',
};

/** Makes a host's disk: whole under its name, or not there at all. Whatever lay there is removed first. */
export async function makeDisk(disk: string, root: string, files: readonly DiskFile[]): Promise<void> {
  const half = `${disk}.new`;
  await rm(half, { recursive: true, force: true });
  await rm(disk, { recursive: true, force: true });
  await mkdir(join(half, 'work'), { recursive: true });
  for (const volume of volumes) await mkdir(join(half, 'volumes', volume), { recursive: true });
  const upper = join(half, 'upper');
  await mkdir(upper);
  for (const file of files) {
    const target = join(upper, file.path);
    await makeParents(upper, root, dirname(file.path), file.owner ?? 0);
    await writeFile(target, file.content);
    await chmod(target, file.mode ?? 0o644);
    await chown(target, file.owner ?? 0, file.owner ?? 0);
  }
  await rename(half, disk);
}

/** A directory in an overlay's upper layer hides the attributes of the one below: it has to carry the same ones. */
async function makeParents(upper: string, root: string, folder: string, owner: number): Promise<void> {
  if (folder === '/') return;
  await makeParents(upper, root, dirname(folder), owner);
  const target = join(upper, folder);
  await mkdir(target, { recursive: true });
  const below = await lstat(join(root, folder)).catch(() => undefined);
  await chmod(target, below === undefined ? (folder.endsWith('/.ssh') ? 0o700 : 0o755) : below.mode & 0o7777);
  await chown(target, below?.uid ?? owner, below?.gid ?? owner);
}

/** Whether this machine has CAP_SYS_RESOURCE (bit 24, capability.h), from /proc/self/status. */
export async function mayLowerOomScore(status = '/proc/self/status'): Promise<boolean> {
  return hasSysResource(await readFile(status, 'utf8'));
}

export function hasSysResource(status: string): boolean {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return bounding !== undefined && ((BigInt(`0x${bounding}`) >> 24n) & 1n) === 1n;
}
