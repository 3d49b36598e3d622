import type { Facts, LedgerEntry, MachineFacts, Outcome, Resource, ResourceKind } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { keyOf, kindOf, LEDGER_DIR, QUESTION_PRELUDE } from '../resources/index.js';
import { frames, type Part, readParts } from './frames.js';

/** Every question about a host's resources as one script, and the way to read what it prints. */
export interface Inquiry {
  readonly script: string;
  read(host: string, machine: MachineFacts, outcome: Outcome): Facts;
}

const LEDGER_QUESTION = `for f in ${LEDGER_DIR}/*.json; do [ ! -f "$f" ] || cat -- "$f"; done`;

export function inquire(resources: readonly Resource[]): Inquiry {
  const framing = frames();
  const groups = byKind(resources);
  const questions = [...groups].map(([kind, group]) => framing.part(kind, kindOf(kind).ask(group)));
  return {
    script: [QUESTION_PRELUDE, framing.part('ledger', LEDGER_QUESTION), ...questions].join('\n'),
    read(host, machine, outcome) {
      const parts = new Map(readParts(framing.nonce, outcome.stdout).map((part) => [part.name, part]));
      const answers = new Map<string, unknown>();
      for (const [kind, group] of groups) {
        const output = answered(host, kind, parts.get(kind), outcome);
        const read = kindOf(kind).read(output, group);
        for (const [index, resource] of group.entries()) answers.set(keyOf(resource), read[index]);
      }
      return factsFrom(
        host,
        machine,
        readLedger(host, answered(host, 'ledger', parts.get('ledger'), outcome)),
        answers,
      );
    },
  };
}

function byKind(resources: readonly Resource[]): ReadonlyMap<ResourceKind, readonly Resource[]> {
  const groups = new Map<ResourceKind, Resource[]>();
  for (const resource of resources) groups.set(resource.kind, [...(groups.get(resource.kind) ?? []), resource]);
  return groups;
}

/** The output of a question that was really answered. "I could not look" is an error, never an absence. */
export function answered(host: string, question: string, part: Part | undefined, outcome: Outcome): string {
  if (part !== undefined && part.status === 0) return part.output;
  throw new ProvisionError(
    'FACTS',
    `could not look at ${question}${part ? ` (the question ended with ${part.status})` : ''}`,
    {
      host,
      said: [outcome.stderr.trim(), part?.output.trim() ?? ''].filter((text) => text !== '').join('\n'),
      hint: 'run again with --verbose; if it stays, send the output of `provision facts --json`',
    },
  );
}

function readLedger(host: string, output: string): readonly LedgerEntry[] {
  const lines = output.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => {
      try {
        return JSON.parse(line) as LedgerEntry;
      } catch (cause) {
        throw new ProvisionError('FACTS', `a line of the ledger in ${LEDGER_DIR} cannot be read`, {
          host,
          said: line,
          hint: `look at the files in ${LEDGER_DIR}: without them reset cannot put the host back`,
          cause,
        });
      }
    })
    .sort((a, b) => a.order - b.order);
}

export function factsFrom(
  host: string,
  machine: MachineFacts,
  ledger: readonly LedgerEntry[],
  answers: ReadonlyMap<string, unknown>,
): Facts {
  return {
    host,
    machine,
    ledger,
    answer<A>(resource: Resource): A {
      const key = keyOf(resource);
      if (!answers.has(key)) throw new ProvisionError('INTERNAL', `nobody asked ${host} about ${key}`);
      return answers.get(key) as A;
    },
  };
}
