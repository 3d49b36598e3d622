import type { MachineFacts } from '../model/index.js';
import { isControlPlane, ProvisionError } from '../model/index.js';
import { parseFiles, readFiles } from '../resources/index.js';
import { hostOf, openSession, type Surroundings } from './session.js';

/** Node -> path -> content, as it lies on the living control planes. */
export type PulledFiles = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Reads the trust of a living cluster from every control plane that has it. Changes nothing anywhere. */
export async function pullTrust(around: Surroundings, paths: readonly string[]): Promise<PulledFiles> {
  const session = await openSession(around, around.cluster.nodes.filter(isControlPlane), false);
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
      await Promise.all(
        living.map(
          async ([name]) => [name, parseFiles(await hostOf(session.hosts, name).ask(readFiles(paths)))] as const,
        ),
      ),
    );
  } finally {
    await session.close();
  }
}
