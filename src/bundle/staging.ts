// Where a bundle's parts lie until it is whole: by their sum, so that a run that was cut goes on where it stopped.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';

export interface Staged {
  readonly sha256: string;
  readonly size: number;
}

export interface Staging {
  /** Keeps what `fetch` brings, once it has the sum it should have. What is here already is not fetched again. */
  keep(name: string, sha256: string, fetch: () => Promise<AsyncIterable<Uint8Array>>): Promise<Staged>;
  has(sha256: string): Promise<boolean>;
  open(sha256: string): Readable;
  /** Away with all of it. */
  remove(): Promise<void>;
}

const TRIES = 3;

export async function stagingIn(folder: string, signal: AbortSignal): Promise<Staging> {
  await mkdir(folder, { recursive: true });
  const under = new Map<string, Promise<Staged>>();
  const fetched = async (name: string, sha256: string, fetch: () => Promise<AsyncIterable<Uint8Array>>) => {
    const path = join(folder, sha256);
    const there = await stat(path).catch(() => null);
    if (there !== null) return { sha256, size: there.size };
    for (let tries = 1; ; tries += 1) {
      try {
        return await write(path, name, sha256, await fetch());
      } catch (error) {
        if (signal.aborted)
          throw new ProvisionError('INTERRUPTED', `stopped while ${name} was fetched`, { cause: error });
        if (error instanceof ProvisionError) throw error;
        if (tries === TRIES) throw unfetched(name, error, folder);
        await sleep(1000 * tries, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  return {
    keep(name, sha256, fetch) {
      // Layers are shared by images: each is fetched once.
      const work = under.get(sha256) ?? fetched(name, sha256, fetch);
      under.set(sha256, work);
      return work;
    },
    has: async (sha256) => (await stat(join(folder, sha256)).catch(() => null)) !== null,
    open: (sha256) => createReadStream(join(folder, sha256)),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Under another name until it is whole and right. */
async function write(path: string, name: string, sha256: string, bytes: AsyncIterable<Uint8Array>): Promise<Staged> {
  const part = `${path}.part`;
  const hash = createHash('sha256');
  let size = 0;
  const handle = await open(part, 'w');
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      size += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const seen = hash.digest('hex');
  if (seen !== sha256) {
    await rm(part, { force: true });
    throw new ProvisionError('ARTIFACT', `refused: ${name} is not what it should be`, {
      said: `expected sha256 ${sha256}\nseen            ${seen} (${size} bytes)`,
      hint: 'look at who serves it; for binaries that you built yourself: mirrors.checksums',
    });
  }
  await rename(part, path);
  return { sha256, size };
}

const unfetched = (name: string, error: unknown, folder: string): ProvisionError =>
  new ProvisionError('ARTIFACT', `could not fetch ${name}`, {
    said: reasonOf(error),
    hint: `run the same command again: what was fetched is kept in ${folder}`,
    cause: error,
  });

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);

/** A file's bytes over HTTP. */
export async function fetchUrl(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} at ${url}`);
  return response.body as unknown as AsyncIterable<Uint8Array>;
}
