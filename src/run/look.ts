import type { Node } from '../model/index.js';
import type { FactsByHost } from '../plan/index.js';
import { hostOf, machineOf, openSession, type Surroundings } from './session.js';

/** What the hosts say about themselves and what provision owns there; no resource is asked about. */
export async function gatherOnly(around: Surroundings, targets: readonly Node[]): Promise<FactsByHost> {
  const session = await openSession(around, targets, false);
  try {
    return new Map(
      await Promise.all(
        targets.map(
          async ({ name }) => [name, await hostOf(session.hosts, name).gather(machineOf(session, name), [])] as const,
        ),
      ),
    );
  } finally {
    await session.close();
  }
}
