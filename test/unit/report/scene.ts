import type { Action, HostStage, Plan, Probe } from '../../../src/model/index.js';

export const POISON = 'hunter2-POISON-hunter2';

export const action = (over: Partial<Action> = {}): Action => ({
  verb: '+',
  key: 'file /etc/a',
  kind: 'file',
  summary: 'write /etc/a',
  because: ['it is not there'],
  order: 1,
  before: null,
  ...over,
});

export const gate: Probe = {
  id: 'api-up',
  title: 'the API server answers',
  command: ['curl', 'https://192.0.2.11:6443/readyz'],
  expect: '^ok$',
  within: 120,
  hint: 'look at its log',
};

/** Step -> host -> actions; a gate at the end of each where asked. */
export function planOf(
  steps: Readonly<Record<string, Readonly<Record<string, readonly Action[]>>>>,
  over: Partial<Plan> = {},
): Plan {
  return {
    cluster: 'lab',
    goal: 'present',
    stages: Object.entries(steps).map(([step, hosts]) => ({
      step,
      title: `Do ${step}`,
      after: [],
      behind: [],
      hosts: new Map(
        Object.entries(hosts).map(([host, actions]): [string, HostStage] => [host, { actions, gates: [] }]),
      ),
    })),
    ...over,
  };
}
