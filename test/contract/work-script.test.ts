import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { workScript } from '../../src/host/index.js';
import type { Action, Probe } from '../../src/model/index.js';

const resource = { kind: 'file', path: '/etc/a', mode: 0o644, content: 'x' } as const;
const action: Action = {
  verb: '~',
  key: 'file /etc/a',
  kind: 'file',
  summary: 'write /etc/a',
  because: [],
  resource,
  order: 7,
  before: { sha256: 'f', mode: 0o600, owner: 'root:root' },
};
const entry = { key: 'file /etc/a', kind: 'file', order: 7, former: action.before, resource: { path: '/etc/a' } };
/** The script in parts that must come in this order. */
const order = (script: string, ...parts: readonly string[]): readonly number[] =>
  parts.map((part) => script.indexOf(part));
const rising = (positions: readonly number[]): boolean =>
  positions.every((at, i) => at >= 0 && at > (positions[i - 1] ?? -1));

describe('the ledger in a work script', () => {
  test('what a cut run left beside no entry is swept, the former state kept, the entry written whole, then the change made', () => {
    const script = workScript('n', [action]);
    expect(
      rising(
        order(
          script,
          'if [ ! -e "$entry.json" ]',
          'sweep "$entry.was" "$entry".was.*',
          "keep_file '/etc/a'",
          'install_file "$entry.json" 0600 ',
          "install_file '/etc/a' 0644",
        ),
      ),
    ).toBe(true);
    expect(script).toMatch(/install_file "\$entry\.json" 0600 [0-9a-f]{64} <</);
  });

  test('an entry goes after everything that lies beside it', () => {
    const script = workScript('n', [{ ...action, verb: '-', resource: undefined, entry } as unknown as Action]);
    expect(rising(order(script, 'give_back_file', '"$entry.was" "$entry".was.* "$entry.json"'))).toBe(true);
  });

  test('here-documents of bash lie where the rest of the work lies', () => {
    expect(workScript('n', [])).toMatch(/^TMPDIR=\$PROVISION_TMP$/m);
  });
});

describe('the programs that a new file costs', () => {
  const room = mkdtempSync(join(tmpdir(), 'work-script-'));
  afterAll(() => rmSync(room, { recursive: true }));

  test('its ledger entry four, itself six: everything else is done by the shell', () => {
    const log = join(room, 'log');
    const [tools, host] = [join(room, 'bin'), join(room, 'host')];
    for (const folder of [tools, join(host, 'run'), join(host, 'var/lib'), join(host, 'etc')])
      mkdirSync(folder, { recursive: true });
    // Every program that could be found stands behind one that writes its name down first.
    for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].filter((path) => existsSync(path)))
      for (const name of readdirSync(folder).filter((tool) => /^[a-z0-9]+$/.test(tool)))
        writeFileSync(join(tools, name), `#!/bin/sh\necho ${name} >>'${log}'\nexec ${folder}/${name} "$@"\n`, {
          mode: 0o755,
        });
    const path = join(host, 'etc/a');
    const made = { ...action, key: `file ${path}`, resource: { ...resource, path } };
    const script = workScript('n', [made]).replaceAll(/\/(run|var\/lib)\/provision/g, `${host}$&`);
    const { status, stdout } = spawnSync('/bin/sh', [], { input: script, encoding: 'utf8', env: { PATH: tools } });
    expect([status, stdout]).toEqual([0, 'n start 0\nn end 0 0\n']);
    expect(readFileSync(path, 'utf8')).toBe('x');
    const ran = readFileSync(log, 'utf8').trim().split('\n');
    // The folders of the work and of the ledger; the entry; the file; the folder of the work goes.
    expect(ran.splice(0, 2)).toEqual(['mkdir', 'mkdir']);
    expect(ran.splice(0, 4)).toEqual(['cat', 'sha256sum', 'sync', 'mv']);
    expect(ran.splice(0, 6).sort()).toEqual(['base64', 'cat', 'chmod', 'mv', 'sha256sum', 'sync']);
    expect(ran).toEqual(['rm']);
  });
});

describe('a probe with a remedy, run by a real sh', () => {
  const within = 1;
  const probe = (answer: string, seen: string): Probe => ({
    id: 'node-ready',
    title: 'node is Ready',
    command: ['sh', '-c', `test -e "$PROVISION_TMP/cured" && echo ${answer}`],
    expect: '^yes$',
    within,
    hint: '',
    remedy: {
      after: 0,
      look: ['echo', seen],
      fault: 'initialize CSINode.*nodes? .*not found',
      cure: ['sh', '-c', ': >"$PROVISION_TMP/cured"'],
      says: "it's restarted",
    },
  });
  const run = (item: Probe) => {
    const nonce = randomBytes(8).toString('hex');
    // The words find the folder through the environment, as a cure that is a program of the host would find its own things.
    const script = `export PROVISION_TMP\n${workScript(nonce, [item])}`.replaceAll('/run/', `${tmpdir()}/`);
    const { stdout, status } = spawnSync('sh', [], { input: script, encoding: 'utf8' });
    return { status, said: stdout.replaceAll(nonce, 'N').split('\n') };
  };
  const FAULT =
    'csi_plugin.go:399] Failed to initialize CSINode: error updating CSINode annotation: caused by: nodes "h2" not found';

  test('the fault is seen, cured once, told, and the answer awaited again', () => {
    const { status, said } = run(probe('yes', FAULT));
    expect(said).toEqual(['N start 0', "N note 0 it's restarted", 'N end 0 0', '']);
    expect(status).toBe(0);
  });

  test('without the fault nothing is touched: it is the timeout that it was', () => {
    const { status, said } = run(probe('yes', 'NetworkPluginNotReady: cni plugin not initialized'));
    expect(said.filter((line) => line.includes('note'))).toEqual([]);
    expect(said).toContain('N end 0 1');
    expect(status).toBe(1);
  });

  test('given up, it tells what the host knows of the cause; answered, it asks for none', () => {
    const why = [
      ['echo', 'no image'],
      ['sh', '-c', 'echo cannot look >&2; exit 3'],
      ['echo', 'no plugin'],
    ];
    const failed = run({ ...probe('no', FAULT), why });
    expect(failed.said.filter((line) => line.startsWith('N out '))).toEqual(
      ['no', 'no image', '', 'cannot look', '', 'no plugin', ''].map((line) => `N out ${line}`),
    );
    expect(failed.status).toBe(1);
    expect(run({ ...probe('yes', FAULT), why }).said.join()).not.toContain('no image');
    const { remedy: _, ...plain } = probe('no', FAULT);
    expect(run({ ...plain, why }).said).toContain('N out no plugin');
  });

  test('a cure that does not help is tried once, and the probe still fails', () => {
    const { status, said } = run(probe('no', FAULT));
    expect(said.filter((line) => line.includes('note'))).toHaveLength(1);
    expect(status).toBe(1);
  });
});
