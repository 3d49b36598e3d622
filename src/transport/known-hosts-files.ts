// known_hosts files on disk: read (absent is empty), appended to in one write, never rewritten.
import { constants } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProvisionError } from '../model/index.js';
import { errnoOf } from './errno.js';
import { type KnownHost, parseKnownHosts } from './known-hosts.js';

/** Every entry of every file, in order. A missing file holds none; one that cannot be read is an error. */
export async function readKnownHosts(files: readonly string[]): Promise<readonly KnownHost[]> {
  const parsed = await Promise.all(files.map(async (file) => parseKnownHosts(await textOf(file), file)));
  return parsed.flat();
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return '';
    throw new ProvisionError('HOST_KEY', `the known hosts in ${file} cannot be read`, {
      said: String(error),
      hint: `make ${file} readable, or name another file under ssh.knownHosts in the inventory`,
      cause: error,
    });
  }
}

/** Adds lines (see `formatEntry`) in one appending write, so that two runs cannot mix theirs. Creates the file 0600. */
export async function appendKnownHosts(file: string, entries: readonly string[]): Promise<void> {
  if (entries.length === 0) return;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    const lead = size > 0 && last[0] !== 0x0a ? '\n' : '';
    await handle.write(`${lead}${entries.join('\n')}\n`);
  } finally {
    await handle.close();
  }
}
