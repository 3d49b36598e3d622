import { describe, expect, test } from '@jest/globals';
import { memoryHost } from '../../../src/host/index.js';
import type { FileResource, Plan, Step } from '../../../src/model/index.js';
import { Secret } from '../../../src/model/index.js';
import { changesOf, lanesOf, planAbsent, planPresent, resourcesOf, wishesFor } from '../../../src/plan/index.js';
import { aCluster, aMachine, aNode, aSetting, aStep, circumstances } from '../../support/scene.js';

const file = (path: string, content: string | Secret = path): FileResource => ({
  kind: 'file',
  path,
  mode: 0o644,
  content,
});
const node = aNode('h1', { roles: ['control-plane'] });
const cluster = aCluster([node]);
const setting = aSetting(cluster);
const machine = aMachine();
const steps: readonly Step[] = [
  aStep('system', () => [file('/etc/a'), file('/etc/b')]),
  aStep('runtime', () => [file('/etc/c'), file('/etc/key', new Secret('hush'))]),
];

async function planFor(host: ReturnType<typeof memoryHost>, list = steps): Promise<Plan> {
  const facts = await host.gather(machine, resourcesOf(wishesFor(list, setting, node, machine)));
  return planPresent({ setting, steps: list, nodes: [node], facts: new Map([['h1', facts]]), circumstances });
}

async function carryOut(host: ReturnType<typeof memoryHost>, plan: Plan): Promise<void> {
  for (const segment of lanesOf(plan).get('h1') ?? [])
    await host.apply(
      segment.steps.flatMap((s) => s.work),
      () => {},
    );
}

const bareHost = () => memoryHost('h1', machine, () => null);

describe('planPresent', () => {
  test('a bare host gets every resource, in the order of the list', async () => {
    const plan = await planFor(bareHost());
    expect(plan.stages.map((s) => [s.step, s.hosts.get('h1')?.actions.map((a) => `${a.verb} ${a.key}`)])).toEqual([
      ['system', ['+ file /etc/a', '+ file /etc/b']],
      ['runtime', ['+ file /etc/c', '+ file /etc/key']],
    ]);
  });

  test('after it was carried out, nothing is left to do', async () => {
    const host = bareHost();
    await carryOut(host, await planFor(host));
    expect(changesOf(await planFor(host))).toBe(0);
  });

  test('cut before any action and run again: same end, nothing done twice', async () => {
    const whole = bareHost();
    await carryOut(whole, await planFor(whole));
    for (let k = 0; k < whole.done.length; k++) {
      const host = bareHost();
      host.breakAfter = k;
      await expect(carryOut(host, await planFor(host))).rejects.toThrow('the line was cut');
      await carryOut(host, await planFor(host));
      expect(host.answers).toEqual(whole.answers);
      expect(host.done.map((a) => a.key)).toEqual(whole.done.map((a) => a.key));
    }
  });

  test('drift is found as exactly what drifted', async () => {
    const host = bareHost();
    await carryOut(host, await planFor(host));
    host.answers.set('file /etc/b', { sha256: 'other', mode: 0o600, owner: 'root:root', content: 'old\n' });
    const plan = await planFor(host);
    expect(plan.stages).toHaveLength(1);
    const [action, ...others] = plan.stages[0]?.hosts.get('h1')?.actions ?? [];
    expect(others).toEqual([]);
    expect(action).toMatchObject({ verb: '~', key: 'file /etc/b', because: ['content differs', 'mode 0600 -> 0644'] });
    expect(action?.diff).toBe('-old\n+/etc/b');
  });

  test('what no step wants any more is taken back, newest first', async () => {
    const host = bareHost();
    await carryOut(host, await planFor(host));
    const plan = await planFor(host, [steps[1] as Step]);
    expect(plan.stages.map((s) => s.step)).toEqual(['retire']);
    expect(plan.stages[0]?.hosts.get('h1')?.actions.map((a) => a.key)).toEqual(['file /etc/b', 'file /etc/a']);
  });

  test('what a host lives by is not taken away because no step asks for it: a node that got another name keeps running', async () => {
    const host = bareHost();
    const lives = { order: 1, former: null, resource: { unit: 'kubelet.service' } };
    for (const key of ['kubelet-identity old-name', 'pods host', 'traces etcd'])
      host.ledger.set(key, { ...lives, key, kind: key.split(' ')[0] as 'pods' });
    host.ledger.set('file /etc/old', { ...lives, key: 'file /etc/old', kind: 'file', resource: { path: '/etc/old' } });
    const plan = await planFor(host);
    const retired = plan.stages.find((s) => s.step === 'retire')?.hosts.get('h1')?.actions;
    expect(retired?.map((a) => a.key)).toEqual(['file /etc/old']);
  });

  test('two owners of one thing are refused by name', () => {
    const twice = [...steps, aStep('again', () => [file('/etc/a')])];
    expect(() => wishesFor(twice, setting, node, machine)).toThrow(
      'steps system and again both declare file /etc/a on h1',
    );
  });

  test('a resource that was never asked about is an error, not an absence', async () => {
    const facts = await bareHost().gather(machine, []);
    expect(() => facts.answer(file('/etc/a'))).toThrow('nobody asked h1 about file /etc/a');
  });

  test('a secret shows neither in the plan nor in its difference', async () => {
    const plan = await planFor(bareHost());
    expect(JSON.stringify([...(plan.stages[1]?.hosts ?? [])])).not.toContain('hush');
  });
});

describe('planAbsent', () => {
  const release = { kubectl: { deleteEmptyDirData: '--delete-emptydir-data' } };
  test('absent after present is the host as it was, newest first; again it is empty', async () => {
    const host = bareHost();
    host.answers.set('file /etc/b', { sha256: 'theirs', mode: 0o640, owner: 'root:root' });
    const before = new Map(host.answers);
    await carryOut(host, await planFor(host));
    const goAway = async (): Promise<Plan> =>
      planAbsent({
        cluster,
        release,
        nodes: [node],
        facts: new Map([['h1', await host.gather(machine, [])]]),
        survivor: null,
      });
    const plan = await goAway();
    expect(plan.stages[0]?.hosts.get('h1')?.actions.map((a) => a.summary)).toEqual([
      'remove /etc/key',
      'remove /etc/c',
      'restore /etc/b',
      'remove /etc/a',
    ]);
    await carryOut(host, plan);
    expect(host.answers.get('file /etc/b')).toEqual(before.get('file /etc/b'));
    expect([...host.answers].filter(([key, answer]) => key !== 'file /etc/b' && answer !== null)).toEqual([]);
    expect(changesOf(await goAway())).toBe(0);
  });
});

describe('lanesOf', () => {
  const plan: Plan = {
    cluster: 'test',
    goal: 'present',
    stages: [
      {
        step: 'a',
        title: 'A',
        after: [],
        behind: [],
        hosts: new Map([
          ['h1', { actions: [], gates: [] }],
          ['h2', { actions: [], gates: [] }],
        ]),
      },
      { step: 'b', title: 'B', after: [], behind: [], hosts: new Map([['h1', { actions: [], gates: [] }]]) },
      {
        step: 'c',
        title: 'C',
        after: ['b', 'gone'],
        behind: ['a', 'gone'],
        hosts: new Map([['h2', { actions: [], gates: [] }]]),
      },
    ],
  };

  test('stages travel together until one has to wait for another host', () => {
    const lanes = lanesOf(plan);
    expect(lanes.get('h1')?.map((s) => [s.after, s.behind, s.steps.map((p) => p.step)])).toEqual([
      [[], [], ['a', 'b']],
    ]);
    expect(lanes.get('h2')?.map((s) => [s.after, s.behind, s.steps.map((p) => p.step)])).toEqual([
      [[], [], ['a']],
      [['b'], ['a'], ['c']],
    ]);
  });
});
