import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';
import { exists } from './files.js';
import { cgroupRoots, cgroupsBelow, killProcesses, labCgroup, labProcesses } from './hosts/processes.js';
import { restoreKernel } from './hosts/shared-kernel.js';
import { hostNamespaces, removeWiring, unplugHost, wiringLeft } from './hosts/wiring.js';
import { endMirror } from './lab-mirror.js';
import { withLock } from './lock.js';
import { type LabPlaces, labPlaces, type Places, placesOf } from './places.js';
import { allRecords, checkLabName, type LabRecord, readRecord } from './record.js';
import { labObstacle } from './requirements.js';

export interface DownOptions {
  readonly places?: Places | undefined;
  readonly say?: ((line: string) => void) | undefined;
}

/**
 * Removes a lab: processes, namespaces, links, cgroups, disks and state, whatever an interrupted `up` or `down` has left of
 * it. Looks afterwards, and throws LAB naming what is still there. Gives false when there was no such lab.
 */
export async function down(name = 'lab', options: DownOptions = {}): Promise<boolean> {
  const obstacle = labObstacle();
  if (obstacle !== undefined) throw obstacle;
  checkLabName(name);
  const places = options.places ?? placesOf();
  const say = options.say ?? (() => {});
  return withLock(`lab ${name}`, `taking down lab "${name}"`, 60_000, async () => {
    const record = await readRecord(places, name);
    // From anywhere: the state lies in the checkout that made the lab.
    const lab = labPlaces(record === undefined ? places : { ...places, checkout: record.checkout }, name);
    if (record === undefined && (await residue(name, lab, undefined)).length === 0) return false;
    say('ending processes');
    await killProcesses(labCgroup(name));
    await endMirror(lab.run);
    await endStrays(lab);
    say('removing links, namespaces and cgroups');
    for (const namespace of await hostNamespaces(name)) await unplugHost(namespace);
    if (record !== undefined) await removeWiring(record.network);
    await removeCgroups(name);
    say('removing disks and state');
    for (const folder of [lab.disks, lab.state]) {
      await removeTree(folder);
      await rmdir(dirname(folder)).catch(() => {}); // others are in it
    }
    const left = (await residue(name, lab, record)).filter((line) => line !== lab.run);
    if (left.length > 0) throw somethingLeft(name, left);
    // The record goes last: a `down` that was cut short, or failed, is finished by the next one.
    await removeTree(lab.run);
    await leaveMachine(places, say);
    return true;
  });
}

const somethingLeft = (name: string, left: readonly string[]): ProvisionError =>
  new ProvisionError('LAB', `lab "${name}" has left something behind`, {
    said: left.join('\n'),
    hint: 'run the same command again; what stays is held by something outside the lab (fuser, lsns)',
  });

/** Everything of a lab that is there, one line each. */
export async function residue(name: string, lab: LabPlaces, record: LabRecord | undefined): Promise<readonly string[]> {
  const processes = [...(await labProcesses(labCgroup(name))), ...(await strayProcesses(lab))];
  const cgroups = (await Promise.all((await cgroupRoots()).map((root) => cgroupsBelow(join(root, labCgroup(name))))))
    .flatMap((folders) => folders.slice(-1)) // the topmost: the others are in it
    .map((folder) => `cgroup ${folder}`);
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((where) => [lab.run, lab.disks].some((folder) => where.startsWith(`${folder}/`)));
  const files = [lab.run, lab.disks, lab.state];
  const there = await Promise.all(files.map(exists));
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...(await wiringLeft(name, record?.network)),
    ...cgroups,
    ...mounts.map((where) => `mount ${where}`),
    ...files.filter((_, index) => there[index]),
  ];
}

/** Mirror processes that a killed `up` had no time to note: they have the lab's folder among their arguments. */
async function strayProcesses(lab: LabPlaces): Promise<readonly number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const words = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.some((word) => word.startsWith(`${lab.run}/mirror/`))) found.push(Number(entry));
  }
  return found;
}

async function endStrays(lab: LabPlaces): Promise<void> {
  for (const pid of await strayProcesses(lab)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone between looking and killing, which is what was wanted
    }
  }
}

/** A cgroup can be removed a moment after its last process has gone. */
async function removeCgroups(name: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (const root of await cgroupRoots()) {
    const own = join(root, labCgroup(name));
    for (const folder of await cgroupsBelow(own)) {
      while (!(await removeFolder(folder)) && Date.now() < deadline) await wait(20);
    }
    await removeFolder(dirname(own)); // stays when another lab is in it
  }
}

const removeFolder = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );

const removeTree = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** The last lab puts the machine's own settings back. */
async function leaveMachine(places: Places, say: (line: string) => void): Promise<void> {
  await withLock('machine', 'putting the machine back', 30_000, async () => {
    if ((await allRecords(places)).length > 0) return;
    const restored = await restoreKernel(places);
    if (restored.length > 0) say(`put back: ${restored.join(', ')}`);
    await removeTree(places.run);
  });
}
