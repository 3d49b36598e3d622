import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { IGNORED_DEVICES, machineQuestion, readMachine } from '../../../src/host/machine.js';
import { QUESTION_PRELUDE } from '../../../src/resources/index.js';
import { onLinux } from '../../support/only-where.js';

// Each file of test/cases/machine is one host's answer, line by line, and what it is read as; a bug report becomes one more.
interface Case {
  readonly it: string;
  readonly output: readonly string[];
  readonly reads?: Readonly<Record<string, unknown>>;
  readonly refuses?: string;
}

const folder = new URL('../../../../test/cases/machine/', import.meta.url);
const cases = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case);
// The question was sent at :02.500 and answered at :03.500, so a host with the right clock looked at it at :03.000.
const timing = { sentMs: 1_700_000_002_500, receivedMs: 1_700_000_003_500 };

describe('readMachine', () => {
  test.each(cases.map((c) => [c.it, c] as const))('%s', (_name, { output, reads, refuses }) => {
    const read = () => readMachine(`${output.join('\n')}\n`, timing);
    if (refuses !== undefined) expect(read).toThrow(refuses);
    else expect(read()).toMatchObject(reads ?? {});
  });
});

describe('machineQuestion', () => {
  onLinux('is answered by this machine under a strict shell, whole and with less than two seconds of work', () => {
    const sentMs = Date.now();
    const script = `set -eu\n${QUESTION_PRELUDE}\n${machineQuestion()}\ntimes >&2`;
    const { stdout, stderr } = spawnSync('/bin/sh', { input: script, encoding: 'utf8' });
    const receivedMs = Date.now();
    const machine = readMachine(stdout, { sentMs, receivedMs });
    // Of the shell and of what it called: the clock would tell how busy this machine is.
    const seconds = [...stderr.matchAll(/(\d+)m([\d.]+)s/g)].map(
      ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
    );
    expect(seconds).toHaveLength(4);
    expect(seconds.reduce((sum, one) => sum + one, 0)).toBeLessThan(2);
    expect(Math.abs(machine.clockSkewMs)).toBeLessThanOrEqual(receivedMs - sentMs);
    expect(machine.kernel).toMatch(/^\d+\.\d+/);
    expect(Object.keys(machine.disks)).toEqual(['/', '/var', '/etc', '/var/lib/etcd', '/var/lib/containerd', '/run']);
  });

  test('writes nothing: no redirection into a file, no command that changes one', () => {
    const script = machineQuestion().replaceAll(/2?>\/dev\/null/g, '');
    expect(script).not.toMatch(/[^-]>["'/\w$]|\b(rm|mv|cp|mkdir|tee|install|systemctl|sysctl)\s/);
  });
});

test('what NetworkManager leaves alone is read from its files, whatever the order in a section', () => {
  const files = `[main]
plugins=keyfile
[keyfile]
unmanaged-devices=interface-name:cali*;interface-name:cni0
unmanaged-devices+=type:vxlan
[device-a]
match-device=interface-name:flannel.1
managed=0
[device-b]
match-device=interface-name:eth0
managed=1
# [device-x]
[device-c]
managed = false
match-device = driver:veth
`;
  expect(execFileSync('awk', [IGNORED_DEVICES], { input: files, encoding: 'utf8' }).trimEnd().split('\n')).toEqual([
    'nm-ignores interface-name:cali*;interface-name:cni0',
    'nm-ignores type:vxlan',
    'nm-ignores interface-name:flannel.1',
    'nm-ignores driver:veth',
  ]);
});
