import type { Cluster, MachineFacts, Trust } from '../model/index.js';
import { API_PORT, isControlPlane, ProvisionError } from '../model/index.js';
import type { Session, Surroundings } from './session.js';

/** A control plane whose API server listens, else one that carries the cluster, else the first that answered. No privileged first node. */
export function leaderOf(cluster: Cluster, machines: ReadonlyMap<string, MachineFacts>): string {
  const reached = cluster.nodes.flatMap((node) => {
    const machine = machines.get(node.name);
    return isControlPlane(node) && machine !== undefined ? [{ name: node.name, machine }] : [];
  });
  const carriers = reached.filter(({ machine }) => machine.clusterCa !== null);
  const serving = carriers.find(({ machine }) => machine.listening[String(API_PORT)] !== undefined);
  const leader = serving ?? carriers[0] ?? reached[0];
  if (leader === undefined) throw new ProvisionError('INVENTORY', 'the inventory has no control plane');
  return leader.name;
}

/** What a host says of the cluster that it belongs to: its CA's certificate, or, when that is lost, the CA's hash beside its ledger. */
interface Claim {
  readonly host: string;
  readonly cert: string | null;
  readonly caHash: string | null;
}

/** In the inventory's order, not in that of the answers: the same state gives the same letter. */
const claimsOf = ({ cluster }: Surroundings, { machines }: Session): readonly Claim[] =>
  cluster.nodes.flatMap(({ name }): readonly Claim[] => {
    const machine = machines.get(name);
    if (machine === undefined) return [];
    // A host of another cluster by name is the business of preflight.
    const caHash = machine.owner?.cluster === cluster.name ? machine.owner.caHash : null;
    return machine.clusterCa === null && caHash === null ? [] : [{ host: name, cert: machine.clusterCa, caHash }];
  });

const PULL = 'get the state back from the cluster, verified against its CA: provision state pull -i <inventory>';
const REMOVE = 'bring the state folder back; if that cluster is gone for good, end its life first: provision reset';

/** The trust of the cluster that lives on these hosts, even if only a trace of it does; a second CA is never made for it. */
export async function trustFor(around: Surroundings, session: Session): Promise<Trust> {
  const claims = claimsOf(around, session);
  const [first] = claims;
  if (first === undefined) return around.openTrust(true);
  const hint = claims.some(({ cert }) => cert !== null) ? PULL : REMOVE;
  const trust = await around.openTrust(false).catch((cause: unknown) => {
    throw cause instanceof ProvisionError ? keysAreAway(first.host, cause, hint) : cause;
  });
  const other = claims.find(({ cert, caHash }) =>
    cert === null ? caHash !== trust.caHash : cert.trim() !== trust.authority('ca').cert.trim(),
  );
  if (other === undefined) return trust;
  const { host } = other;
  throw new ProvisionError('STATE', `the CA on ${host} is not the one in the state folder: they are two clusters`, {
    host,
    hint: `if ${host} should leave its old cluster, reset it first; if the state folder is the wrong one, move it away and ${PULL}`,
  });
}

/** The folder may also be damaged or open to others: its own words and cure come first. */
function keysAreAway(host: string, cause: ProvisionError, hint: string): ProvisionError {
  const said = cause.hint === undefined || cause.hint.includes('provision state pull') ? '' : `${cause.hint} Or `;
  return new ProvisionError(
    'STATE',
    `${host} belongs to a living cluster, and its keys cannot be had here: ${cause.message}`,
    { host, said: cause.said, hint: `${said}${hint}`, cause },
  );
}
