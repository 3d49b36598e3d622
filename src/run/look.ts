import type { Node } from '../model/index.js';
import type { FactsByHost } from '../plan/index.js';
import { gatherOwned, openSession, type Surroundings } from './session.js';

/** What the hosts say about themselves and what provision owns there. Changes nothing. */
export async function gatherOnly(around: Surroundings, targets: readonly Node[]): Promise<FactsByHost> {
  const session = await openSession(around, targets, false);
  try {
    return await gatherOwned(session);
  } finally {
    await session.close();
  }
}
