import { randomBytes } from 'node:crypto';
import type { Action, Facts, Host, HostEvent, MachineFacts, Probe, Resource, Transport } from '../model/index.js';
import { isAction, ProvisionError } from '../model/index.js';
import { QUESTION_PRELUDE } from '../resources/index.js';
import { frames, readParts } from './frames.js';
import { answered, inquire } from './gather.js';
import { machineQuestion, readMachine } from './machine.js';
import { workScript } from './work.js';

/** A host behind a transport: asked everything in one script, told everything for a segment in one script. */
export function shellHost(transport: Transport, now: () => number): Host {
  const name = transport.host;
  return {
    name,
    async machine(): Promise<MachineFacts> {
      const sentMs = now();
      const output = await ask(transport, 'the machine', machineQuestion());
      return readMachine(output, { sentMs, receivedMs: now() });
    },
    async gather(machine: MachineFacts, resources: readonly Resource[]): Promise<Facts> {
      const inquiry = inquire(resources);
      return inquiry.read(name, machine, await transport.run(inquiry.script));
    },
    ask: (question) => ask(transport, 'a question', question),
    apply: (work, listen, signal) => apply(transport, work, listen, signal),
    lock: (who) => transport.lock(who),
    close: () => transport.close(),
  };
}

async function ask(transport: Transport, what: string, question: string): Promise<string> {
  const framing = frames();
  const outcome = await transport.run(`${QUESTION_PRELUDE}\n${framing.part('question', question)}`);
  return answered(transport.host, what, readParts(framing.nonce, outcome.stdout)[0], outcome);
}

async function apply(
  transport: Transport,
  work: readonly (Action | Probe)[],
  listen: (event: HostEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const nonce = randomBytes(8).toString('hex');
  const said: string[] = [];
  let ended: { index: number; code: number } = { index: -1, code: 0 };
  let startedMs = Date.now();
  const onLine = (line: string): void => {
    if (!line.startsWith(nonce)) return;
    const [, word, rest = ''] = /^\S+ (start|end|out) ?(.*)$/.exec(line) ?? [];
    if (word === 'start') {
      startedMs = Date.now();
      listen({ type: 'started', index: Number(rest) });
    } else if (word === 'end') {
      const [index, code] = rest.split(' ').map(Number);
      ended = { index: index ?? -1, code: code ?? 1 };
      if (ended.code === 0) listen({ type: 'done', index: ended.index, ms: Date.now() - startedMs });
    } else if (word === 'out') {
      said.push(rest);
    }
  };
  const outcome = await transport.run(workScript(nonce, work), { onLine, ...(signal ? { signal } : {}) });
  if (outcome.code === 0 && ended.index === work.length - 1) return;
  const index = ended.code === 0 ? ended.index + 1 : ended.index;
  const failed = work[index];
  const output = said.join('\n') || outcome.stderr.trim();
  listen({ type: 'failed', index, code: ended.code, output, ms: Date.now() - startedMs });
  throw failure(transport.host, failed, output);
}

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
