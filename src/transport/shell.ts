// The near end of the helper: one request at a time over a wire, answers matched by nonce. Knows neither ssh2 nor execa.
import { randomBytes } from 'node:crypto';
import { type Outcome, ProvisionError, type Shell } from '../model/index.js';
import { type FrameReader, frameReader } from './frames.js';
import { helperText, LOCK_HELD, LOCK_TAKEN, LOCK_TAKEN_WITHOUT_FLOCK, lockWord, runWord } from './helper.js';
import type { Wire } from './wire.js';

export interface ShellOptions {
  readonly host: string;
  /** Things the operator should know but that are no failure. */
  readonly notice: (sentence: string) => void;
  /** Filled in as requests go; a fresh object if none is given. Bytes are those of words, scripts and answers. */
  readonly counters?: Shell['counters'];
}

type Timer = ReturnType<typeof setTimeout>;

interface Request {
  readonly nonce: string;
  readonly bytes: readonly (string | Buffer)[];
  readonly doing: string;
  readonly out: FrameReader;
  readonly err: FrameReader;
  readonly settle: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly state: { stdout: { body: Buffer; words: string } | null; stderr: Buffer | null; started: number };
}

interface Answer {
  readonly words: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** After TERM a script has this long before KILL. */
const KILL_AFTER_MS = 5000;
/** How long `close` waits for a running script and for the helper to clean up. */
const CLOSE_WITHIN_MS = 2000;

export const newNonce = (): string => randomBytes(16).toString('hex');

/** Takes a wire on which the helper has said hello, gives it its text and speaks with it from then on. */
export function rootShell(wire: Wire, options: ShellOptions): Shell {
  const { host } = options;
  const counters = options.counters ?? { roundTrips: 0, bytesOut: 0, bytesIn: 0 };
  const waiting: Request[] = [];
  let active: Request | null = null;
  let lost: string | null = null;
  let locked: Promise<void> | null = null;
  let helperSent = false;

  const write = (bytes: string | Buffer): void => {
    counters.bytesOut += Buffer.byteLength(bytes);
    wire.write(bytes);
  };

  const startNext = (): void => {
    if (active !== null || lost !== null) return;
    active = waiting.shift() ?? null;
    if (active === null) return;
    counters.roundTrips += 1;
    active.state.started = performance.now();
    if (!helperSent) write(helperText);
    helperSent = true;
    for (const bytes of active.bytes) write(bytes);
  };

  const settleIfWhole = (request: Request): void => {
    const { stdout, stderr, started } = request.state;
    if (stdout === null || stderr === null) return;
    active = null;
    request.settle({
      words: stdout.words,
      stdout: stdout.body.toString('utf8'),
      stderr: stderr.toString('utf8'),
      ms: performance.now() - started,
    });
    startNext();
  };

  wire.onStdout((chunk) => {
    counters.bytesIn += chunk.length;
    if (active === null || active.state.stdout !== null) return;
    active.state.stdout = active.out.push(chunk);
    settleIfWhole(active);
  });
  wire.onStderr((chunk) => {
    counters.bytesIn += chunk.length;
    if (active === null || active.state.stderr !== null) return;
    active.state.stderr = active.err.push(chunk)?.body ?? null;
    settleIfWhole(active);
  });
  wire.onClose((reason) => {
    lost = reason;
    const unanswered = active === null ? waiting : [active, ...waiting];
    active = null;
    for (const request of unanswered.splice(0)) request.reject(connectionLost(host, request, reason));
    waiting.length = 0;
  });

  const ask = (
    doing: string,
    word: (nonce: string) => readonly (string | Buffer)[],
    onLine?: (line: string) => void,
  ): { readonly request: Request; readonly answer: Promise<Answer> } => {
    const nonce = newNonce();
    let settle: (answer: Answer) => void = () => undefined;
    let reject: (error: unknown) => void = () => undefined;
    const answer = new Promise<Answer>((resolve, refuse) => {
      settle = resolve;
      reject = refuse;
    });
    const request: Request = {
      nonce,
      bytes: word(nonce),
      doing,
      out: frameReader(nonce, onLine),
      err: frameReader(nonce),
      settle,
      reject,
      state: { stdout: null, stderr: null, started: performance.now() },
    };
    if (lost !== null) reject(connectionLost(host, request, lost));
    else waiting.push(request);
    startNext();
    return { request, answer };
  };

  /** Makes the script end; the answer still comes from its own frame. A request that has not begun is taken back. */
  const cancel = (request: Request, error: ProvisionError): Timer | null => {
    const at = waiting.indexOf(request);
    if (at >= 0) {
      waiting.splice(at, 1);
      request.reject(error);
      return null;
    }
    if (active !== request) return null;
    write('end TERM\n');
    return setTimeout(() => {
      if (active === request) write('end KILL\n');
    }, KILL_AFTER_MS);
  };

  const run: Shell['run'] = async (script, { signal, onLine } = {}) => {
    if (signal?.aborted) throw interrupted(host, 'before its script was sent');
    const bytes = Buffer.from(script);
    // A listener that throws must not tear the stream that it is called from; its error is this run's own.
    let deaf: { readonly error: unknown } | null = null;
    const hear = (line: string): void => {
      try {
        if (deaf === null) onLine?.(line);
      } catch (error) {
        deaf = { error };
      }
    };
    const { request, answer } = ask('a script was running', (nonce) => [runWord(nonce, bytes.length), bytes], hear);
    let timer: Timer | null = null;
    let wasActive = false;
    const abort = (): void => {
      wasActive = active === request;
      timer = cancel(request, interrupted(host, 'before its script was sent'));
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const { words, stdout, stderr, ms } = await answer;
      throwIfDeaf(deaf);
      if (wasActive) throw interrupted(host, 'while a script was running; the script was ended', stderr);
      if (words === 'store') throw notStored(host, bytes.length, stderr);
      return { code: Number(words), stdout, stderr, ms } satisfies Outcome;
    } finally {
      signal?.removeEventListener('abort', abort);
      if (timer !== null) clearTimeout(timer);
    }
  };

  const takeLock = async (who: string): Promise<void> => {
    const { words, stdout, stderr } = await ask('the lock was being taken', (nonce) => [lockWord(nonce, who)]).answer;
    switch (Number(words)) {
      case LOCK_TAKEN:
        return;
      case LOCK_TAKEN_WITHOUT_FLOCK:
        options.notice(
          `${host} has no flock (util-linux): its lock is a directory and the next run frees it if this one is killed`,
        );
        return;
      case LOCK_HELD:
        throw new ProvisionError('LOCKED', `${host} is locked by ${stdout.trim() || 'a run that left no name'}`, {
          host,
          said: stdout,
          hint: `wait for that run: its lock goes with its connection. If its machine is gone for good, kill the pid named here on ${host}`,
        });
      default:
        throw new ProvisionError('UNREACHABLE', `${host} could not take its lock`, { host, said: stderr });
    }
  };

  return {
    host,
    counters,
    run,
    lock(who) {
      locked ??= takeLock(who).catch((error: unknown) => {
        locked = null;
        throw error;
      });
      return locked;
    },
    async close() {
      if (lost === null) {
        // By a word and not only by the end of its streams: a daemon that a script left behind may hold those open.
        const { answer } = ask('it was being closed', (nonce) => [`bye ${nonce}\n`]);
        await settledWithin(CLOSE_WITHIN_MS, answer);
        wire.end();
      }
      wire.destroy();
    },
  };
}

function throwIfDeaf(deaf: { readonly error: unknown } | null): void {
  if (deaf !== null) throw deaf.error;
}

async function settledWithin(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise.catch(() => undefined), late]);
  clearTimeout(timer);
}

function connectionLost(host: string, request: Request, reason: string): ProvisionError {
  const began = request.state.stdout !== null || request.out.seen().length > 0;
  const said = Buffer.concat([request.state.stdout?.body ?? request.out.seen(), request.err.seen()]).toString('utf8');
  return new ProvisionError(
    'UNREACHABLE',
    `connection to ${host} lost while ${request.doing}; state unknown${reason === '' ? '' : ` (${reason})`}`,
    {
      host,
      ...(began || said !== '' ? { said } : {}),
      hint: 'run the same command again: what was done already is found and left alone',
    },
  );
}

function interrupted(host: string, when: string, said?: string): ProvisionError {
  return new ProvisionError('INTERRUPTED', `interrupted on ${host} ${when}`, { host, said });
}

function notStored(host: string, bytes: number, said: string): ProvisionError {
  return new ProvisionError('UNREACHABLE', `${host} could not store a script of ${bytes} bytes in /run`, {
    host,
    said,
    hint: `free space in /run on ${host} (df -h /run), then run the same command again`,
  });
}
