import { type Tried, trialWish } from '../checks/index.js';
import type {
  Cluster,
  Facts,
  Host,
  Listener,
  MachineFacts,
  Node,
  Release,
  Step,
  Trial,
  Trust,
} from '../model/index.js';
import { isControlPlane, ProvisionError } from '../model/index.js';
import { type FactsByHost, resourcesOf, type Setting, wishesFor } from '../plan/index.js';

/** What a run is given. Only main.ts knows which parts are real. */
export interface Surroundings {
  readonly cluster: Cluster;
  readonly release: Release;
  readonly steps: readonly Step[];
  connect(node: Node): Promise<Host>;
  /** Loads the trust of this cluster and makes the leaves that are missing. Only `found` allows new CAs; without it their absence is STATE. */
  openTrust(found: boolean): Promise<Trust>;
  readonly emit: Listener;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Who runs this, for the lock: `user@machine pid 123`. */
  readonly who: string;
}

/** Open connections and what the machines behind them are. */
export interface Session {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly machines: ReadonlyMap<string, MachineFacts>;
  readonly targets: readonly Node[];
  readonly leader: string;
  close(): Promise<void>;
}

/** Connects to every target, and to the control planes that speak to the API for them; all at once. Refuses whole when one does not answer. */
export async function openSession(
  around: Surroundings,
  targets: readonly Node[],
  exclusive: boolean,
): Promise<Session> {
  const nodes = around.cluster.nodes.filter((node) => targets.includes(node) || isControlPlane(node));
  const hosts = new Map<string, Host>();
  const close = async (): Promise<void> => {
    await Promise.allSettled([...hosts.values()].map((host) => host.close()));
  };
  try {
    await all(nodes, async (node) => {
      const startedMs = around.now();
      const host = await around.connect(node);
      hosts.set(node.name, host);
      if (exclusive) await host.lock(around.who);
      around.emit({ type: 'connected', host: node.name, ms: around.now() - startedMs });
    });
    const machines = new Map<string, MachineFacts>();
    await all(nodes, async (node) => {
      machines.set(node.name, await hostOf(hosts, node.name).machine());
    });
    return { hosts, machines, targets, leader: leaderOf(around.cluster, machines), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Every one is tried; what failed is told in one error that holds all of them. */
async function all<T extends { readonly name: string }>(
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(items.map(act));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const [first, ...others] = errors;
  if (first === undefined) return;
  if (others.length === 0 || !(first instanceof ProvisionError)) throw first;
  throw new ProvisionError(first.code, `${errors.length} of ${items.length} hosts: ${errors.map(told).join('; ')}`, {
    said: first.said,
    hint: first.hint,
    cause: first,
  });
}

const told = (error: unknown): string =>
  error instanceof ProvisionError ? `${error.host ?? '?'}: ${error.message}` : String(error);

/** A control plane that already serves this cluster, else the first one. No privileged first node. */
export function leaderOf(cluster: Cluster, machines: ReadonlyMap<string, MachineFacts>): string {
  const controlPlanes = cluster.nodes.filter(isControlPlane);
  const living = controlPlanes.find((node) => machines.get(node.name)?.clusterCa);
  const leader = living ?? controlPlanes[0];
  if (leader === undefined) throw new ProvisionError('INVENTORY', 'the inventory has no control plane');
  return leader.name;
}

/** The trust of the cluster that lives on these hosts; a second CA is never made for it. */
export async function trustFor(around: Surroundings, session: Session): Promise<Trust> {
  // In the inventory's order, not in that of the answers: the same state gives the same letter.
  const host = around.cluster.nodes.find(({ name }) => session.machines.get(name)?.clusterCa)?.name;
  if (host === undefined) return around.openTrust(true);
  const machine = machineOf(session, host);
  const hint = 'get the state back from the cluster, verified against its CA: provision state pull -i <inventory>';
  const trust = await around.openTrust(false).catch((cause: unknown) => {
    if (!(cause instanceof ProvisionError)) throw cause;
    // The folder may also be damaged or open to others: its own words and cure come first.
    throw new ProvisionError(
      'STATE',
      `${host} belongs to a living cluster, and its keys cannot be had here: ${cause.message}`,
      {
        host,
        said: cause.said,
        hint:
          cause.hint === undefined || cause.hint.includes('provision state pull') ? hint : `${cause.hint} Or ${hint}`,
        cause,
      },
    );
  });
  if (trust.authority('ca').cert.trim() === machine.clusterCa?.trim()) return trust;
  throw new ProvisionError('STATE', `the CA on ${host} is not the one in the state folder: they are two clusters`, {
    host,
    hint: `if ${host} should leave its old cluster, reset it first; if the state folder is the wrong one, move it away and ${hint}`,
  });
}

/** Facts about every target, one question each, all at once. */
export async function gatherFacts(around: Surroundings, session: Session, setting: Setting): Promise<FactsByHost> {
  const facts = new Map<string, Facts>();
  await all(session.targets, async (node) => {
    const machine = machineOf(session, node.name);
    const startedMs = around.now();
    const resources = resourcesOf(wishesFor(around.steps, setting, node, machine));
    facts.set(node.name, await hostOf(session.hosts, node.name).gather(machine, resources));
    around.emit({ type: 'gathered', host: node.name, ms: around.now() - startedMs });
  });
  return facts;
}

/**
 * What the targets can reach. `fresh`: only those that are not in the cluster yet, and nothing is written anywhere, not even
 * for a moment; a host that has everything already is not kept waiting for a mirror.
 */
export async function tryOut(around: Surroundings, session: Session, which: 'fresh' | 'all'): Promise<Tried> {
  const { cluster, release } = around;
  const trials = new Map<string, Trial>();
  await all(session.targets, async (node) => {
    const machine = machineOf(session, node.name);
    if (which === 'fresh' && machine.owner !== null) return;
    const wish = trialWish(cluster, release, node, machine.arch, which === 'all');
    trials.set(node.name, await hostOf(session.hosts, node.name).tryOut(wish));
  });
  return { release, trials, manifests: null };
}

/** The targets' machines and ledgers; no resource is asked about. */
export async function gatherOwned(session: Session): Promise<FactsByHost> {
  const facts = new Map<string, Facts>();
  await all(session.targets, async ({ name }) => {
    facts.set(name, await hostOf(session.hosts, name).gather(machineOf(session, name), []));
  });
  return facts;
}

export function hostOf(hosts: ReadonlyMap<string, Host>, name: string): Host {
  const host = hosts.get(name);
  if (host === undefined) throw new ProvisionError('INTERNAL', `no connection to ${name}`);
  return host;
}

function machineOf(session: Session, name: string): MachineFacts {
  const machine = session.machines.get(name);
  if (machine === undefined) throw new ProvisionError('INTERNAL', `nobody asked what ${name} is`);
  return machine;
}
