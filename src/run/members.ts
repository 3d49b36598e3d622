import { hasEtcd, ProvisionError } from '../model/index.js';
import { ETCD_MANIFEST, initialMembers, readInitialMembers } from '../resources/index.js';
import { hostOf, type Session, type Surroundings } from './session.js';

/**
 * etcd is born with all its members (static initial-cluster). Members that the inventory gets later would find a majority among
 * themselves and found a second etcd under the same CA; one that it loses would be removed with its data while others count on it.
 * Throws STATE before anything is touched.
 */
export async function refuseOtherMembers({ cluster }: Surroundings, session: Session): Promise<void> {
  const wanted = cluster.nodes.filter((node) => hasEtcd(cluster, node)).map(({ name }) => name);
  const carriers = cluster.nodes.filter(({ name }) =>
    session.machines.get(name)?.kubernetesPaths.includes(ETCD_MANIFEST),
  );
  const lost = carriers.find(({ name }) => !wanted.includes(name));
  if (lost !== undefined) {
    throw new ProvisionError('STATE', `${lost.name} runs a member of etcd, and the inventory says that it shall not`, {
      host: lost.name,
      hint: `give it its role back, or let it leave first: provision reset --limit ${lost.name}`,
    });
  }
  // One that is there and one that is wanted are the same one.
  if (wanted.length < 2) return;
  for (const { name } of carriers) {
    const born = readInitialMembers(await hostOf(session.hosts, name).ask(initialMembers()));
    const late = wanted.filter((member) => !born.includes(member));
    if (born.length === 0 || late.length === 0) continue;
    throw new ProvisionError(
      'STATE',
      `the etcd of ${cluster.name} was born without ${late.join(', ')}, and members cannot be added yet`,
      {
        host: name,
        said: `members on ${name}: ${born.join(', ')}`,
        hint: `take ${late.join(', ')} out of the control planes, or build the cluster anew with all of them`,
      },
    );
  }
}
