import { createHash } from 'node:crypto';
import type { Action, Plan, Probe } from '../model/index.js';
import { Secret } from '../model/index.js';

/** What a plan says, in a shape that stays: two plans are the same work when their JSON is equal. No secrets in it. */
export interface PlanJson {
  readonly cluster: string;
  readonly goal: Plan['goal'];
  readonly stages: readonly {
    readonly step: string;
    readonly title: string;
    readonly after: readonly string[];
    readonly behind: readonly string[];
    readonly hosts: readonly {
      readonly host: string;
      readonly actions: readonly ActionJson[];
      readonly gates: readonly string[];
    }[];
  }[];
}

export interface ActionJson {
  readonly verb: Action['verb'];
  readonly key: string;
  readonly summary: string;
  readonly because: readonly string[];
  readonly via?: string;
  /** What should be true afterwards; long texts as `sha256:<hex>`, secrets as `«secret»`. */
  readonly resource?: unknown;
}

/** Past this length a text is its digest: a plan is read, not shipped. */
const LONGEST_TEXT = 256;

export const planJson = (plan: Plan): PlanJson => ({
  cluster: plan.cluster,
  goal: plan.goal,
  stages: plan.stages.map(({ step, title, after, behind, hosts }) => ({
    step,
    title,
    after,
    behind,
    hosts: [...hosts].map(([host, { actions, gates }]) => ({
      host,
      actions: actions.map(actionJson),
      gates: gates.map((gate: Probe) => gate.id),
    })),
  })),
});

export const actionJson = ({ verb, key, summary, because, via, resource }: Action): ActionJson => ({
  verb,
  key,
  summary,
  because,
  ...(via === undefined ? {} : { via }),
  ...(resource === undefined ? {} : { resource: plain(resource, '') }),
});

/** Keys in alphabetical order, so that equal things are equal texts. */
function plain(value: unknown, key: string): unknown {
  if (value instanceof Secret) return value.toJSON();
  if (typeof value === 'string') {
    const isContent = key === 'content' || value.length > LONGEST_TEXT;
    return isContent ? `sha256:${createHash('sha256').update(value).digest('hex')}` : value;
  }
  if (Array.isArray(value)) return value.map((inner) => plain(inner, ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, plain(inner, name)]),
  );
}
