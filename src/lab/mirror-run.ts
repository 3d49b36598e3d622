// Runs one command of the mirror's build: its lines are heard while they come, its failure is a letter, and an abort
// ends the whole process group, so that no compiler outlives the build. Decides nothing.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ProvisionError } from '../model/index.js';

export interface CommandOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears every line of stderr, where compilers and package tools tell how far they are. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** What to do when it fails. */
  readonly hint?: string | undefined;
}

const keptLines = 40;

/**
 * Runs `argv` and gives its stdout.
 * Throws LAB with the last lines of stderr when it cannot start or ends with another code than 0, INTERRUPTED when aborted.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { signal } = options;
  if (wasAborted(signal)) throw interrupted(argv);
  const [file, ...words] = argv;
  if (file === undefined) throw new ProvisionError('INTERNAL', 'a command without words');
  const child = spawn(file, words, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const stop = () => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  signal?.addEventListener('abort', stop, { once: true });
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => stdout.push(text));
  createInterface({ input: child.stderr }).on('line', (line) => {
    stderr.push(line);
    if (stderr.length > keptLines) stderr.shift();
    options.onLine?.(line);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (wasAborted(signal)) throw interrupted(argv);
    if (code !== 0) throw failed(argv, `ended with code ${code ?? 'of a signal'}`, stderr, options.hint);
    return stdout.join('');
  } catch (error) {
    if (error instanceof ProvisionError) throw error;
    throw failed(argv, `could not start: ${error instanceof Error ? error.message : error}`, stderr, options.hint);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** A call, so that the compiler does not take the answer of before the wait for the answer after it. */
function wasAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Ends a process that leads its own group, and everything that it started. Gone already is fine. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function failed(
  argv: readonly string[],
  what: string,
  stderr: readonly string[],
  hint: string | undefined,
): ProvisionError {
  return new ProvisionError('LAB', `${argv.slice(0, 3).join(' ')} … ${what}`, { said: stderr.join('\n'), hint });
}

function interrupted(argv: readonly string[]): ProvisionError {
  return new ProvisionError('INTERRUPTED', `interrupted while ${argv[0] ?? 'a command'} was at work`, {
    hint: 'run the same command again: what is finished is kept',
  });
}
