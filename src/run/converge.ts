import { clocksAreApart, preflight } from '../checks/index.js';
import type { Finding, Node, Plan, RunOutcome, Secret } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { changesOf, type FactsByHost, planPresent, type Setting } from '../plan/index.js';
import { carryOut } from './lanes.js';
import { trustFor } from './living.js';
import { refuseOtherMembers } from './members.js';
import {
  gatherFacts,
  gatherOwned,
  hostOf,
  machineOf,
  openSession,
  type Session,
  type Surroundings,
  tryOut,
  unlessStopped,
} from './session.js';

export interface Prepared {
  readonly session: Session;
  readonly setting: Setting;
  readonly facts: FactsByHost;
  readonly findings: readonly Finding[];
  readonly plan: Plan;
}

export interface Report {
  readonly outcome: RunOutcome;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  /** Actions that were carried out (apply) or are pending (plan). */
  readonly changed: number;
  readonly failures: ReadonlyMap<string, ProvisionError>;
}

export interface ConvergeOptions {
  readonly targets: readonly Node[];
  /** Makes the super-admin's kubeconfig for API objects. */
  readonly kubeconfig: (setting: Setting) => Secret;
  /** Asked once, when there is something to do. False: nothing is touched. */
  readonly agree: (plan: Plan) => Promise<boolean>;
}

/** connect -> gather -> check -> plan. Changes nothing on any host. */
export async function prepare(around: Surroundings, options: ConvergeOptions, exclusive: boolean): Promise<Prepared> {
  const hosts = options.targets.map((node) => node.name);
  around.emit({ type: 'run-started', command: exclusive ? 'apply' : 'plan', cluster: around.cluster.name, hosts });
  const session = await openSession(around, options.targets, exclusive);
  try {
    await refuseClocks(around, session);
    // Both wait, one for hosts' disks and this machine's keys, the other for the network: neither for the other.
    const [{ setting, facts }, tried] = await unlessStopped(
      around,
      Promise.all([known(around, session), tryOut(around, session, 'fresh')]),
    );
    const findings = preflight(around.cluster, around.release, facts, 'apply', tried);
    around.emit({ type: 'checked', findings });
    const plan = planOf(around, options, setting, facts);
    around.emit({ type: 'planned', plan });
    return { session, setting, facts, findings, plan };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** No certificate is made for a new host while clocks are apart; a host of the cluster has its own already. All else that is wrong is told with it. */
async function refuseClocks(around: Surroundings, session: Session): Promise<void> {
  const isNew = session.targets.some(({ name }) => machineOf(session, name).owner === null);
  if (!isNew || !clocksAreApart(around.cluster, session.machines)) return;
  const [facts, tried] = await unlessStopped(
    around,
    Promise.all([gatherOwned(session), tryOut(around, session, 'fresh')]),
  );
  const findings = preflight(around.cluster, around.release, facts, 'apply', tried);
  around.emit({ type: 'checked', findings });
  refuse(findings);
}

async function known(around: Surroundings, session: Session): Promise<{ setting: Setting; facts: FactsByHost }> {
  await refuseOtherMembers(around, session);
  const trust = await trustFor(around, session);
  const setting: Setting = { cluster: around.cluster, release: around.release, trust, leader: session.leader };
  return { setting, facts: await gatherFacts(around, session, setting) };
}

function planOf(around: Surroundings, options: ConvergeOptions, setting: Setting, facts: FactsByHost): Plan {
  return planPresent({
    setting,
    steps: around.steps,
    nodes: options.targets,
    facts,
    circumstances: {
      newToken: () => setting.trust.newToken(),
      superAdminKubeconfig: () => options.kubeconfig(setting),
    },
  });
}

/** What `provision plan` does. */
export async function propose(around: Surroundings, options: ConvergeOptions): Promise<Report> {
  const { session, plan, findings } = await prepare(around, options, false);
  await session.close();
  const changed = changesOf(plan);
  return { outcome: changed > 0 ? 'would-change' : 'unchanged', plan, findings, changed, failures: new Map() };
}

/** What `provision apply` does: prepare -> (ask) -> carry out -> verify. */
export async function converge(around: Surroundings, options: ConvergeOptions): Promise<Report> {
  const startedMs = around.now();
  const report = await build(around, options);
  around.emit({ type: 'run-finished', outcome: report.outcome, changed: report.changed, ms: around.now() - startedMs });
  return report;
}

async function build(around: Surroundings, options: ConvergeOptions): Promise<Report> {
  const { session, setting, findings, plan } = await prepare(around, options, true);
  try {
    const changed = changesOf(plan);
    const report = { plan, findings, changed, failures: new Map<string, ProvisionError>() };
    if (changed === 0) return { ...report, outcome: 'unchanged' };
    refuse(findings);
    if (!(await options.agree(plan))) return { ...report, outcome: 'refused', changed: 0 };
    const { failures, done } = await carryOut(plan, session.hosts, around.emit, around.signal);
    if (failures.size > 0) return { ...report, outcome: endOf(failures), changed: done, failures };
    await verify(around, options, await afterBoots(session, plan), setting);
    return { ...report, outcome: 'changed' };
  } finally {
    await session.close();
  }
}

/** A run that only stopped because it was told to is interrupted; one in which something went wrong has failed. */
export const endOf = (failures: ReadonlyMap<string, ProvisionError>): 'interrupted' | 'failed' =>
  [...failures.values()].every((failure) => failure.code === 'INTERRUPTED') ? 'interrupted' : 'failed';

/** All findings were told; any error among them refuses the run, once. */
export function refuse(findings: readonly Finding[]): void {
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return;
  throw new ProvisionError(
    'PREFLIGHT',
    `${errors.length} preflight ${errors.length === 1 ? 'check' : 'checks'} refused; nothing was touched`,
    {
      said: errors.map((e) => `[${e.name}] ${e.host ?? 'cluster'}: ${e.message}\n    cure: ${e.cure}`).join('\n'),
      hint: 'mend what is named, or demote a finding you can live with: ignorePreflight: [<Name>] in the inventory',
    },
  );
}

/** A host that has booted is another machine in some ways: its kernel, and what that has. */
async function afterBoots(session: Session, plan: Plan): Promise<Session> {
  const booted = plan.stages.flatMap(({ hosts }) =>
    [...hosts].flatMap(([host, { actions }]) => (actions.some((action) => action.boot === true) ? [host] : [])),
  );
  if (booted.length === 0) return session;
  const seen = await Promise.all(
    booted.map(async (host) => [host, await hostOf(session.hosts, host).machine()] as const),
  );
  return { ...session, machines: new Map([...session.machines, ...seen]) };
}

/** The same question again: nothing may be left to do. */
async function verify(
  around: Surroundings,
  options: ConvergeOptions,
  session: Session,
  setting: Setting,
): Promise<void> {
  const facts = await gatherFacts(around, session, setting);
  const left = planOf(around, options, setting, facts);
  if (changesOf(left) === 0) return;
  const lines = left.stages.flatMap((stage) =>
    [...stage.hosts].flatMap(([host, { actions }]) =>
      actions.map((action) => `${host}: ${action.summary} (${action.because.join(', ')})`),
    ),
  );
  throw new ProvisionError('GATE', 'the hosts do not stay as they were made', {
    said: lines.join('\n'),
    hint: 'something else changes them back: look at what is named, then apply again',
  });
}
