// A bundle on disk: what it holds, its bytes, and whether they are those that it was made of. Never whole in memory.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ProvisionError } from '../model/index.js';
import { type BundledFile, type BundleIndex, INDEX, INDEX_SUM, parseIndex, sha256Of, sumLine } from './layout.js';
import { paddingOf, readAt, readTar, type TarEntry } from './tar.js';

export interface Bundle {
  readonly path: string;
  readonly index: BundleIndex;
  /** Of its index, which has the sum of everything else. */
  readonly sha256: string;
  /** Bytes of a file, or of a part of it: `from` and `to` (inclusive) as in an HTTP range. */
  stream(name: string, from?: number, to?: number): Readable;
  text(name: string): Promise<string>;
}

/** Everything that is wrong with a bundle, each by the name of a file in it. */
export interface Damage {
  readonly name: string;
  readonly what: string;
}

/** Opens a bundle and looks whether every byte is what it was. Throws ARTIFACT that names each file which is missing or changed. */
export async function openBundle(path: string): Promise<Bundle> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new ProvisionError('ARTIFACT', `cannot read the bundle ${path}`, {
      said: cause instanceof Error ? cause.message : String(cause),
      hint: 'provision bundle create makes one',
      cause,
    });
  });
  try {
    const entries = await readTar(handle, path);
    const { index, sha256 } = await indexIn(handle, entries, path);
    const damages = await damagesIn(handle, entries, index.files);
    if (damages.length > 0) throw damagedError(path, damages);
    return bundleOf(path, entries, index, sha256);
  } finally {
    await handle.close();
  }
}

async function indexIn(
  handle: FileHandle,
  [first, second]: readonly TarEntry[],
  path: string,
): Promise<{ index: BundleIndex; sha256: string }> {
  if (first?.name !== INDEX || second?.name !== INDEX_SUM) {
    throw new ProvisionError('ARTIFACT', `${path} is no bundle: it does not begin with ${INDEX} and its sum`, {
      hint: 'provision bundle create makes one',
    });
  }
  const text = (await readAt(handle, first.offset, first.size)).toString('utf8');
  const sum = (await readAt(handle, second.offset, second.size)).toString('utf8');
  if (sum !== sumLine(text)) throw damagedError(path, [{ name: INDEX, what: `is not what ${INDEX_SUM} says` }]);
  return { index: parseIndex(text, path), sha256: sha256Of(text) };
}

async function damagesIn(
  handle: FileHandle,
  entries: readonly TarEntry[],
  files: readonly BundledFile[],
): Promise<readonly Damage[]> {
  const damages: Damage[] = [];
  const listed = new Map(files.map((file) => [file.name, file]));
  for (const entry of entries) {
    const file = listed.get(entry.name);
    if (file !== undefined) {
      listed.delete(entry.name);
      const sum = entry.size === file.size ? await sumAt(handle, entry) : null;
      if (sum === null) damages.push({ name: entry.name, what: `has ${entry.size} bytes, not ${file.size}` });
      else if (sum !== file.sha256) damages.push({ name: entry.name, what: `sha256 ${sum}, not ${file.sha256}` });
    } else if (entry.name !== INDEX && entry.name !== INDEX_SUM) {
      damages.push({ name: entry.name, what: `is not in ${INDEX}` });
    }
    const padding = await readAt(handle, entry.offset + entry.size, paddingOf(entry.size));
    if (!padding.every((byte) => byte === 0)) damages.push({ name: entry.name, what: 'something was put behind it' });
  }
  return [...damages, ...[...listed.keys()].map((name) => ({ name, what: 'is missing' }))];
}

const CHUNK = 1 << 20;

export async function sumAt(handle: FileHandle, { offset, size }: TarEntry): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < size; ) {
    const chunk = await readAt(handle, offset + at, Math.min(size - at, CHUNK));
    hash.update(chunk);
    at += chunk.length;
  }
  return hash.digest('hex');
}

export const damagedError = (path: string, damages: readonly Damage[]): ProvisionError =>
  new ProvisionError('ARTIFACT', `${path} is not as it was made: ${damages.map(({ name }) => name).join(', ')}`, {
    said: damages.map(({ name, what }) => `${name}: ${what}`).join('\n'),
    hint: 'copy it again from where it was made, or make it again: provision bundle create',
  });

export function bundleOf(path: string, entries: readonly TarEntry[], index: BundleIndex, sha256: string): Bundle {
  const places = new Map(entries.map((entry) => [entry.name, entry]));
  const placeOf = (name: string): TarEntry => {
    const place = places.get(name);
    if (place === undefined) throw new ProvisionError('INTERNAL', `${name} is not in the bundle ${path}`);
    return place;
  };
  return {
    path,
    index,
    sha256,
    stream(name, from = 0, to) {
      const { offset, size } = placeOf(name);
      const last = Math.min(to ?? size - 1, size - 1);
      if (last < from) return Readable.from([]);
      // A descriptor of its own: a server's answers begin and end at any time.
      return createReadStream(path, { start: offset + from, end: offset + last });
    },
    async text(name) {
      const chunks: Buffer[] = [];
      for await (const chunk of this.stream(name)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
