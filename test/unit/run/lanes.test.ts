import { describe, expect, test } from '@jest/globals';
import { memoryHost } from '../../../src/host/index.js';
import type { Action, Event, Host, Plan } from '../../../src/model/index.js';
import { carryOut } from '../../../src/run/lanes.js';
import { aMachine } from '../../support/scene.js';

const action = (path: string, via?: string): Action => ({
  verb: '+',
  key: `file ${path}`,
  kind: 'file',
  summary: `write ${path}`,
  because: [],
  resource: { kind: 'file', path, mode: 0o644, content: path },
  order: 0,
  before: null,
  via,
});
const stage = (
  step: string,
  hosts: Record<string, readonly Action[]>,
  after: readonly string[] = [],
  behind: readonly string[] = [],
): Plan['stages'][number] => ({
  step,
  title: step,
  after,
  behind,
  hosts: new Map(Object.entries(hosts).map(([host, actions]) => [host, { actions, gates: [] }])),
});
const plan = (...stages: Plan['stages']): Plan => ({ cluster: 'test', goal: 'present', stages });

function rig(names: readonly string[]) {
  const log: string[] = [];
  const hosts = new Map<string, Host & ReturnType<typeof memoryHost>>();
  for (const name of names) {
    const host = memoryHost(name, aMachine(), () => null);
    const apply = host.apply.bind(host);
    hosts.set(
      name,
      Object.assign(host, {
        apply: async (...args: Parameters<Host['apply']>) => {
          log.push(`${name}: ${args[0].map((item) => ('key' in item ? item.key : item.id)).join(', ')}`);
          await new Promise((resolve) => setTimeout(resolve, name === 'slow' ? 5 : 0));
          return apply(...args);
        },
      }),
    );
  }
  const events: Event[] = [];
  const stop = new AbortController();
  const run = (p: Plan) => carryOut(p, hosts, (event) => events.push(event), stop.signal);
  return { log, hosts, events, run, stop };
}

describe('carryOut', () => {
  test('a host without barriers gets one script for all its stages', async () => {
    const { log, run } = rig(['h1']);
    const { failures, done } = await run(plan(stage('a', { h1: [action('/1')] }), stage('b', { h1: [action('/2')] })));
    expect([failures.size, done]).toEqual([0, 2]);
    expect(log).toEqual(['h1: file /1, file /2']);
  });

  test('a step waits for the step it names, on every host, and for nothing else', async () => {
    const { log, run } = rig(['slow', 'h2']);
    await run(
      plan(stage('a', { slow: [action('/a')], h2: [action('/b')] }), stage('join', { h2: [action('/c')] }, ['a'])),
    );
    expect(log).toEqual(['slow: file /a', 'h2: file /b', 'h2: file /c']);
  });

  test('what is done via another host is done there, in the order of the lane', async () => {
    const { log, run, hosts } = rig(['leader', 'h2']);
    await run(
      plan(stage('join', { h2: [action('token', 'leader'), action('/join'), action('token-away', 'leader')] })),
    );
    expect(log).toEqual(['leader: file token', 'h2: file /join', 'leader: file token-away']);
    expect(hosts.get('leader')?.ledger.size).toBe(0);
  });

  test('a host that fails stops those that need it, by name, and harms no other', async () => {
    const { run, hosts } = rig(['h1', 'h2', 'h3']);
    const bad = hosts.get('h1');
    if (bad) bad.breakAfter = 0;
    const { failures } = await run(
      plan(
        stage('api', { h1: [action('/api')], h3: [action('/x')] }),
        stage('join', { h2: [action('/join')] }, ['api']),
        stage('end', { h3: [action('/y')] }),
      ),
    );
    expect(failures.get('h1')).toMatchObject({ code: 'UNREACHABLE', message: 'the line was cut' });
    expect(failures.get('h2')).toMatchObject({ message: 'not begun, because h1 did not finish api' });
    expect(failures.has('h3')).toBe(false);
    expect(hosts.get('h3')?.done).toHaveLength(2);
  });

  test('what comes behind others waits until all of them are over, and no failure is its own', async () => {
    const { log, run, hosts } = rig(['leader', 'broken', 'slow']);
    const broken = hosts.get('broken');
    if (broken) broken.breakAfter = 0;
    const { failures } = await run(
      plan(
        stage('api', { leader: [action('/api')] }),
        stage('join', { broken: [action('/b')], slow: [action('/s')] }, ['api']),
        stage('names', { leader: [action('/n')] }, [], ['join']),
      ),
    );
    expect([...failures.keys()]).toEqual(['broken']);
    expect(log).toEqual(['leader: file /api', 'broken: file /b', 'slow: file /s', 'leader: file /n']);
    expect(hosts.get('slow')?.done).toHaveLength(1);
    expect(hosts.get('leader')?.done).toHaveLength(2);
  });

  test('after Ctrl-C what runs is finished and nothing new begins', async () => {
    const { log, run, stop } = rig(['slow', 'h2']);
    const running = run(plan(stage('a', { slow: [action('/a')] }), stage('b', { slow: [action('/b')] }, ['a'])));
    stop.abort();
    const { failures, done } = await running;
    expect(failures.get('slow')?.code).toBe('INTERRUPTED');
    expect([log.length, done]).toEqual([0, 0]);
  });

  test('a stop in the middle of a script finishes the action, names it, and holds back whoever waits for the rest', async () => {
    const { hosts, run, stop, events } = rig(['h1', 'h2']);
    const h1 = hosts.get('h1');
    const apply = h1?.apply.bind(h1);
    if (h1 && apply) {
      h1.apply = (work, listen, signal) =>
        apply(
          work,
          (event) => {
            listen(event);
            if (event.type === 'started' && event.index === 1) stop.abort();
          },
          signal,
        );
    }
    const { failures, done } = await run(
      plan(
        stage('a', { h1: [action('/1'), action('/2'), action('/3')] }),
        stage('join', { h2: [action('/join')] }, ['a']),
      ),
    );
    expect(done).toBe(2);
    expect(h1?.done.map(({ key }) => key)).toEqual(['file /1', 'file /2']);
    expect([...failures].map(([host, { code }]) => `${host} ${code}`)).toEqual(['h1 INTERRUPTED', 'h2 INTERRUPTED']);
    expect(events.flatMap((event) => (event.type === 'note' ? [event.text] : []))).toEqual([
      'stopping (once more: at once) after h1: write /2',
    ]);
  });

  test('one host restarts at a time, alone in its script, while others go on with what needs no boot', async () => {
    const { hosts, run } = rig(['h1', 'h2', 'h3']);
    const log: string[] = [];
    for (const [name, host] of hosts) {
      const apply = host.apply.bind(host);
      host.apply = async (work, ...rest) => {
        const what = work.map((item) => ('key' in item ? item.key : item.id)).join(', ');
        log.push(`${name} begins ${what}`);
        if (what === 'file boot') await new Promise((resolve) => setTimeout(resolve, 5));
        await apply(work, ...rest);
        log.push(`${name} ends ${what}`);
      };
    }
    const boot: Action = { ...action('boot'), boot: true };
    const lane = [action('/a'), boot, action('/b'), action('/c')];
    const { failures, done } = await run(plan(stage('kernel', { h1: lane, h2: lane, h3: [action('/x')] })));
    expect([failures.size, done]).toEqual([0, 9]);
    const at = (line: string): number => log.indexOf(line);
    expect(at('h2 begins file boot')).toBeGreaterThan(at('h1 ends file boot'));
    expect(at('h2 ends file /a')).toBeLessThan(at('h1 ends file boot'));
    expect(log).toContain('h1 begins file /b, file /c');
  });

  test('a host that does not come back keeps the others from going', async () => {
    const { hosts, run } = rig(['h1', 'h2']);
    const h1 = hosts.get('h1');
    if (h1) h1.breakAfter = 0;
    const boot: Action = { ...action('boot'), boot: true };
    const { failures } = await run(plan(stage('kernel', { h1: [boot], h2: [boot] })));
    expect(failures.get('h1')?.message).toBe('the line was cut');
    expect(failures.get('h2')?.message).toBe('not rebooted, because h1 did not get through its own reboot');
    expect(hosts.get('h2')?.done).toEqual([]);
  });

  test('after Ctrl-C nobody else restarts', async () => {
    const { hosts, run, stop } = rig(['h1', 'h2']);
    const h1 = hosts.get('h1');
    const apply = h1?.apply.bind(h1);
    if (h1 && apply) {
      h1.apply = (work, listen) =>
        apply(work, (event) => {
          listen(event);
          if (event.type === 'started') stop.abort();
        });
    }
    const boot: Action = { ...action('boot'), boot: true };
    const { failures, done } = await run(plan(stage('kernel', { h1: [boot], h2: [boot] })));
    expect([done, [...failures].map(([host, { code }]) => `${host} ${code}`)]).toEqual([1, ['h2 INTERRUPTED']]);
  });

  test('every action is told when it starts and when it is done', async () => {
    const { events, run } = rig(['h1']);
    await run(plan(stage('a', { h1: [action('/1'), action('/2')] })));
    expect(events.map((event) => event.type)).toEqual([
      'stage-started',
      'action-started',
      'action-done',
      'action-started',
      'action-done',
      'stage-done',
    ]);
  });
});
