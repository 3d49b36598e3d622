import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Cgroup of a whole lab, below the root of every hierarchy. */
export const labCgroup = (lab: string): string => `provision-lab/${lab}`;

/** The roots of this machine's cgroup hierarchies: one on v2, one per controller on v1 and hybrid. */
export async function cgroupRoots(): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.flatMap(([, where, type]) => (where !== undefined && /^cgroup2?$/.test(type ?? '') ? [where] : []));
}

/**
 * Every process that belongs to a lab, whoever recorded it or not: those inside the lab's cgroups, and those whose
 * environment says LAB_CGROUP=provision-lab/NAME/… (a host's supervisor just before it has joined).
 */
export async function labProcesses(cgroup: string): Promise<readonly number[]> {
  const found = new Set<number>();
  for (const root of await cgroupRoots()) {
    for (const folder of await cgroupsBelow(join(root, cgroup))) {
      const list = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
      for (const pid of list.split('\n')) if (pid !== '') found.add(Number(pid));
    }
  }
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '');
    if (
      environment
        .split('\0')
        .some((line) => line === `LAB_CGROUP=${cgroup}` || line.startsWith(`LAB_CGROUP=${cgroup}/`))
    )
      found.add(Number(entry));
  }
  found.delete(process.pid);
  found.delete(0); // v1 shows members of a foreign pid namespace as 0
  return [...found];
}

/**
 * Kills every process of the lab (or of one host's cgroup) and waits until they are gone; those still there after 10 s. On a machine
 * that is so busy that one look takes longer than that, they are killed and looked for again all the same.
 */
export async function killProcesses(cgroup: string): Promise<readonly number[]> {
  const deadline = Date.now() + 10_000;
  for (let look = 1; ; look++) {
    const alive = await labProcesses(cgroup);
    if (alive.length === 0 || (look > 2 && Date.now() > deadline)) return alive;
    for (const pid of alive) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone between looking and killing, which is what was wanted
      }
    }
    await wait(50);
  }
}

/** All cgroup folders at and below one, deepest first: the order in which rmdir accepts them. */
export async function cgroupsBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const inner = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => cgroupsBelow(join(folder, entry.name))),
  );
  return [...inner.flat(), folder];
}
