// One build of a mirror at a time on this machine: a lock file that names the process which holds it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';
import { startTime } from './mirror-process.js';

/**
 * Waits until no living process holds the lock, takes it, and gives the function that lets it go.
 * Throws INTERRUPTED when aborted while waiting.
 */
export async function holdLock(
  path: string,
  options: {
    readonly signal?: AbortSignal;
    readonly onProgress: (line: { step: string; done: number; total: number; detail: string }) => void;
  },
): Promise<() => Promise<void>> {
  for (;;) {
    if (await take(path)) return () => rm(path, { force: true });
    const holder = await livingHolder(path);
    if (holder === undefined) {
      await rm(path, { force: true }); // left by a build that was killed
      continue;
    }
    options.onProgress({
      step: 'waiting',
      done: 0,
      total: 1,
      detail: `another build of this mirror is at work (process ${holder})`,
    });
    await sleep(1_000, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      (cause: unknown) => {
        throw new ProvisionError('INTERRUPTED', 'interrupted while waiting for another build of the mirror', { cause });
      },
    );
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} ${await startTime(process.pid)}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function livingHolder(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [pid = '', started = ''] = text.trim().split(' ');
  return started !== '' && (await startTime(Number(pid))) === started ? pid : undefined;
}
