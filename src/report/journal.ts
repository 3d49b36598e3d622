import { appendFileSync, chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Listener, ProvisionError } from '../model/index.js';
import { eventLine } from './json.js';

export interface JournalOptions {
  /** A folder of its own under the state folder; made 0700. */
  readonly folder: string;
  now(): number;
}

/**
 * What happened, kept: one append-only file of JSON lines per run, 0600, named after when it began. Each event is written before the
 * next thing is done, so a killed run has told all it did. A journal that cannot begin stops the run (STATE) before a host is
 * touched; one that breaks later (a full disk) falls silent, because stopping a half-done host would be worse.
 */
export function journal(options: JournalOptions): Listener {
  let file: string | null = null;
  let isBroken = false;
  return (event) => {
    const atMs = options.now();
    if (isBroken) return;
    const line = `${eventLine(event, atMs)}\n`;
    if (file === null) {
      file = begin(options.folder, atMs, line);
      return;
    }
    try {
      appendFileSync(file, line, { mode: 0o600 });
    } catch {
      isBroken = true;
    }
  };
}

function begin(folder: string, atMs: number, line: string): string {
  const file = join(folder, `${new Date(atMs).toISOString().replaceAll(':', '-')}.jsonl`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    appendFileSync(file, line, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (cause) {
    throw new ProvisionError('STATE', `cannot begin the journal ${file}`, {
      said: cause instanceof Error ? cause.message : String(cause),
      hint: 'make room, or make the folder writable: every run leaves a journal',
      cause,
    });
  }
  return file;
}
