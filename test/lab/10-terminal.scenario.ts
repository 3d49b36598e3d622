import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { down, exec, labPlaces, placesOf, up } from '../../src/lab/index.js';
import { runProgram } from '../../src/transport/index.js';
import { provisionWords } from '../support/lab.js';
import { LAB } from '../support/lab-names.js';
import { atTerminal } from '../support/terminal.js';

// What a person sees and types, at a terminal of 80 columns. One host of its own, with a second address, so that it can be two hosts.
const lab = `${LAB}-terminal`;
const folder = labPlaces(placesOf(), lab).state;
const CTRL_C = '\u0003';
const QUESTION = /Apply this plan\? \(y\/N\)/;

async function must(script: string): Promise<string> {
  const { code, stdout, stderr } = await exec(lab, 'h1', script);
  if (code !== 0) throw new Error(`h1: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
}

const type = (...args: readonly string[]) => atTerminal(args, folder);

describe('at a terminal', () => {
  beforeAll(async () => {
    const { hosts } = await up({ name: lab, hosts: 1, fresh: ['h1'], say: () => {} });
    const address = hosts[0]?.address ?? '';
    const second = address.replace(/\d+$/, '200');
    await must(`ip address replace ${second}/24 dev eth0`);
    const one = parse(readFileSync(join(folder, 'inventory.yaml'), 'utf8')) as {
      cluster: { name: string };
      ssh: object;
      nodes: object[];
    };
    // Where a line of 80 columns breaks is not to depend on what the lab is called.
    one.cluster.name = 'terminal';
    one.nodes = [{ name: 'h1', address, roles: ['control-plane', 'worker'] }];
    const write = (name: string, ssh: object): void =>
      writeFileSync(
        join(folder, name),
        stringify({
          ...one,
          ssh: { ...one.ssh, ...ssh },
          nodes: [...one.nodes, { name: 'h2', address: second, roles: ['worker'] }],
        }),
      );
    writeFileSync(join(folder, 'cluster.yaml'), stringify(one));
    write('new.yaml', { knownHosts: 'known_hosts.new' });
    write('changed.yaml', { knownHosts: 'known_hosts.changed' });
    write('ops.yaml', { user: 'ops', become: { method: 'sudo', password: 'prompt' } });
    write('encrypted.yaml', { key: 'encrypted' });
    await runProgram(['ssh-keygen', '-q', '-t', 'ed25519', '-N', 'open sesame', '-f', 'encrypted'], { cwd: folder });
    const key = readFileSync(join(folder, 'encrypted.pub'), 'utf8').trim();
    await must(`echo '${key}' >>/root/.ssh/authorized_keys`);
    writeFileSync(join(folder, 'known_hosts.changed'), `${address} ${key.split(' ').slice(0, 2).join(' ')}\n`);
  });
  afterAll(() => down(lab));

  test('a host key that has changed is refused without a question', async () => {
    const { code, screen } = await type('trust-hosts', '-i', 'changed.yaml').ended;
    expect(screen).toMatch(/CHANGED {2}ssh-ed25519/);
    expect(screen).toContain('the host key of h1 is not the recorded one; nothing was recorded');
    expect(code).toBe(5);
  });

  test('trust-hosts shows the fingerprints and records nothing until it is told to', async () => {
    const no = type('trust-hosts', '-i', 'new.yaml');
    await no.when(/hosts themselves show\? \(y\/N\)/, '\r');
    const refused = await no.ended;
    expect(refused.screen).toMatch(/h2 \([\d.]+\)\n {2}new {2}ssh-ed25519 SHA256:\S{43}\n/);
    expect([refused.code, refused.hasCursor]).toEqual([5, true]);
    const yes = type('trust-hosts', '-i', 'new.yaml');
    await yes.when(/hosts themselves show\? \(y\/N\)/, 'y\r');
    const { code, screen } = await yes.ended;
    expect(screen).toContain('recorded 2 keys');
    expect(code).toBe(0);
  });

  test('a sudo password is asked once for two hosts, and never shown', async () => {
    const { ended, when } = type('facts', '-i', 'ops.yaml');
    await when(/sudo password for ops/, 'ops\r');
    const { code, screen, hasCursor } = await ended;
    expect(screen).toMatch(/^\? sudo password for ops \*\*\*\nHOST .*\nh1 .*\nh2 .*$/m);
    expect(screen.match(/password/g)).toHaveLength(1);
    expect([code, hasCursor]).toEqual([0, true]);
  });

  test('a wrong one is tried once on each host and ends with 5', async () => {
    const failures = async (): Promise<number> =>
      Number(await must('journalctl -q --no-pager | grep -c "sudo:auth): authentication failure" || true'));
    const before = await failures();
    const { ended, when } = type('facts', '-i', 'ops.yaml');
    await when(/sudo password for ops/, 'wrong\r');
    const { code, screen } = await ended;
    expect(screen).toContain('[BECOME]');
    expect(screen).toMatch(/h1: the become password of ops on h1 is wrong/);
    expect(screen).toContain('one try was made');
    expect([code, (await failures()) - before]).toEqual([5, 2]);
  });

  test('Ctrl-C at a password is an end', async () => {
    const { ended, when } = type('facts', '-i', 'ops.yaml');
    await when(/sudo password for ops/, CTRL_C);
    const { code, screen, hasCursor } = await ended;
    expect(screen.match(/stopped at the question; nothing was touched/g)).toHaveLength(1);
    expect([code, hasCursor]).toEqual([130, true]);
  });

  test('the passphrase of a key is asked once', async () => {
    const { ended, when } = type('facts', '-i', 'encrypted.yaml');
    await when(/passphrase of .*encrypted/s, 'open sesame\r');
    const { code, screen } = await ended;
    expect(screen.match(/passphrase/g)).toHaveLength(1);
    expect(screen).not.toContain('sesame');
    expect(code).toBe(0);
  });

  test('a password without a terminal: what to do instead', async () => {
    const { code, stderr } = await runProgram([...provisionWords(['facts', '-i', 'ops.yaml'])], { cwd: folder });
    expect(stderr).toContain('the sudo password for ops is needed, and nobody can be asked: this is not a terminal');
    expect(stderr).toContain('become.password.file');
    expect(code).toBe(1);
  });

  test.each([
    ['n', 'n\r', 1, /nothing was touched$/],
    ['Enter', '\r', 1, /nothing was touched$/],
    ['Ctrl-C', CTRL_C, 130, /stopped at the question; nothing was touched {2}\[INTERRUPTED\]$/],
  ])('apply shows the plan and asks; after %s nothing was touched', async (_, keys, expected, last) => {
    const { ended, when } = type('apply', '-i', 'cluster.yaml');
    await when(QUESTION, keys);
    const { code, screen, hasCursor } = await ended;
    expect(screen).toMatch(/Run the container runtime \(runtime\)\n {2}h1\n(.*\n)*Plan: \d+ to add/);
    expect(screen.trimEnd()).toMatch(last);
    expect([code, hasCursor]).toEqual([expected, true]);
    expect(await must('ls -d /var/lib/provision /run/provision-work.* 2>/dev/null || true')).toBe('');
  });

  test('the first Ctrl-C finishes the action that runs, and tells how to go on', async () => {
    const { ended, when } = type('apply', '-i', 'cluster.yaml');
    await when(QUESTION, 'y\r');
    await when(/h1 {2}install containerd/, CTRL_C);
    await when(/stopping \(once more: at once\) after h1: install containerd/, '');
    const { code, screen, hasCursor } = await ended;
    expect(screen).toMatch(/❯ Run the container runtime \(not finished\)\n↓ \d+ steps not begun\n/);
    expect(screen).toMatch(
      /interrupted after \d+ of \d+ changes; what had begun is finished\n {2}go on: {7}provision apply -i cluster\.yaml/,
    );
    expect([code, hasCursor]).toEqual([130, true]);
    // What ran was finished, nothing after it was begun, and the script has cleared up behind itself.
    expect(
      await must(
        'ls /usr/local/bin/containerd; ls /etc/systemd/system/containerd.service /run/provision-work.* 2>/dev/null || true',
      ),
    ).toBe('/usr/local/bin/containerd\n');
  });

  test('the second one ends it at once, with the cursor back', async () => {
    const { ended, when } = type('apply', '-i', 'cluster.yaml');
    await when(QUESTION, 'y\r');
    await when(/h1 {2}join h1 through its own API server/, CTRL_C);
    await when(/stopping \(once more: at once\)/, CTRL_C);
    const beganMs = Date.now();
    const { code, hasCursor } = await ended;
    expect([code, hasCursor]).toEqual([130, true]);
    expect(Date.now() - beganMs).toBeLessThan(3000);
    // The host finishes what it is at on its own; then its lock is free.
    await must('flock -w 120 /run/provision.lock true');
  });

  test('apply again builds the rest: the tree settles, and the summary stands below it', async () => {
    const { ended, when } = type('apply', '-i', 'cluster.yaml');
    await when(QUESTION, 'y\r');
    const { code, screen, hasCursor } = await ended;
    const end = screen.slice(screen.search(/\? Apply this plan\?/)).trimEnd();
    expect(end).toMatch(/^\? Apply this plan\? Yes\n(✔ [A-Z].*\n)+✔ \S+: \d+ changes on 1 host$/);
    expect([code, hasCursor]).toEqual([0, true]);
  });

  test('and once more there is nothing to do, and no question', async () => {
    const { code, screen } = await type('apply', '-i', 'cluster.yaml').ended;
    expect(screen).not.toMatch(QUESTION);
    expect(screen.trimEnd()).toMatch(/nothing to do, 0 changes$/);
    expect(code).toBe(0);
  });

  test('tables fit the terminal', async () => {
    await type('token', 'create', '-i', 'cluster.yaml', '--description', 'for a machine with a long name').ended;
    for (const words of [['status'], ['facts'], ['token', 'list']]) {
      // Looked at on a screen that is wider than provision knows, so that nothing wraps.
      const { code, screen } = await atTerminal([...words, '-i', 'cluster.yaml'], folder, 400).ended;
      // Pods may still be starting; then status says so and ends with 1.
      expect(words[0] === 'status' ? [0, 1] : [0]).toContain(code);
      expect(screen.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });
});
