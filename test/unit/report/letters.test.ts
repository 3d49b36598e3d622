import { describe, expect, test } from '@jest/globals';
import { type Finding, ProvisionError, type RunOutcome } from '../../../src/model/index.js';
import { errorText, findingsText, summaryText } from '../../../src/report/index.js';
import { action, planOf } from './scene.js';

const plain = { colour: false };

describe('errorText', () => {
  const failure = new ProvisionError('GATE', 'etcd.service did not answer within 120 s', {
    host: 'cp-2',
    step: 'etcd',
    said: 'listen tcp 10.0.0.12:2380: bind: address already in use\n',
    hint: 'ssh cp-2 journalctl -u etcd\nprovision apply -i lab.yaml',
  });

  test('is a small letter: what, where, last words, what to do', () => {
    expect(errorText(failure, plain)).toBe(`✖ etcd on cp-2: etcd.service did not answer within 120 s  [GATE]
  last words:  listen tcp 10.0.0.12:2380: bind: address already in use
  try:         ssh cp-2 journalctl -u etcd
               provision apply -i lab.yaml`);
  });

  test('keeps the end of a long answer, and all of it when asked', () => {
    const said = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
    const text = errorText(new ProvisionError('ACTION', 'no', { said }), plain);
    expect(text).toContain('… (12 earlier lines; --verbose shows them)');
    expect(text).not.toContain('line 11\n');
    expect(text).toContain('line 12');
    expect(text).toContain('line 19');
    expect(errorText(new ProvisionError('ACTION', 'no', { said }), { ...plain, verbose: true })).toContain('line 0');
  });

  test('takes from the terminal what a host could do to it', () => {
    const said = '\u001b[2J\u001b]0;owned\u0007red\u001b[31m\rover\u202e';
    expect(errorText(new ProvisionError('ACTION', 'no', { said }), plain)).toBe(
      '✖ no  [ACTION]\n  last words:  red\n               over',
    );
  });

  test('anything else is our mistake and says so', () => {
    const text = errorText(new TypeError('x is not a function'), plain);
    expect(text).toContain('a mistake of provision itself');
    expect(text).toContain('TypeError: x is not a function');
    expect(text).toContain('report it');
  });

  test('the cause is told only when asked', () => {
    const error = new ProvisionError('STATE', 'no', { cause: new Error('deep down') });
    expect(errorText(error, plain)).not.toContain('deep down');
    expect(errorText(error, { ...plain, verbose: true })).toContain('deep down');
  });
});

describe('findingsText', () => {
  const of = (severity: Finding['severity'], host: string | null, name: string, message = 'it is so'): Finding => ({
    name,
    severity,
    host,
    message,
    cure: 'make it otherwise',
  });

  test('errors first; equal findings of several hosts once; a sum', () => {
    const findings = [
      of('warning', 'h1', 'Swap'),
      of('error', 'h1', 'Mem'),
      of('error', 'h2', 'Mem'),
      of('error', null, 'PodCIDR'),
    ];
    expect(findingsText(findings, plain)).toBe(`error   h1, h2: it is so  [Mem]
  try:         make it otherwise
error   it is so  [PodCIDR]
  try:         make it otherwise
warning h1: it is so  [Swap]
  try:         make it otherwise
preflight: 3 errors, 1 warning`);
  });

  test('different words are different findings', () => {
    const text = findingsText([of('error', 'h1', 'Mem', '1 MiB'), of('error', 'h2', 'Mem', '2 MiB')], plain);
    expect(text).toContain('h1: 1 MiB');
    expect(text).toContain('h2: 2 MiB');
  });

  test('nothing found is said too', () => expect(findingsText([], plain)).toContain('nothing speaks against it'));
});

describe('summaryText', () => {
  const plan = planOf({ prepare: { h1: [action()], h2: [action()] } });
  const of = (outcome: RunOutcome, failures: ReadonlyMap<string, ProvisionError> = new Map()): string =>
    summaryText({ outcome, plan, changed: 1, failures }, plain, 'provision apply -i a.yaml');

  test('each outcome in a sentence', () => {
    expect(of('changed')).toBe('✔ lab: 1 change on 2 hosts');
    expect(of('unchanged')).toBe('✔ lab: nothing to do, 0 changes');
    expect(of('would-change')).toBe('Plan: 2 to add, 0 to change, 0 to run, 0 to remove on 2 hosts.');
    expect(of('refused')).toBe('lab: nothing was touched');
  });

  test('a failure is told with its letter, its hosts and how to go on', () => {
    const text = of('failed', new Map([['h2', new ProvisionError('ACTION', 'could not write', { host: 'h2' })]]));
    expect(text).toBe(
      '✖ on h2: could not write  [ACTION]\n✖ lab: 1 of 2 hosts failed (h2), after 1 of 2 changes\n  go on:       mend it, then: provision apply -i a.yaml',
    );
  });

  test('an interrupt tells how far it came and how to go on, and no letter for a host that only obeyed', () => {
    const stopped = new ProvisionError('INTERRUPTED', 'stopped before the next action', { host: 'h1' });
    expect(of('interrupted', new Map([['h1', stopped]]))).toBe(
      '✖ lab: interrupted after 1 of 2 changes; what had begun is finished\n  go on:       provision apply -i a.yaml',
    );
  });

  test('what was said over and over is said once', () => {
    const tries = Array.from({ length: 10 }, (_, i) => `curl: (7) no connection after ${i} ms`);
    const error = new ProvisionError('ACTION', 'no', { said: ['began', ...tries, 'gave up'].join('\n') });
    expect(
      errorText(error, plain)
        .split('\n')
        .slice(1)
        .map((row) => row.slice(15)),
    ).toEqual(['began', 'curl: (7) no connection after 9 ms (10 times)', 'gave up']);
  });

  test('a hint may name the settings of an inventory', () => {
    const hint = 'set ssh.password: prompt; or become.password: {file: …}';
    expect(errorText(new ProvisionError('AUTH', 'no', { hint }), plain)).toContain(hint);
    expect(errorText(new ProvisionError('AUTH', 'no', { hint: 'password: promptly' }), plain)).toContain('«secret»');
  });

  test('on a narrow terminal no line is wider, but for what must stay whole to be copied', () => {
    const path = `/var/lib/${'x'.repeat(50)}`;
    const error = new ProvisionError('ACTION', `could not write ${path} however long it took to try`, {
      said: 'a sentence of the host that is longer than forty columns are wide',
      hint: `first of all look at it yourself: ls -l ${path}`,
    });
    const rows = errorText(error, { colour: false, columns: 40 }).split('\n');
    expect(rows.filter((row) => row.length > 40).map((row) => row.trim())).toEqual([
      path,
      `try:         first of all look at it yourself: ls -l ${path}`,
    ]);
    expect(rows).toContain('               columns are wide');
  });
});
