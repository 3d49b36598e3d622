import type { MachineFacts, Node } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { hostOf, openSession, type Surroundings, unlessStopped } from './session.js';

export interface Asked<T> {
  readonly node: Node;
  readonly machine: MachineFacts;
  readonly answer: T;
}

/** One question to each of several hosts, which may depend on what the host is. Changes nothing. */
export async function askEach<T>(
  around: Surroundings,
  targets: readonly Node[],
  /** null: this host has nothing to say. */
  questionFor: (machine: MachineFacts) => string | null,
  read: (output: string, machine: MachineFacts) => T,
): Promise<readonly Asked<T>[]> {
  const session = await openSession(around, targets, false);
  try {
    const asked = targets.map(async (node): Promise<readonly Asked<T>[]> => {
      const machine = session.machines.get(node.name);
      if (machine === undefined) throw new ProvisionError('INTERNAL', `nobody asked what ${node.name} is`);
      const question = questionFor(machine);
      if (question === null) return [];
      const output = await hostOf(session.hosts, node.name).ask(question);
      return [{ node, machine, answer: read(output, machine) }];
    });
    return (await unlessStopped(around, Promise.all(asked))).flat();
  } finally {
    await session.close();
  }
}
