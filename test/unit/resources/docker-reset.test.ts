import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LedgerEntry, TracesResource } from '../../../src/model/index.js';
import { ACTION_PRELUDE } from '../../../src/resources/index.js';
import { pods } from '../../../src/resources/pods.js';
import { type TracesAnswer, traces } from '../../../src/resources/traces.js';

const entryOf = (resource: unknown, former: unknown): LedgerEntry =>
  ({ key: 'k', kind: 'traces', order: 0, resource, former }) as LedgerEntry;

/** What the shell says, with programs of our own in front. Processes of pods are not looked for: this machine's are somebody's. */
function run(script: string, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'docker-reset-'));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}` };
  const input = `${ACTION_PRELUDE}\nend_pods() { :; }\nset -eu\nentry=${folder}/entry\n${script}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-s'], { input, encoding: 'utf8', env });
  rmSync(folder, { recursive: true });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe('pods of Docker', () => {
  const unmake = (resource: unknown): string => pods.ledger?.unmake(entryOf(resource, null)) ?? '';

  test("go by the kubelet's label; every other container stays", () => {
    const docker = `case "$*" in version) ;; *--filter*label=io.kubernetes.docker.type*) echo a b ;; 'rm -f -v a b') echo removed >&3 ;; *) exit 1 ;; esac`;
    expect(run(`exec 3>&1; ${unmake({ runtime: 'docker', socket: '/run/docker.sock' })}`, { docker })).toBe(
      'removed\n',
    );
  });

  test('a ledger of former days means containerd', () => {
    expect(unmake({ socket: '/run/containerd/containerd.sock' })).toBe(`take_pods '/run/containerd/containerd.sock'`);
  });
});

describe('what Docker left', () => {
  const r: TracesResource = {
    kind: 'traces',
    name: 'Docker',
    paths: ['/var/lib/docker'],
    links: ['docker0'],
    chains: ['DOCKER'],
    ipvs: false,
    theirsWith: 'docker0',
    forwarding: true,
  };
  const answer: TracesAnswer = { paths: {}, links: [], tables: [], namespaces: [], owned: false };
  const unmake = (former: Partial<TracesAnswer>): readonly string[] =>
    (traces.ledger?.unmake(entryOf(traces.ledger.remember(r), { ...answer, ...former })) ?? '').split('\n');

  test('goes with its data, its bridge, its chains and its policy', () => {
    expect(unmake({})).toEqual([
      "take_links '' 'docker0'",
      "take_chains 'docker0' 'DOCKER'",
      'give_back_policy',
      'take_tables ',
      'take_namespaces ',
      "take_path '/var/lib/docker'",
      ':',
    ]);
  });

  test('of one that ran before us: its network is not touched, and its data stay', () => {
    expect(unmake({ links: ['docker0'], paths: { '/var/lib/docker': ['overlay2', 'containers'] } })).toEqual([
      "take_children '/var/lib/docker' 'overlay2' 'containers'",
      "give_back_mode '/var/lib/docker'",
      ':',
    ]);
  });

  test.each([
    ['ACCEPT', ':FORWARD DROP [0:0]', 'iptables -w 60 -P FORWARD ACCEPT\n'],
    ['', ':FORWARD DROP [0:0]', 'iptables -w 60 -P FORWARD ACCEPT\n'],
    ['DROP', ':FORWARD DROP [0:0]', ''],
    ['', '', ''],
  ])('the policy of FORWARD was %j, iptables-save says %j: %j', (was, now, said) => {
    const programs = { 'iptables-save': `echo '${now}'`, iptables: 'echo iptables "$@"' };
    expect(run(`printf '%s\\n' '${was}' >"$entry.was.policy"\ngive_back_policy`, programs)).toBe(said);
  });

  test('what the policy was is kept before Docker changes it', () => {
    const keep = traces.ledger?.keep?.({ ...r, paths: [] }) ?? '';
    const programs = { 'iptables-save': "printf ':INPUT DROP [0:0]\\n:FORWARD DROP [1:2]\\n'" };
    expect(run(`${keep}\ncat "$entry.was.policy"`, programs)).toBe('DROP\n');
  });
});
