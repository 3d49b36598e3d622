import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { MEMBERS, onHost, provisionWords, root } from './lab.js';

export interface Cut {
  /** Everything that it had written, both streams, line by line as it came. */
  readonly lines: readonly string[];
  /** False: it had ended before its time came. */
  readonly wasCut: boolean;
}

/** `[12.3s] h2  runtime: install containerd 2.2.1 … 4.1s` */
const DONE = /^\[ *[\d.ms]+\] h\d+ +[a-z-]+: .* … [\d.ms]+s$/;
export const isDone = (line: string): boolean => DONE.test(line);

/** Runs provision and ends it by SIGKILL once that many actions are done; then waits until the hosts have let go of it. */
export async function cutAfter(actions: number, args: readonly string[]): Promise<Cut> {
  const [file = '', ...words] = provisionWords(args);
  const child = spawn(file, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let done = 0;
  let wasCut = false;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (!isDone(line) || ++done < actions || wasCut) return;
      wasCut = child.kill('SIGKILL');
    });
  }
  await new Promise((resolve) => child.once('close', resolve));
  await unlocked();
  return { lines, wasCut };
}

/** What a host was doing for a run that is dead it does to the end; then its lock is free. */
export const unlocked = async (): Promise<void> => {
  await Promise.all(
    MEMBERS.map((host) => onHost(host, '[ ! -e /run/provision.lock ] || flock -w 300 /run/provision.lock true')),
  );
};

/** Numbers in [0, 1) that follow from a seed, so that a red run can be had again. Mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
