import { preflight } from '../checks/index.js';
import type { Finding, Node, ProvisionError } from '../model/index.js';
import type { FactsByHost } from '../plan/index.js';
import { gatherOwned, openSession, type Surroundings, tryOut, unlessStopped } from './session.js';

/** What the hosts say about themselves and what provision owns there. Changes nothing. */
export async function gatherOnly(around: Surroundings, targets: readonly Node[]): Promise<FactsByHost> {
  const session = await openSession(around, targets, false);
  try {
    return await unlessStopped(around, gatherOwned(session));
  } finally {
    await session.close();
  }
}

/**
 * What `provision preflight` does: everything that speaks against an apply, told together.
 * @param manifests why this machine cannot have the release's manifests; null: it has them.
 */
export async function examine(
  around: Surroundings,
  targets: readonly Node[],
  manifests: ProvisionError | null,
): Promise<readonly Finding[]> {
  const session = await openSession(around, targets, false);
  try {
    const [facts, tried] = await unlessStopped(
      around,
      Promise.all([gatherOwned(session), tryOut(around, session, 'all')]),
    );
    return preflight(around.cluster, around.release, facts, 'apply', { ...tried, manifests });
  } finally {
    await session.close();
  }
}
