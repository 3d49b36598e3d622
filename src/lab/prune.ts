// Takes out of the lab's cache what no recipe of this checkout makes any more. Knows nothing of how any of it is made.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../model/index.js';
import { labReleases } from './content/components.js';
import { rootFolders } from './hosts/root.js';
import { vmRootFolder } from './hosts/vm-root.js';
import { locksHeld } from './lock.js';
import { mirrorFolders } from './mirror/build.js';
import type { Places } from './places.js';
import { allRecords } from './record.js';

/** A folder of the cache that this checkout does not name. */
export interface Leftover {
  readonly name: string;
  /** What goes with it; what other folders link to stays. */
  readonly bytes: number;
  /** Why it stays; null: nobody uses it. */
  readonly usedBy: string | null;
}

export interface PruneOptions {
  readonly places: Places;
  /** True: nothing is removed. */
  readonly check: boolean;
  /** Names in the cache that the recipes of this checkout stand for. */
  readonly named?: ReadonlySet<string>;
  /** Who is making something in a cache or a lab at this moment. */
  readonly atWork?: () => Promise<readonly string[]>;
  /** Whoever runs on this machine, with what he was started from and has mounted. */
  readonly running?: (() => Promise<readonly User[]>) | undefined;
}

type User = readonly [who: string, mentions: string];

/** Everything else in the cache is no product of a recipe: the signing key, and what is of a lab. */
const MADE = /^(?:tmp-root|root|mirror|go|packages|debian)-/;

/**
 * Removes from the cache what no recipe of this checkout names and no lab of this machine uses, and tells what it was.
 * Throws LOCKED while anybody makes a lab, a root or a mirror: what such a one has found there it counts on.
 */
export async function prune({
  places,
  check,
  atWork = locksHeld,
  ...given
}: PruneOptions): Promise<readonly Leftover[]> {
  const named = given.named ?? (await namedHere(places));
  const busy = check ? [] : await atWork();
  if (busy.length > 0) {
    throw new ProvisionError('LOCKED', `the lab's cache is in use: ${busy.join('; ')}`, {
      hint: 'run the same command again when that is done',
    });
  }
  const present = await readdir(places.cache).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names = present.filter((name) => MADE.test(name) && !named.has(name)).sort();
  const users = await usersOf(places, names, given.running ?? everyProcess);
  const unused = names.filter((name) => !users.has(name));
  const bytes = await freedBy(unused.map((name) => join(places.cache, name)));
  if (!check) for (const name of unused) await removeWhole(join(places.cache, name));
  return names.map((name) => ({
    name,
    bytes: bytes.get(join(places.cache, name)) ?? 0,
    usedBy: users.get(name) ?? null,
  }));
}

/** Cut off in the middle it must not look whole: another name first. */
async function removeWhole(folder: string): Promise<void> {
  const going = `${folder.replace(/\.going$/, '')}.going`;
  if (going !== folder) {
    await rm(going, { recursive: true, force: true });
    await rename(folder, going);
  }
  await rm(going, { recursive: true, force: true });
}

async function namedHere(places: Places): Promise<ReadonlySet<string>> {
  const mirrors = await Promise.all(labReleases.map((release) => mirrorFolders(release, places.cache)));
  const whole = [...mirrors.flat(), ...(await rootFolders(places)), await vmRootFolder(places)];
  // One that was cut off goes on where it stopped, or is thrown away by the next that makes it.
  return new Set(whole.flatMap((name) => [name, `${name}.partial`]));
}

/** Name in the cache -> who uses it: labs by their records, mirrors by what they serve, and any process at all. */
async function usersOf(
  places: Places,
  names: readonly string[],
  running: () => Promise<readonly User[]>,
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const found = new Map<string, string>();
  for (const [who, text] of [...(await labsOn(places)), ...(await running())]) {
    for (const name of names) if (!found.has(name) && mentions(text, join(places.cache, name))) found.set(name, who);
  }
  return found;
}

async function labsOn(places: Places): Promise<readonly User[]> {
  const users: User[] = [];
  for (const { name, root } of await allRecords(places)) {
    users.push([`lab ${name}`, root]);
    for (const text of await configurationsBelow(join(places.run, name, 'mirror'))) users.push([`lab ${name}`, text]);
  }
  return users;
}

/** What every process was started from, and what is mounted, asked once per mount namespace. */
async function everyProcess(): Promise<readonly User[]> {
  const users: User[] = [];
  const seen = new Set<string>();
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))) {
    const look = (read: (path: string) => string, file: string): string | null =>
      lookedAt(() => read(`/proc/${pid}/${file}`));
    const text = (path: string): string => readFileSync(path, 'utf8');
    users.push([`process ${pid}`, look(text, 'cmdline') ?? '']);
    const mounts = look(readlinkSync, 'ns/mnt');
    if (mounts === null || !seen.has(mounts)) users.push([`process ${pid}`, look(text, 'mountinfo') ?? '']);
    if (mounts !== null) seen.add(mounts);
  }
  return users;
}

/** null: it has ended meanwhile, or is one that even root may not look into, which no lab's is: root started those. */
function lookedAt(read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EINVAL', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
}

/** The path itself, or one below it; not one whose name only begins the same. */
export const mentions = (text: string, path: string): boolean =>
  text.split(path).some((rest, index) => index > 0 && !/^[\w.-]/.test(rest));

/** Of a registry that was ended they still say what the lab would serve. */
async function configurationsBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readFile(join(folder, name), 'utf8').catch(() => '')),
  );
}

/** Bytes on disk that go with each folder when all of them go: a file with a name elsewhere stays, one that several have goes with the last. */
async function freedBy(folders: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const links = new Map<string, number>();
  const freed = new Map<string, number>();
  for (const folder of folders) {
    let sum = 0;
    for (const path of [folder, ...(await everythingBelow(folder))]) {
      const stat = await lstat(path);
      const id = `${stat.dev}:${stat.ino}`;
      const seen = (links.get(id) ?? 0) + 1;
      links.set(id, seen);
      if (stat.isDirectory() || seen === stat.nlink) sum += stat.blocks * 512;
    }
    freed.set(folder, sum);
  }
  return freed;
}

async function everythingBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => join(entry.parentPath, entry.name));
}
