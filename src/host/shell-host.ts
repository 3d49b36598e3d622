import { randomBytes } from 'node:crypto';
import type {
  Action,
  Facts,
  Host,
  HostEvent,
  MachineFacts,
  Probe,
  Resource,
  Shell,
  Transport,
} from '../model/index.js';
import { isAction, ProvisionError } from '../model/index.js';
import { QUESTION_PRELUDE } from '../resources/index.js';
import { type BootTools, bootHost, bootState } from './boot.js';
import { frames, readParts } from './frames.js';
import { answered, inquire } from './gather.js';
import { machineQuestion, readMachine } from './machine.js';
import { readTrial, trialQuestion } from './trial.js';
import { stopScript, workScript } from './work.js';

/** How a host that goes down is had again. */
export interface Again {
  /** A new connection to the same host. */
  readonly open: () => Promise<Transport>;
  readonly pause: (ms: number) => Promise<void>;
}

/** A host behind a transport: asked everything in one script, told everything for a segment in one script. */
export function shellHost(transport: Transport, now: () => number, again?: Again): Host {
  const name = transport.host;
  let line = transport;
  let shells = shellsOf(transport);
  let holder: string | null = null;
  const lock = async (who: string): Promise<void> => {
    await line.lock(who);
    holder = who;
  };
  /** The script makes ready; then the host goes down and comes back over a new connection, with our lock. */
  const boot = async (action: Action, listen: (event: HostEvent) => void): Promise<void> => {
    if (again === undefined) throw new ProvisionError('INTERNAL', `nobody said how ${name} is connected to again`);
    const startedMs = now();
    const tools: BootTools = { ask: (shell, question) => ask(shell, 'its boot', question), now, ...again };
    const early = (event: HostEvent): void => void (event.type === 'done' || listen(event));
    await apply(line, newNonce(), [action], early);
    try {
      const before = await bootState(line, tools);
      if (before.wanted !== null) {
        line = await bootHost(line, before, tools);
        shells = shellsOf(line);
        if (holder !== null) await line.lock(holder);
      }
    } catch (error) {
      const output = error instanceof ProvisionError ? error.message : String(error);
      listen({ type: 'failed', index: 0, code: 1, output, ms: now() - startedMs });
      throw error;
    }
    listen({ type: 'done', index: 0, ms: now() - startedMs });
  };
  return {
    name,
    machine: () =>
      shells.use(async (shell): Promise<MachineFacts> => {
        const sentMs = now();
        const output = await ask(shell, 'the machine', machineQuestion());
        return readMachine(output, { sentMs, receivedMs: now() });
      }),
    gather: (machine: MachineFacts, resources: readonly Resource[]) =>
      shells.use(async (shell): Promise<Facts> => {
        const inquiry = inquire(resources);
        return inquiry.read(name, machine, await shell.run(inquiry.script));
      }),
    tryOut: (wish) =>
      shells.use(async (shell) => readTrial(wish, await ask(shell, 'what it can reach', trialQuestion(wish)))),
    ask: (question) => shells.use((shell) => ask(shell, 'a question', question)),
    apply: async (work, listen, signal) => {
      if (signal?.aborted) throw stopped(name);
      const [first] = work;
      // The lane hands a boot out alone: what comes behind it needs the new connection.
      if (first !== undefined && isAction(first) && first.boot === true) return boot(first, listen);
      return shells.use(async (shell) => {
        const nonce = newNonce();
        // Over another shell: this one is busy with the very script. One that cannot be had only means that more is finished.
        const stop = (): void => void shells.use((other) => other.run(stopScript(nonce))).catch(() => undefined);
        signal?.addEventListener('abort', stop, { once: true });
        try {
          await apply(shell, nonce, work, listen);
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      });
    },
    lock,
    close: () => shells.close(),
  };
}

const newNonce = (): string => randomBytes(8).toString('hex');

/** Shells per connection; sshd allows ten sessions (MaxSessions). */
const MOST_SHELLS = 4;

/**
 * A control plane does its own work and errands for those that join. An errand must not wait behind a long script: it gets a
 * shell of its own over the same connection.
 */
function shellsOf(transport: Transport) {
  const others: Promise<Shell>[] = [];
  const idle: Shell[] = [transport];
  const take = (): Promise<Shell> => {
    const free = idle.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (others.length + 1 >= MOST_SHELLS) return Promise.resolve(transport);
    const made = transport.another();
    others.push(made);
    return made;
  };
  return {
    async use<T>(act: (shell: Shell) => Promise<T>): Promise<T> {
      const shell = await take();
      try {
        return await act(shell);
      } finally {
        if (!idle.includes(shell)) idle.push(shell);
      }
    },
    async close(): Promise<void> {
      await Promise.allSettled(others.map(async (shell) => (await shell).close()));
      await transport.close();
    },
  };
}

async function ask(shell: Shell, what: string, question: string): Promise<string> {
  const framing = frames();
  const outcome = await shell.run(`${QUESTION_PRELUDE}\n${framing.part('question', question)}`);
  return answered(shell.host, what, readParts(framing.nonce, outcome.stdout)[0], outcome);
}

async function apply(
  shell: Shell,
  nonce: string,
  work: readonly (Action | Probe)[],
  listen: (event: HostEvent) => void,
): Promise<void> {
  const said: string[] = [];
  let ended: { index: number; code: number } = { index: -1, code: 0 };
  let startedMs = Date.now();
  const onLine = (line: string): void => {
    if (!line.startsWith(nonce)) return;
    const [, word, rest = ''] = /^\S+ (start|end|out|note) ?(.*)$/.exec(line) ?? [];
    if (word === 'start') {
      startedMs = Date.now();
      listen({ type: 'started', index: Number(rest) });
    } else if (word === 'end') {
      const [index, code] = rest.split(' ').map(Number);
      ended = { index: index ?? -1, code: code ?? 1 };
      if (ended.code === 0) listen({ type: 'done', index: ended.index, ms: Date.now() - startedMs });
    } else if (word === 'note') {
      const [, about, text = ''] = /^(\d+) (.*)$/.exec(rest) ?? [];
      listen({ type: 'note', index: Number(about), text });
    } else if (word === 'out') {
      said.push(rest);
    }
  };
  const outcome = await shell.run(workScript(nonce, work), { onLine });
  if (outcome.code === 0 && ended.index === work.length - 1) return;
  if (outcome.code === 0 && ended.code === 0) throw stopped(shell.host);
  const index = ended.code === 0 ? ended.index + 1 : ended.index;
  const failed = work[index];
  const output = said.join('\n') || outcome.stderr.trim();
  listen({ type: 'failed', index, code: ended.code, output, ms: Date.now() - startedMs });
  throw failure(shell.host, failed, output);
}

const stopped = (host: string): ProvisionError =>
  new ProvisionError('INTERRUPTED', 'stopped before the next action', { host });

function failure(host: string, failed: Action | Probe | undefined, said: string): ProvisionError {
  if (failed === undefined)
    return new ProvisionError('ACTION', 'the host stopped before the work began', { host, said });
  return isAction(failed)
    ? new ProvisionError('ACTION', `could not ${failed.summary}`, { host, said })
    : new ProvisionError('GATE', `${failed.title}: no answer as expected within ${failed.within} s`, {
        host,
        said,
        hint: failed.hint,
      });
}
