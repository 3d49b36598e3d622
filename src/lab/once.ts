// Makes a folder of the lab's cache once, however many processes ask for it at the same time. Knows nothing of what is in it.
import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';
import { exists } from './files.js';
import { withLock } from './lock.js';

export interface OnceOptions {
  /** Hears why it must wait. */
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives `folder`, made by `make` in a folder beside it that takes its name when it is whole: it is there whole or not at
 * all. What a build that was cut off left is thrown away.
 */
export async function makeOnce(
  folder: string,
  make: (partial: string) => Promise<void>,
  options: OnceOptions,
): Promise<void> {
  if (await exists(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  await alone(folder, options, async () => {
    if (await exists(folder)) return;
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    await make(partial);
    await rename(partial, folder);
  });
}

/** Does `work` when no other process of this machine does so for the same folder, and says so while it must wait. */
export async function alone(folder: string, { onLine, signal }: OnceOptions, work: () => Promise<void>): Promise<void> {
  // A socket's name has at most 107 bytes (unix(7)), a path more.
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  for (;;) {
    try {
      return await withLock(`build ${name}`, `making ${folder}`, 0, work);
    } catch (error) {
      if (!(error instanceof ProvisionError) || error.code !== 'LOCKED') throw error;
      onLine?.(error.message);
    }
    await wait(2_000, undefined, signal === undefined ? {} : { signal }).catch((cause) => {
      throw new ProvisionError('INTERRUPTED', `interrupted while another process was making ${folder}`, { cause });
    });
  }
}
