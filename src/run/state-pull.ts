import type { MachineFacts } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { parseFiles, readFiles } from '../resources/index.js';
import { hostOf, openSession, type Session, type Surroundings } from './session.js';

/** Node -> path -> content, as it lies on the living control planes. */
export type PulledFiles = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads the trust of a living cluster from every control plane that has it. Changes nothing anywhere. */
export async function pullTrust(around: Surroundings, paths: readonly string[]): Promise<PulledFiles> {
  const session = await openSession(around, [], false);
  try {
    const living = [...session.machines].filter(([, machine]: readonly [string, MachineFacts]) => machine.clusterCa);
    if (living.length === 0) {
      throw new ProvisionError(
        'STATE',
        `no control plane of ${around.cluster.name} carries a cluster: there is no state to pull`,
        {
          hint: 'build it first: provision apply -i <inventory>',
        },
      );
    }
    return new Map(
      await Promise.all(living.map(async ([name]) => [name, await filesOn(session, name, paths)] as const)),
    );
  } finally {
    await session.close();
  }
}

/** What the host had said before the answer was cut may be half of a key: it goes into no error. */
async function filesOn(session: Session, name: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answer = await hostOf(session.hosts, name)
    .ask(readFiles(paths))
    .catch((error: unknown) => {
      if (!(error instanceof ProvisionError)) throw error;
      throw new ProvisionError(error.code, error.message, { host: name, hint: error.hint });
    });
  return parseFiles(answer);
}
