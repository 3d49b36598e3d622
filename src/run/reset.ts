import { preflight } from '../checks/index.js';
import type { Node, Plan } from '../model/index.js';
import { isControlPlane, ProvisionError } from '../model/index.js';
import { changesOf, planAbsent } from '../plan/index.js';
import { FORGET, readResidue, residueQuestion } from '../resources/index.js';
import { endOf, type Report, refuse } from './converge.js';
import { carryOut } from './lanes.js';
import { gatherOwned, hostOf, openSession, type Session, type Surroundings, unlessStopped } from './session.js';

export interface ResetOptions {
  readonly targets: readonly Node[];
  readonly agree: (plan: Plan) => Promise<boolean>;
}

/** Takes back everything that provision owns on the targets, then looks for what is left. Total: also on a half-installed host. */
export async function reset(around: Surroundings, options: ResetOptions): Promise<Report> {
  const startedMs = around.now();
  const hosts = options.targets.map((node) => node.name);
  around.emit({ type: 'run-started', command: 'reset', cluster: around.cluster.name, hosts });
  const report = await takeBack(around, options);
  around.emit({ type: 'run-finished', outcome: report.outcome, changed: report.changed, ms: around.now() - startedMs });
  return report;
}

async function takeBack(around: Surroundings, options: ResetOptions): Promise<Report> {
  const session = await openSession(around, options.targets, true);
  try {
    const facts = await unlessStopped(around, gatherOwned(session));
    const findings = preflight(around.cluster, around.release, facts, 'reset');
    around.emit({ type: 'checked', findings });
    refuse(findings);
    const survivor = survivorOf(session, around, options.targets);
    const plan = planAbsent({
      cluster: around.cluster,
      release: around.release,
      nodes: options.targets,
      facts,
      survivor,
    });
    around.emit({ type: 'planned', plan });
    const changed = changesOf(plan);
    const report = { plan, findings, changed, failures: new Map<string, ProvisionError>() };
    if (changed > 0 && !(await options.agree(plan))) return { ...report, outcome: 'refused', changed: 0 };
    const { failures, done } = await carryOut(plan, session.hosts, around.emit, around.signal);
    if (failures.size > 0) return { ...report, outcome: endOf(failures), changed: done, failures };
    await scanResidue(session, options.targets);
    return { ...report, outcome: changed > 0 ? 'changed' : 'unchanged' };
  } finally {
    await session.close();
  }
}

/** A control plane that stays and belongs to a living cluster. */
function survivorOf(session: Session, around: Surroundings, targets: readonly Node[]): string | null {
  const staying = around.cluster.nodes.filter((node) => isControlPlane(node) && !targets.includes(node));
  return staying.find((node) => session.machines.get(node.name)?.clusterCa)?.name ?? null;
}

/** The ledger is empty now: its folder goes, and nothing of Kubernetes may be left. */
async function scanResidue(session: Session, targets: readonly Node[]): Promise<void> {
  const left: string[] = [];
  await Promise.all(
    targets.map(async (node) => {
      const host = hostOf(session.hosts, node.name);
      const residue = readResidue(await host.ask(`${FORGET}\n${residueQuestion()}`));
      left.push(...residue.map((line) => `${node.name}: ${line}`));
    }),
  );
  if (left.length === 0) return;
  throw new ProvisionError('GATE', 'reset has left something behind', {
    said: left.sort().join('\n'),
    hint: 'run reset again; what stays was not made by provision, or is a bug: please report it with these lines',
  });
}
