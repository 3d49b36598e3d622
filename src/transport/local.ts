// Programs on the operator's own machine, and the transport to it. The only file that imports execa, and not before it is needed.
import { constants } from 'node:os';
import { type Outcome, ProvisionError, type Shell, type Transport } from '../model/index.js';
import { greet } from './greet.js';
import { startWords } from './helper.js';
import { newNonce, rootShell } from './shell.js';
import { streamWire, type Wire } from './wire.js';

export interface ProgramOptions {
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Hears each line of stdout while it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a local program, never through a shell. A non-zero code is an outcome; code 128 + n when a signal ended it.
 * Throws INTERRUPTED when `signal` fired and INTERNAL when the program could not be started (not installed).
 */
export async function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
  const [file, ...args] = argv;
  if (file === undefined) throw new ProvisionError('INTERNAL', 'runProgram was given no program');
  const { execa } = await import('execa');
  const started = performance.now();
  const child = execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 512 * 1024 * 1024,
    ...(options.stdin === undefined ? { stdin: 'ignore' as const } : { input: options.stdin }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  if (options.onLine !== undefined) for await (const line of child) options.onLine(String(line));
  const result = await child;
  if (result.isCanceled) throw new ProvisionError('INTERRUPTED', `${file} was interrupted`);
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new ProvisionError(
      'INTERNAL',
      `${file} could not be started: ${result.originalMessage ?? 'no reason given'}`,
      {
        hint: `is ${file} installed and on PATH?`,
        cause: result.cause,
      },
    );
  }
  return {
    code: result.exitCode ?? 128 + signalNumber(result.signal),
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
    ms: performance.now() - started,
  };
}

const signalNumber = (name: string | undefined): number =>
  name === undefined ? 0 : (Object.entries(constants.signals).find(([known]) => known === name)?.[1] ?? 0);

export interface LocalTransportOptions {
  /** In place of /run; for tests. */
  readonly directory?: string;
  /** The shell that runs the helper, with its arguments: `dash`, `busybox sh`. */
  readonly shell?: string;
  readonly notice?: (sentence: string) => void;
}

/** The same protocol with a shell of this machine: root only if this process is. Starts with its first request. */
export function localTransport(options: LocalTransportOptions = {}): Transport {
  let shell: Promise<Shell> | null = null;
  let closed = false;
  const counters = { roundTrips: 0, bytesOut: 0, bytesIn: 0 };
  const opened = (): Promise<Shell> => {
    if (closed) return Promise.reject(new ProvisionError('INTERNAL', 'the local transport is closed'));
    shell ??= startLocally(options, counters);
    return shell;
  };
  return {
    host: 'localhost',
    counters,
    run: async (script, settings) => (await opened()).run(script, settings),
    lock: async (who) => (await opened()).lock(who),
    another: () => startLocally(options, counters),
    async close() {
      closed = true;
      if (shell !== null) await (await shell).close();
    },
  };
}

const START_WITHIN_S = 20;

async function startLocally(options: LocalTransportOptions, counters: Shell['counters']): Promise<Shell> {
  const nonce = newNonce();
  const [file = 'sh', ...args] = startWords(nonce, options.shell, options.directory);
  const wire = await processWire(file, args);
  const greeting = await greet(wire, nonce, null, START_WITHIN_S);
  if (greeting.type !== 'hello') {
    wire.destroy();
    throw new ProvisionError('UNREACHABLE', `no shell could be started on this machine: ${file}`, {
      host: 'localhost',
      said: greeting.said,
    });
  }
  return rootShell(wire, { host: 'localhost', notice: options.notice ?? (() => undefined), counters });
}

async function processWire(file: string, args: readonly string[]): Promise<Wire> {
  const { execa } = await import('execa');
  const child = execa(file, args, {
    buffer: false,
    reject: false,
    encoding: 'buffer',
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
    cleanup: false,
  });
  const { wire, closed } = streamWire(child, () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  });
  void child.then((result) => closed(result.signal ?? (result.exitCode ? `exit code ${result.exitCode}` : '')));
  return wire;
}
