// Runs the commands of the mirror's build: what they say is heard while it comes, and a failure is a letter.
// Decides nothing.
import { type Outcome, ProvisionError } from '../../model/index.js';
import { type ProgramOptions, runProgram } from '../../transport/index.js';

export interface CommandOptions {
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears every line that `runCommand` reads; `readCommand` has no listener. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** What to do when it fails. */
  readonly hint?: string | undefined;
}

// Compilers and package tools tell how far they are on stderr, and `runProgram` hears stdout.
const mergeOutputs = ['sh', '-c', 'exec "$@" 2>&1', 'sh'] as const;
const keptLines = 40;

/** Runs `argv`. Throws LAB with its last lines when it ends with another code than 0, INTERRUPTED when aborted. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<void> {
  const { onLine } = options;
  const listening = onLine === undefined ? {} : { onLine };
  const outcome = await runProgram([...mergeOutputs, ...argv], { ...programOptions(options), ...listening });
  refuseFailure(argv, outcome.code, outcome.stdout, options.hint);
}

/** Runs `argv` and gives its stdout. Throws as `runCommand`. */
export async function readCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const outcome: Outcome = await runProgram(argv, programOptions(options));
  refuseFailure(argv, outcome.code, outcome.stderr, options.hint);
  return outcome.stdout;
}

function programOptions({ cwd, env, signal }: CommandOptions): ProgramOptions {
  return {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function refuseFailure(argv: readonly string[], code: number, output: string, hint: string | undefined): void {
  if (code === 0) return;
  throw new ProvisionError('LAB', `${argv.slice(0, 4).join(' ')} … ended with code ${code}`, {
    said: output.trimEnd().split('\n').slice(-keptLines).join('\n'),
    hint,
  });
}
