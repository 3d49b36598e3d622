import type { Action, Facts, Host, LedgerEntry, MachineFacts, Probe, Resource } from '../model/index.js';
import { isAction, ProvisionError } from '../model/index.js';
import { keyOf, kindOf } from '../resources/index.js';
import { factsFrom } from './gather.js';

/** A host made of maps, for tests. `apply` believes each kind's `satisfied`; test/contract holds that to real hosts. */
export interface MemoryHost extends Host {
  /** Key -> answer. Write into it to make drift. */
  readonly answers: Map<string, unknown>;
  readonly ledger: Map<string, LedgerEntry>;
  /** Everything that was carried out, in order. */
  readonly done: Action[];
  /** Stops before this many further actions, once: a cut line. */
  breakAfter: number | null;
}

export function memoryHost(name: string, machine: MachineFacts, bare: (resource: Resource) => unknown): MemoryHost {
  const answers = new Map<string, unknown>();
  const ledger = new Map<string, LedgerEntry>();
  const answer = (resource: Resource): unknown => {
    const key = keyOf(resource);
    return answers.has(key) ? answers.get(key) : bare(resource);
  };
  const host: MemoryHost = {
    name,
    answers,
    ledger,
    done: [],
    breakAfter: null,
    machine: async () => machine,
    gather: async (_machine: MachineFacts, resources: readonly Resource[]): Promise<Facts> =>
      factsFrom(
        name,
        machine,
        [...ledger.values()].sort((a, b) => a.order - b.order),
        new Map(resources.map((resource) => [keyOf(resource), answer(resource)])),
      ),
    tryOut: async () => ({
      resolves: {},
      reached: {},
      fsync: null,
      unfinishedTransaction: null,
      absentUnits: [],
      absentUsers: [],
    }),
    ask: async () => '',
    async apply(work: readonly (Action | Probe)[], listen, signal): Promise<void> {
      for (const [index, item] of work.entries()) {
        if (signal?.aborted) throw new ProvisionError('INTERRUPTED', 'stopped before the next action', { host: name });
        if (host.breakAfter !== null && host.breakAfter-- <= 0) {
          host.breakAfter = null;
          throw new ProvisionError('UNREACHABLE', 'the line was cut', { host: name });
        }
        listen({ type: 'started', index });
        if (isAction(item)) carryOut(host, item, answer);
        listen({ type: 'done', index, ms: 0 });
      }
    },
    lock: async () => {},
    close: async () => {},
  };
  return host;
}

function carryOut(host: MemoryHost, action: Action, answer: (resource: Resource) => unknown): void {
  host.done.push(action);
  if (action.entry !== undefined) {
    host.answers.set(action.key, action.entry.former);
    host.ledger.delete(action.key);
    return;
  }
  const { resource } = action;
  if (resource === undefined || action.via !== undefined) return;
  const kind = kindOf(action.kind);
  if (kind.ledger !== undefined && !host.ledger.has(action.key)) {
    host.ledger.set(action.key, {
      key: action.key,
      kind: action.kind,
      order: action.order,
      former: action.before ?? null,
      resource: kind.ledger.remember(resource),
    });
  }
  host.answers.set(action.key, kind.satisfied(resource, answer(resource)));
}
