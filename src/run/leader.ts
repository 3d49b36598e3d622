import type { Host } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { hostOf, openSession, type Session, type Surroundings } from './session.js';

/** Does something on a control plane of a living cluster, over one connection that is closed afterwards. */
export async function withLeader<T>(
  around: Surroundings,
  act: (leader: Host, session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(around, [], false);
  try {
    if (!session.machines.get(session.leader)?.clusterCa) {
      throw new ProvisionError('STATE', `no control plane of ${around.cluster.name} carries a cluster yet`, {
        host: session.leader,
        hint: 'build it first: provision apply -i <inventory>',
      });
    }
    return await act(hostOf(session.hosts, session.leader), session);
  } finally {
    await session.close();
  }
}
