import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Event, Secret } from '../../../src/model/index.js';
import { eventLine, everyListener, journal, lines, tree } from '../../../src/report/index.js';
import { action, gate, POISON, planOf } from './scene.js';

const write = action({
  resource: { kind: 'file', path: '/etc/a', mode: 0o600, content: new Secret(POISON) },
  secret: new Secret(POISON),
});
const plan = planOf({ prepare: { h1: [write], 'host-2': [write] }, kubelet: { h1: [write], 'host-2': [write] } });
const RUN: readonly Event[] = [
  { type: 'run-started', command: 'apply', cluster: 'lab', hosts: ['h1', 'host-2'] },
  { type: 'connected', host: 'h1', ms: 40 },
  { type: 'checked', findings: [{ name: 'Swap', severity: 'warning', host: 'h1', message: 'm', cure: 'c' }] },
  { type: 'planned', plan },
  { type: 'stage-started', host: 'h1', step: 'prepare', title: 'Prepare' },
  { type: 'action-started', host: 'h1', step: 'prepare', action: write },
  { type: 'action-done', host: 'h1', step: 'prepare', action: write, ms: 4100 },
  { type: 'action-done', host: 'h1', step: 'prepare', action: gate, ms: 70_000 },
  { type: 'stage-done', host: 'h1', step: 'prepare', ms: 4100 },
  {
    type: 'action-failed',
    host: 'host-2',
    step: 'prepare',
    action: write,
    output: 'no\u001b[2J space\ntoken abcdef.0123456789abcdef',
  },
  { type: 'host-failed', host: 'host-2', message: 'could not write /etc/a' },
  { type: 'run-finished', outcome: 'failed', changed: 1, ms: 12_340 },
];

/** A clock that goes on 1.1 s with every look. */
const ticking = (): (() => number) => {
  let ms = Date.UTC(2026, 0, 2, 3, 4, 5) - 1100;
  return () => {
    ms += 1100;
    return ms;
  };
};

describe('lines', () => {
  const transcript = (verbose: boolean): string => {
    let text = '';
    const listen = lines({ write: (more) => (text += more), now: ticking(), colour: false, verbose });
    for (const event of RUN) listen(event);
    return text;
  };

  test('one line for each thing done, with host, step and duration', () => {
    expect(transcript(false)).toBe(`[  1.1s]         apply lab on 2 hosts
[  2.2s]         preflight: 1 warning (Swap)
[  3.3s] h1      prepare: write /etc/a … 4.1s
[  4.4s] h1      prepare: the API server answers … 1m10s
[  5.5s] host-2  ✖ prepare: write /etc/a … failed
[  6.6s] host-2  ✖ could not write /etc/a
[  7.7s]         failed: 1 change in 12.3s
`);
  });

  test('the output of what failed when asked, harmless and without tokens', () => {
    const text = transcript(true);
    expect(text).toContain('h1      connected … 0.0s');
    expect(text).toContain('no space');
    expect(text).toContain('token «secret»');
  });
});

describe('eventLine', () => {
  test('every event is one line of JSON without a secret in it', () => {
    const now = ticking();
    const told = RUN.map((event) => eventLine(event, now()));
    const events = told.map((line) => JSON.parse(line) as { at: string; type: string; action?: { summary: string } });
    expect(events.map((event) => event.type)).toEqual(RUN.map((event) => event.type));
    expect(events[0]?.at).toBe('2026-01-02T03:04:05.000Z');
    expect(events[6]?.action).toEqual({
      verb: '+',
      key: 'file /etc/a',
      summary: 'write /etc/a',
      because: ['it is not there'],
    });
    expect(told.filter((line) => line.includes('\n'))).toEqual([]);
    expect(told.join('')).not.toContain(POISON);
    expect(told.join('')).not.toContain('0123456789abcdef');
  });
});

describe('journal', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('keeps each run in a file of its own, for its owner only', () => {
    const inside = join(folder, 'journal');
    const listen = journal({ folder: inside, now: ticking() });
    expect(() => statSync(inside)).toThrow();
    for (const event of RUN) listen(event);
    expect(readdirSync(inside)).toEqual(['2026-01-02T03-04-05.000Z.jsonl']);
    const file = join(inside, '2026-01-02T03-04-05.000Z.jsonl');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(inside).mode & 0o777).toBe(0o700);
    const text = readFileSync(file, 'utf8');
    expect(text.trimEnd().split('\n')).toHaveLength(RUN.length);
    expect(text).not.toContain(POISON);
  });

  test('refuses a run that it cannot write down', () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, '');
    const listen = journal({ folder: join(blocked, 'journal'), now: ticking() });
    expect(() => listen({ type: 'note', text: 'x' })).toThrow('cannot begin the journal');
  });

  test('falls silent when it breaks in the middle, and lets the run go on', () => {
    const listen = journal({ folder: join(folder, 'journal'), now: ticking() });
    listen({ type: 'note', text: 'one' });
    rmSync(join(folder, 'journal'), { recursive: true });
    expect(() => listen({ type: 'note', text: 'two' })).not.toThrow();
  });
});

describe('tree', () => {
  test('each line ends as its host did; what nobody began is not done', async () => {
    const drawn = tree({ renderer: 'silent' });
    for (const event of RUN) drawn.listen(event);
    await drawn.end();
    expect(Object.fromEntries(drawn.endings())).toEqual({
      'prepare h1': 'done',
      'prepare host-2': 'failed',
      'kubelet h1': 'skipped',
      'kubelet host-2': 'skipped',
    });
  });

  test('draws nothing, and ends, when no stage begins', async () => {
    const drawn = tree({ renderer: 'silent' });
    drawn.listen({ type: 'planned', plan });
    expect([...drawn.endings().values()]).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
    await drawn.end();
    await tree({ renderer: 'silent' }).end();
  });

  test('a late event about a settled line changes nothing', async () => {
    const drawn = tree({ renderer: 'silent' });
    for (const event of RUN) drawn.listen(event);
    drawn.listen({ type: 'stage-done', host: 'host-2', step: 'prepare', ms: 1 });
    drawn.listen({ type: 'stage-done', host: 'stranger', step: 'prepare', ms: 1 });
    await drawn.end();
    expect(drawn.endings().get('prepare host-2')).toBe('failed');
  });
});

test('everyListener tells each, in order', () => {
  const heard: string[] = [];
  everyListener([() => heard.push('a'), () => heard.push('b')])({ type: 'note', text: 'x' });
  expect(heard).toEqual(['a', 'b']);
});
