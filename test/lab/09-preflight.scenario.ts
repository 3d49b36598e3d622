import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { down, exec, labPlaces, placesOf, up } from '../../src/lab/index.js';
import type { Finding, Outcome } from '../../src/model/index.js';
import { LEFT_OUT, STATE_QUESTION } from '../support/host-state.js';
import { provision } from '../support/lab.js';
import { LAB } from '../support/lab-names.js';

// One host of its own, with five things wrong on it and one in the inventory; nothing is ever installed there.
const lab = `${LAB}-preflight`;
const folder = labPlaces(placesOf(), lab).state;
const good = join(folder, 'inventory.yaml');
const bad = join(folder, 'wrong-mirror.yaml');
/** An empty cache: the manifest has to come from the mirror, too. */
const cache = mkdtempSync(join(tmpdir(), 'provision-cache-'));

/** Listens on TCP 10250 and UDP 8472, and holds dpkg's lock as apt does. */
const STRANGER = `
import fcntl, signal, socket
tcp = socket.socket(); tcp.bind(('', 10250)); tcp.listen()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(('', 8472))
lock = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(lock, fcntl.LOCK_EX)
print('ready', flush=True)
signal.pause()
`;

const FAULTS = `
set -eu
cat >/root/stranger.py <<'PY'
${STRANGER}
PY
systemd-run --quiet --unit=stranger python3 /root/stranger.py
until ss -Hlun 'sport = :8472' | grep -q . && ss -Hltn 'sport = :10250' | grep -q .; do sleep 0.1; done
until awk '{ print $6 }' /proc/locks | grep -q ":$(stat -c %i /var/lib/dpkg/lock-frontend)$"; do sleep 0.1; done
cp /etc/resolv.conf /root/resolv.conf.good
echo '# nobody' >/etc/resolv.conf
mount -t tmpfs -o size=2m tmpfs /var/lib/etcd
`;

async function must(script: string): Promise<string> {
  const { code, stdout, stderr } = await exec(lab, 'h1', script);
  if (code !== 0) throw new Error(`h1: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
}

/** What was written since the mark, files and directories alike. */
const touched = (): Promise<string> =>
  must(`set -e
find / /var/lib/etcd -xdev \\( ${LEFT_OUT.map(({ path }) => `-path '${path}'`).join(' -o ')} \\) -prune -o -newer /run/mark -print
find /var/tmp -maxdepth 1 -name '.provision*'`);

const preflight = (inventory: string, ...more: string[]): Promise<Outcome> =>
  provision(['preflight', '-i', inventory, ...more], { env: { XDG_CACHE_HOME: cache } });

const findingsOf = ({ stdout }: Outcome): readonly Finding[] => JSON.parse(stdout) as readonly Finding[];
/** How fast a disk is that is shared with everything else here is not for this test to say. */
const namesOf = (findings: readonly Finding[]): readonly string[] =>
  findings
    .map(({ name }) => name)
    .filter((name) => name !== 'EtcdDisk')
    .sort();
const named = (findings: readonly Finding[], name: string): Finding | undefined =>
  findings.find((f) => f.name === name);

describe('preflight on one host', () => {
  beforeAll(async () => {
    await up({ name: lab, hosts: 1 });
    const inventory = parse(readFileSync(good, 'utf8')) as { cluster: { mirrors: { artifacts: string } } };
    // The mirror's address, and a port that nobody listens on.
    inventory.cluster.mirrors.artifacts = inventory.cluster.mirrors.artifacts.replace(/:\d+$/, ':9');
    writeFileSync(bad, stringify(inventory));
  });
  afterAll(async () => {
    rmSync(cache, { recursive: true });
    await down(lab);
  });

  test('finds no error on a host that is well', async () => {
    const outcome = await preflight(good, '--json');
    expect(findingsOf(outcome).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(outcome.code).toBe(0);
  });

  describe('with faults', () => {
    let before = '';
    let outcome: Outcome;
    let findings: readonly Finding[] = [];

    beforeAll(async () => {
      rmSync(cache, { recursive: true });
      await must(FAULTS);
      before = await must(STATE_QUESTION);
      await must('touch /run/mark; sleep 0.05');
      outcome = await preflight(bad, '--json');
      findings = findingsOf(outcome);
    });

    test.each([
      ['error', 'h1', 'Port-10250', 'python3 listens on port 10250', "ss -ltnp 'sport = :10250'"],
      ['error', 'h1', 'Port-8472', 'python3 has UDP port 8472', "ss -lunp 'sport = :8472'"],
      ['error', 'h1', 'ResolvConf', '/etc/resolv.conf names no server', 'name a real server in /etc/resolv.conf'],
      ['error', 'h1', 'DiskSpace--var-lib-etcd', '/var/lib/etcd has', 'make room on /var/lib/etcd'],
      ['warning', 'h1', 'PackageManagerBusy', 'python3 (process', 'let it finish'],
      ['error', null, 'Manifest', 'could not fetch the flannel manifest', 'mirrors.artifacts'],
    ] as const)('%s %s %s', (severity, host, name, says, cure) => {
      expect(named(findings, name)).toMatchObject({ severity, host });
      expect(named(findings, name)?.message).toContain(says);
      expect(named(findings, name)?.cure).toContain(cure);
    });

    test('error h1 Reach: one for all that the wrong mirror should have', () => {
      const reach = findings.filter(({ name }) => name.startsWith('Reach-'));
      expect(reach).toHaveLength(1);
      expect(reach[0]).toMatchObject({ severity: 'error', host: 'h1' });
      expect(reach[0]?.message).toMatch(/containerd, crictl, .*kubelet, runc from http:\/\/[\d.]+:9: /);
      expect(reach[0]?.cure).toContain('correct mirrors.artifacts');
    });

    test('ends with exit code 4 and nothing more', () => {
      expect(outcome.code).toBe(4);
      expect(
        findings
          .filter(({ severity }) => severity === 'error')
          .map(({ name }) => name.replace(/-[\d.]+-9$/, ''))
          .sort(),
      ).toEqual(['DiskSpace--var-lib-etcd', 'Manifest', 'Port-10250', 'Port-8472', 'Reach', 'ResolvConf'].sort());
    });

    test('and nothing on the host is changed', async () => {
      expect(await touched()).toBe('');
      expect((await must(STATE_QUESTION)).split('\n')).toEqual(before.split('\n'));
    });

    test('--ignore-preflight demotes a finding by name, and all of them', async () => {
      const one = await preflight(bad, '--json', '--ignore-preflight', 'port-10250');
      expect(named(findingsOf(one), 'Port-10250')?.severity).toBe('warning');
      expect(named(findingsOf(one), 'Port-8472')?.severity).toBe('error');
      expect(one.code).toBe(4);
      const all = await preflight(bad, '--json', '--ignore-preflight', 'all');
      expect(namesOf(findingsOf(all))).toEqual(namesOf(findings));
      expect(all.code).toBe(0);
    });

    test('apply refuses with all of them at once, and touches nothing either', async () => {
      const refused = await provision(['apply', '-i', good, '--yes'], { env: { XDG_CACHE_HOME: cache } });
      expect(refused.code).toBe(4);
      for (const name of ['Port-10250', 'Port-8472', 'ResolvConf', 'DiskSpace--var-lib-etcd']) {
        expect(refused.stderr).toContain(`[${name}]`);
      }
      expect(await touched()).toBe('');
    });

    test('mended, the host is well again', async () => {
      await must('systemctl stop stranger; umount /var/lib/etcd; cp /root/resolv.conf.good /etc/resolv.conf');
      expect((await preflight(good)).code).toBe(0);
    });
  });
});
