import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { down, exec, type Lab, labPlaces, placesOf, status, up } from '../../src/lab/index.js';
import { runProgram } from '../../src/transport/index.js';

// The lab itself: idempotent, beside others, cut at any moment, and gone without a trace. Without the mirror: it is quick.
const names = ['trace-a', 'trace-b', 'trace-k'] as const;
const [one, other, cut] = names;
const places = placesOf();

afterAll(async () => {
  for (const name of names) await down(name);
});

const said = async (lab: string, host: string, command: string): Promise<string> =>
  (await exec(lab, host, command)).stdout.trim();
const bootId = (lab: string, host: string): Promise<string> => said(lab, host, 'cat /proc/sys/kernel/random/boot_id');

/** Everything on this machine that bears the lab's name; looked for here on its own, not by the lab's own eyes. */
async function traces(name: string, uplink: string | undefined): Promise<readonly string[]> {
  const lines = async (...argv: string[]) => (await runProgram(argv)).stdout.split('\n').filter((line) => line !== '');
  const folders = labPlaces(places, name);
  const links = [...(await lines('ip', '-o', 'link')), ...(await lines('ip', 'rule'))];
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) =>
      /provision-lab\/trace-/.test(textOf(`/proc/${entry}/environ`) + textOf(`/proc/${entry}/cmdline`)),
    )
    .filter((entry) => (textOf(`/proc/${entry}/environ`) + textOf(`/proc/${entry}/cmdline`)).includes(`/${name}`));
  return [
    ...(existsSync('/run/netns') ? readdirSync('/run/netns').filter((entry) => entry.split('.')[1] === name) : []),
    ...(uplink === undefined
      ? []
      : links.filter((line) => line.includes(` ${uplink}@`) || line.includes(` ${uplink} `))),
    ...(await lines('find', '/sys/fs/cgroup', '-path', `*provision-lab/${name}`)),
    ...textOf('/proc/self/mounts')
      .split('\n')
      .filter((line) => line.includes(`/${name}/`)),
    ...processes.map((pid) => `process ${pid}`),
    ...[folders.run, folders.disks, folders.state].filter((path) => existsSync(path)),
  ];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a process that has just gone
  }
}

async function uplinkOf(name: string): Promise<string> {
  const lab = await status(name, places);
  const { stdout } = await runProgram(['ip', '-o', '-4', 'address']);
  return new RegExp(`(plab\\d+) +inet ${lab?.gateway.replaceAll('.', '\\.')}/`).exec(stdout)?.[1] ?? 'no uplink';
}

describe('practice hosts', () => {
  let lab: Lab;

  test('come up, and a second up changes nothing', async () => {
    lab = await up({ name: one, hosts: 1, mirror: false });
    const before = [await bootId(one, 'h1'), readFileSync(lab.knownHosts, 'utf8'), readFileSync(lab.inventory, 'utf8')];
    await up({ name: one, hosts: 1, mirror: false });
    expect([
      await bootId(one, 'h1'),
      readFileSync(lab.knownHosts, 'utf8'),
      readFileSync(lab.inventory, 'utf8'),
    ]).toEqual(before);
  });

  test('have something real for host preparation to change', async () => {
    const answers = await said(
      one,
      'h1',
      `firewall-cmd --state; systemctl is-enabled chrony; grep -c ' swap  *sw ' /etc/fstab
       grep ^SELINUX= /etc/selinux/config; cat /proc/sys/net/ipv4/ip_forward; ls /sys/class/net
       for tool in conntrack socat ethtool containerd kubelet; do command -v $tool; done; systemctl is-system-running`,
    );
    expect(answers.split('\n')).toEqual([
      'running',
      'disabled',
      '1',
      'SELINUX=enforcing',
      '0',
      'eth0',
      'lo',
      'running',
    ]);
  });

  test('cannot set the machine’s clock, and reach nothing outside their lab', async () => {
    expect((await exec(one, 'h1', 'date -s 2020-01-01')).code).not.toBe(0);
    const { stdout } = await exec(one, 'h1', 'ping -c 1 -W 2 192.0.2.1 2>&1');
    expect(stdout).toMatch(/Unreachable/);
  });

  test('more hosts join those that are there', async () => {
    const before = await bootId(one, 'h1');
    const more = await up({ name: one, hosts: 2, mirror: false });
    expect(more.hosts.map((host) => host.name)).toEqual(['h1', 'h2']);
    expect(await bootId(one, 'h1')).toBe(before);
    expect((await exec(one, 'h2', `ping -c 1 -W 2 ${more.hosts[0]?.address}`)).code).toBe(0);
  });

  test('reboot, with their disk kept and the kernel’s part fresh', async () => {
    const before = await bootId(one, 'h2');
    await exec(one, 'h2', 'touch /kept; ip link add cni0 type bridge; sysctl -qw net.ipv4.ip_forward=1').catch(
      () => {},
    );
    await exec(one, 'h2', 'systemctl reboot').catch(() => {}); // the connection goes with the host
    const deadline = Date.now() + 60_000;
    let now = before;
    while ((now === before || now === '') && Date.now() < deadline) {
      now = await bootId(one, 'h2').catch(() => '');
      await wait(200);
    }
    expect(now).not.toBe(before);
    expect(await said(one, 'h2', 'ls /kept /sys/class/net; cat /proc/sys/net/ipv4/ip_forward')).not.toMatch(
      /cni0|^1$/m,
    );
  });

  test('made afresh they forget, and only those that were named', async () => {
    const before = await bootId(one, 'h1');
    await exec(one, 'h2', 'touch /forgotten');
    await up({ name: one, fresh: ['h2'], mirror: false });
    expect((await exec(one, 'h2', 'test -e /forgotten')).code).toBe(1);
    expect(await bootId(one, 'h1')).toBe(before);
  });

  test('two labs live side by side, and one goes without the other', async () => {
    const beside = await up({ name: other, hosts: 1, mirror: false });
    expect(beside.cidr).not.toBe(lab.cidr);
    const { code } = await exec(other, 'h1', `ping -c 1 -W 2 ${lab.hosts[0]?.address}`);
    expect(code).not.toBe(0);
    const uplink = await uplinkOf(one);
    expect((await traces(one, uplink)).length).toBeGreaterThan(6);
    expect(await down(one)).toBe(true);
    expect(await traces(one, uplink)).toEqual([]);
    expect(await said(other, 'h1', 'hostname')).toBe('h1');
    expect(await down(one)).toBe(false);
  });

  const { disks, run, state, record } = labPlaces(places, cut);
  test.each([
    ['registered', record],
    ['wired', `/run/netns/provlab.${cut}`],
    ['in possession of a key', join(state, 'id_ed25519')],
    ['in possession of a disk', join(disks, 'h1')],
    ['given a namespace for a host', `/run/netns/provlab.${cut}.h1`],
    ['booting', join(run, 'mounts/h2')],
  ])('up killed when the lab was just %s: down leaves nothing', async (_, moment) => {
    const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    const words = [program, 'lab', 'up', '--name', cut, '--hosts', '2', '--no-mirror'];
    const child = spawn(process.execPath, words, { stdio: 'ignore', cwd: places.checkout });
    const gone = new Promise((resolve) => child.once('close', resolve));
    const deadline = Date.now() + 60_000;
    while (!existsSync(moment) && child.exitCode === null && Date.now() < deadline) await wait(2);
    child.kill('SIGKILL');
    await gone;
    expect(child.signalCode).toBe('SIGKILL');
    const uplink = (await status(cut, places)) === undefined ? undefined : await uplinkOf(cut);
    expect((await traces(cut, uplink)).length).toBeGreaterThan(0);
    expect(await down(cut)).toBe(true);
    await wait(300); // what a killed command has started would show by now
    expect(await traces(cut, uplink)).toEqual([]);
  });
});
