import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../transport/index.js';
import { exists, replaceFile } from '../files.js';
import type { Places } from '../places.js';

/**
 * Kernel settings that hosts share with the machine and that a kubelet, a systemd or this lab itself changes. They are
 * noted before the first lab starts and put back when the last one goes. Sources: kubelet's setupKernelTunables
 * (kubernetes pkg/kubelet/cm/container_manager_linux.go), Debian's and Kubernetes guides' sysctl files.
 */
const shared = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'vm/swappiness',
  'vm/max_map_count',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  'kernel/pid_max',
  'kernel/sysrq',
  'kernel/printk',
  'kernel/threads-max',
  'fs/inotify/max_user_instances',
  'fs/inotify/max_user_watches',
  'fs/inotify/max_queued_events',
  'fs/file-max',
  'fs/nr_open',
  'fs/aio-max-nr',
  'fs/protected_fifos',
  'fs/protected_hardlinks',
  'fs/protected_regular',
  'fs/protected_symlinks',
] as const;

/** All hosts' systemds, kubelets and runtimes are one user to the kernel: 128 instances are gone after three hosts. */
const least = { 'fs/inotify/max_user_instances': 8192, 'fs/inotify/max_user_watches': 524_288 } as const;

type Settings = Readonly<Record<string, string>>;

const namedNamespaces = '/run/netns';
const mountedByUs = (places: Places): string => join(places.run, 'named-namespaces-are-ours');
const notes = (places: Places): string => join(places.run, 'machine.json');

/** Notes the machine's settings, unless a lab has done it already, and raises what several hosts need. */
export async function prepareKernel(places: Places): Promise<void> {
  if ((await readNotes(places)) === undefined) {
    // ip(8) mounts this folder with the first namespace that is named, and leaves it.
    if (!(await exists(namedNamespaces))) await replaceFile(mountedByUs(places), '');
    await replaceFile(notes(places), `${JSON.stringify(await readSettings(), null, 2)}\n`);
  }
  for (const [key, minimum] of Object.entries(least)) {
    const now = await readFile(`/proc/sys/${key}`, 'utf8');
    if (Number(now) < minimum) await writeFile(`/proc/sys/${key}`, String(minimum));
  }
}

/** Puts back what differs from the notes. Call when no lab is left. Returns the keys that were put back. */
export async function restoreKernel(places: Places): Promise<readonly string[]> {
  const before = (await readNotes(places)) ?? {};
  const changed = differences(before, await readSettings());
  for (const key of changed) await writeFile(`/proc/sys/${key}`, before[key] ?? '');
  if ((await exists(mountedByUs(places))) && (await readdir(namedNamespaces).catch(() => ['?'])).length === 0) {
    const { code } = await runProgram(['umount', namedNamespaces]);
    if (code === 0) await rmdir(namedNamespaces);
  }
  return changed;
}

/** Keys whose value now is another than before; a key that could not be read then is left alone. Pure. */
export const differences = (before: Settings, now: Settings): readonly string[] =>
  Object.keys(before).filter((key) => before[key] !== now[key]);

async function readSettings(): Promise<Settings> {
  const entries: [string, string][] = [];
  for (const key of shared) {
    const value = await readFile(`/proc/sys/${key}`, 'utf8').catch(() => undefined); // not in this kernel
    if (value !== undefined) entries.push([key, value.trim()]);
  }
  return Object.fromEntries(entries);
}

async function readNotes(places: Places): Promise<Settings | undefined> {
  const text = await readFile(notes(places), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Settings);
}
