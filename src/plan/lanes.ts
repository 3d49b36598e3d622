import type { Action, Plan, Probe } from '../model/index.js';

/** Work that one host does in one go: consecutive stages between which nobody has to wait for anybody. */
export interface Segment {
  /** Steps that must be done everywhere before this begins. */
  readonly after: readonly string[];
  /** Steps that have to be over everywhere, done or failed, before this begins. */
  readonly behind: readonly string[];
  readonly steps: readonly {
    readonly step: string;
    readonly title: string;
    readonly work: readonly (Action | Probe)[];
  }[];
}

/** Host -> its segments, in order. Barriers stand only where a step names another in `after` or `behind`. */
export function lanesOf(plan: Plan): ReadonlyMap<string, readonly Segment[]> {
  const present = new Set(plan.stages.map((stage) => stage.step));
  const lanes = new Map<string, Segment[]>();
  for (const stage of plan.stages) {
    for (const [host, { actions, gates }] of stage.hosts) {
      const lane = lanes.get(host) ?? [];
      lanes.set(host, lane);
      const after = stage.after.filter((step) => present.has(step));
      const behind = stage.behind.filter((step) => present.has(step));
      const part = { step: stage.step, title: stage.title, work: [...actions, ...gates] };
      const last = lane.at(-1);
      if (last === undefined || after.length + behind.length > 0) lane.push({ after, behind, steps: [part] });
      else lane[lane.length - 1] = { ...last, steps: [...last.steps, part] };
    }
  }
  return lanes;
}

export const changesOf = (plan: Plan): number =>
  plan.stages.reduce(
    (sum, stage) => sum + [...stage.hosts.values()].reduce((n, host) => n + host.actions.length, 0),
    0,
  );
