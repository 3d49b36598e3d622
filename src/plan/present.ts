import type { Action, Facts, HostStage, LedgerEntry, Node, Plan, Stage, Step } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { type Circumstances, kindOf } from '../resources/index.js';
import { type FactsByHost, type Setting, sceneOf, type Wish, wishesFor } from './scene.js';

export interface PresentInput {
  readonly setting: Setting;
  readonly steps: readonly Step[];
  readonly nodes: readonly Node[];
  readonly facts: FactsByHost;
  readonly circumstances: Circumstances;
}

/** What is missing on every node, stage by stage. Empty when all is true already. */
export function planPresent(input: PresentInput): Plan {
  const wishes = new Map(input.nodes.map((node) => [node.name, wishesOf(input, node)]));
  const lanes = new Map(input.nodes.map((node) => [node.name, laneOf(input, node, wishes.get(node.name) ?? [])]));
  const stages: Stage[] = [];
  for (const step of input.steps) {
    const hosts = new Map<string, HostStage>();
    for (const node of input.nodes) {
      const actions = lanes.get(node.name)?.get(step.id) ?? [];
      if (actions.length === 0) continue;
      const machine = factsOf(input.facts, node.name).machine;
      hosts.set(node.name, { actions, gates: step.gates?.(sceneOf(input.setting, node, machine)) ?? [] });
    }
    if (hosts.size > 0) {
      const { id, title, after = [], behind = [] } = step;
      stages.push({ step: id, title, after, behind, hosts });
    }
  }
  const retired = retirements(input, wishes);
  return {
    cluster: input.setting.cluster.name,
    goal: 'present',
    stages: retired.hosts.size > 0 ? [...stages, retired] : stages,
  };
}

const wishesOf = ({ steps, setting, facts }: PresentInput, node: Node): readonly Wish[] =>
  wishesFor(steps, setting, node, factsOf(facts, node.name).machine);

/** Step id -> what the host has to do in it. */
function laneOf(input: PresentInput, node: Node, wishes: readonly Wish[]): ReadonlyMap<string, readonly Action[]> {
  const facts = factsOf(input.facts, node.name);
  const lane = new Map<string, Action[]>();
  for (const wish of wishes) {
    const actions = actionsFor(wish, facts, input);
    lane.set(wish.step.id, [...(lane.get(wish.step.id) ?? []), ...actions]);
  }
  return lane;
}

function actionsFor(wish: Wish, facts: Facts, input: PresentInput): readonly Action[] {
  const before = facts.answer<unknown>(wish.resource);
  const drafts = kindOf(wish.resource.kind).appear(wish.resource, before, input.circumstances);
  return drafts.map((draft) => ({
    ...draft,
    via: draft.via === 'leader' ? input.setting.leader : undefined,
    key: wish.key,
    kind: wish.resource.kind,
    resource: wish.resource,
    order: wish.order,
    before,
  }));
}

/** What provision once made and no step wants any more, newest first; what the host lives by goes with the host only. */
function retirements(input: PresentInput, wishes: ReadonlyMap<string, readonly Wish[]>): Stage {
  const hosts = new Map<string, HostStage>();
  for (const node of input.nodes) {
    const wanted = new Set(wishes.get(node.name)?.map((wish) => wish.key));
    const unwanted = factsOf(input.facts, node.name).ledger.filter(
      ({ key, kind }) => !wanted.has(key) && kindOf(kind).ledger?.byResetOnly !== true,
    );
    const actions = backwards(unwanted).map(removal);
    if (actions.length > 0) hosts.set(node.name, { actions, gates: [] });
  }
  return { step: 'retire', title: 'Take back what is no longer wanted', after: [], behind: [], hosts };
}

export const backwards = (ledger: readonly LedgerEntry[]): readonly LedgerEntry[] =>
  [...ledger].sort((a, b) => b.order - a.order);

export function removal(entry: LedgerEntry): Action {
  const keeping = kindOf(entry.kind).ledger;
  if (keeping === undefined)
    throw new ProvisionError('INTERNAL', `the ledger holds ${entry.key}, which is never given back`);
  return {
    ...keeping.vanish(entry),
    verb: '-',
    via: undefined,
    key: entry.key,
    kind: entry.kind,
    order: entry.order,
    entry,
    before: entry.former,
  };
}

export function factsOf(facts: FactsByHost, host: string): Facts {
  const found = facts.get(host);
  if (found === undefined) throw new ProvisionError('INTERNAL', `no facts were gathered from ${host}`);
  return found;
}
