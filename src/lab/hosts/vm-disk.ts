import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from '../command.js';
import { type DiskFile, makeDisk } from './disk.js';

/** A script of lab/hosts in a mount namespace of its own: what it mounts is gone with it. */
export const inOwnMounts = (script: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  must(['unshare', '--mount', '--propagation', 'private', '--', 'sh', script, ...words], { env });

/**
 * Makes the disks of a virtual machine: whole in their folder, or not there at all. `upper` in it holds the host's own
 * files, as a container's disk does, for those who read them.
 */
export async function makeVmDisk(
  disk: string,
  root: string,
  files: readonly DiskFile[],
  recipes: string,
): Promise<void> {
  const half = `${disk}.vm`;
  await makeDisk(half, root, files);
  await inOwnMounts(join(recipes, 'vm-disk.sh'), [], { LAB_DISK: half, LAB_ROOT: root });
  for (const folder of ['work', 'volumes']) await rm(join(half, folder), { recursive: true, force: true });
  await rm(disk, { recursive: true, force: true });
  await rename(half, disk);
}
