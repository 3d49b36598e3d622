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
import { leaderOf } from './living.js';

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

/**
 * Connects to every target, and to the control planes that speak to the API for them; all at once. Refuses whole when a target does
 * not answer. A control plane that is no target may be away as long as another one carries the cluster.
 */
export async function openSession(
  around: Surroundings,
  targets: readonly Node[],
  exclusive: boolean,
): Promise<Session> {
  const nodes = around.cluster.nodes.filter((node) => targets.includes(node) || isControlPlane(node));
  const hosts = new Map<string, Host>();
  const away: ProvisionError[] = [];
  const close = async (): Promise<void> => {
    await Promise.allSettled([...hosts.values()].map((host) => host.close()));
  };
  try {
    await all(nodes, async (node) => {
      const startedMs = around.now();
      const host = await around.connect(node).catch((error: unknown) => {
        if (targets.includes(node) || !(error instanceof ProvisionError) || error.code !== 'UNREACHABLE') throw error;
        away.push(error);
        return null;
      });
      if (host === null) return;
      hosts.set(node.name, host);
      if (exclusive) await host.lock(around.who);
      around.emit({ type: 'connected', host: node.name, ms: around.now() - startedMs });
    });
    const machines = new Map<string, MachineFacts>();
    await unlessStopped(
      around,
      all(
        nodes.filter(({ name }) => hosts.has(name)),
        async (node) => {
          machines.set(node.name, await hostOf(hosts, node.name).machine());
        },
      ),
    );
    excuse(around, away, machines);
    return { hosts, machines, targets, leader: leaderOf(around.cluster, machines), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For work that only looks: a stop does not wait for its end. */
export async function unlessStopped<T>({ signal }: Pick<Surroundings, 'signal'>, looking: Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () =>
      reject(new ProvisionError('INTERRUPTED', 'stopped while the hosts were looked at; nothing was touched'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([looking, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Who is away may carry a cluster that nobody else knows of: only one that is seen to live excuses them. */
function excuse(
  { cluster, emit }: Surroundings,
  away: readonly ProvisionError[],
  machines: ReadonlyMap<string, MachineFacts>,
): void {
  const lives = cluster.nodes.some((node) => isControlPlane(node) && machines.get(node.name)?.clusterCa);
  const [first] = away;
  if (first !== undefined && !lives) throw first;
  for (const { host, message } of away) emit({ type: 'note', host, text: `${message}; going on without it` });
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
  // One without a host is not about any of them: a question that was not answered, an interrupt.
  if (others.length === 0 || !(first instanceof ProvisionError) || first.host === undefined) throw first;
  throw new ProvisionError(
    first.code,
    `${errors.length} of ${items.length} hosts: ${errors.map(hostOfError).join(', ')}`,
    {
      said: errors.map(told).join('\n'),
      hint: [...new Set(errors.flatMap((error) => (error instanceof ProvisionError ? (error.hint ?? []) : [])))].join(
        '\n',
      ),
      cause: first,
    },
  );
}

const hostOfError = (error: unknown): string => (error instanceof ProvisionError ? (error.host ?? '?') : '?');
const told = (error: unknown): string => `${hostOfError(error)}: ${error instanceof Error ? error.message : error}`;

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
  return { trials, manifests: null };
}

/** The targets' machines and ledgers; no resource is asked about. */
export async function gatherOwned(session: Session): Promise<FactsByHost> {
  const facts = new Map<string, Facts>();
  await all(session.targets, async ({ name }) => {
    facts.set(name, await hostOf(session.hosts, name).gather(machineOf(session, name), []));
  });
  // In the inventory's order, not in that of the answers.
  return new Map(session.targets.flatMap(({ name }) => [...facts].filter(([host]) => host === name)));
}

export function hostOf(hosts: ReadonlyMap<string, Host>, name: string): Host {
  const host = hosts.get(name);
  if (host === undefined) throw new ProvisionError('INTERNAL', `no connection to ${name}`);
  return host;
}

export function machineOf(session: Session, name: string): MachineFacts {
  const machine = session.machines.get(name);
  if (machine === undefined) throw new ProvisionError('INTERNAL', `nobody asked what ${name} is`);
  return machine;
}
