import { ProvisionError } from '../model/index.js';
import { type ProgramOptions, runProgram } from '../transport/index.js';

export interface MustOptions extends ProgramOptions {
  /** What to do when it fails. */
  readonly hint?: string;
}

/** Runs a program of this machine that has to succeed; its stdout. Throws LAB with the last words it said. */
export async function must(argv: readonly string[], options: MustOptions = {}): Promise<string> {
  const outcome = await runProgram(argv, options);
  if (outcome.code === 0) return outcome.stdout;
  throw new ProvisionError('LAB', `${argv.slice(0, 6).join(' ')} ended with code ${outcome.code}`, {
    said: lastLines(outcome.stderr.trim() === '' ? outcome.stdout : outcome.stderr, 20),
    hint: options.hint,
  });
}

export const lastLines = (text: string, count: number): string => text.trim().split('\n').slice(-count).join('\n');
