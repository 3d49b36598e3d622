import { describe, expect, test } from '@jest/globals';
import { type Resource, Secret } from '../../../src/model/index.js';
import { planJson, planText } from '../../../src/report/index.js';
import { action, POISON, planOf } from './scene.js';

const plain = { colour: false };
const file = (content: string | Secret): Resource => ({ kind: 'file', path: '/etc/a', mode: 0o644, content });

describe('planText', () => {
  const write = action({ diff: '+one\n+two' });
  const change = action({
    verb: '~',
    key: 'file /etc/b',
    summary: 'write /etc/b',
    because: ['content differs', 'mode 0600 -> 0644'],
    diff: ' same\n-old\n+new\n…',
  });
  const restart = action({
    verb: '!',
    key: 'unit kubelet.service',
    summary: 'restart kubelet.service',
    because: ['its inputs changed'],
    via: 'h1',
  });
  const plan = planOf({
    prepare: { h1: [write, change], h2: [write, change], h3: [write] },
    kubelet: { h2: [restart] },
  });

  test('folds hosts with the same work, shows differences of what is there, sums up', () => {
    expect(planText(plan, plain)).toBe(`Do prepare (prepare)
  h1, h2
    + write /etc/a
    ~ write /etc/b
        because content differs
        because mode 0600 -> 0644
         same
        -old
        +new
        …
  h3
    + write /etc/a

Do kubelet (kubelet)
  h2
    ! restart kubelet.service (by h1)
        because its inputs changed

Plan: 3 to add, 2 to change, 1 to run, 0 to remove on 3 hosts.`);
  });

  test('says more when asked: what is new, and why', () => {
    const text = planText(planOf({ prepare: { h1: [write] } }), { colour: false, verbose: true });
    expect(text).toContain('    + write /etc/a\n        because it is not there\n        +one\n        +two');
  });

  test('cuts a long difference and says by how much', () => {
    const long = action({ verb: '~', diff: Array.from({ length: 30 }, (_, i) => `+line ${i}`).join('\n') });
    const text = planText(planOf({ prepare: { h1: [long] } }), plain);
    expect(text).toContain('+line 23\n        … 6 more lines (--verbose shows them)');
    expect(planText(planOf({ prepare: { h1: [long] } }), { colour: false, verbose: true })).toContain('+line 29');
  });

  test('does not say that a host does its own work', () => {
    expect(planText(planOf({ kubelet: { h1: [restart] } }), plain)).not.toContain('(by h1)');
  });

  test('an empty plan is one sentence', () => {
    expect(planText(planOf({}), plain)).toBe('Nothing to do: the hosts are as the inventory says.');
    expect(planText(planOf({}, { goal: 'absent' }), plain)).toMatch(/^Nothing to remove/);
  });

  test('a stage with gates only is not shown, nor is its host counted', () => {
    const text = planText(planOf({ gates: { h2: [] }, prepare: { h1: [write] } }), plain);
    expect(text).not.toContain('Do gates');
    expect(text).toMatch(/on 1 host\.$/);
  });

  test('colours verbs and differences, and only when asked', () => {
    const text = planText(plan, { colour: true });
    expect(text).toContain('\u001b[32m    + write /etc/a\u001b[39m');
    expect(text).toContain('\u001b[31m        -old\u001b[39m');
    expect(planText(plan, plain)).not.toContain('\u001b');
  });
});

describe('planJson', () => {
  const jsonOf = (content: string | Secret): string =>
    JSON.stringify(planJson(planOf({ prepare: { h1: [action({ resource: file(content) })] } })));

  test('holds contents as digests and secrets not at all', () => {
    const said = jsonOf('hello');
    expect(said).toContain('"content":"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"');
    expect(said).not.toContain('hello');
    expect(jsonOf(new Secret(POISON))).toContain('"content":"«secret»"');
  });

  test('leaves out what was made for one run: tokens and the answers decided on', () => {
    const one = planJson(planOf({ join: { h1: [action({ secret: new Secret(POISON), before: { at: 1 } })] } }));
    const other = planJson(planOf({ join: { h1: [action({ secret: new Secret('other'), before: { at: 2 } })] } }));
    expect(one).toEqual(other);
    expect(JSON.stringify(one)).not.toContain('secret');
  });

  test('is equal for equal work whatever the order of keys, and differs with the content', () => {
    const turned: Resource = { content: 'hello', mode: 0o644, path: '/etc/a', kind: 'file' };
    const other = JSON.stringify(planJson(planOf({ prepare: { h1: [action({ resource: turned })] } })));
    expect(other).toBe(jsonOf('hello'));
    expect(jsonOf('hello!')).not.toBe(jsonOf('hello'));
  });
});
