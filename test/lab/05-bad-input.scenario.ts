import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as lab from '../../src/lab/index.js';
import { differences, type HostState } from '../support/host-state.js';
import {
  address,
  clusterUp,
  HOSTS,
  inventoryFile,
  kubectl,
  labFolder,
  MEMBERS,
  must,
  onHost,
  provision,
  provisionWords,
  root,
  stateFolder,
  stateNow,
  writeInventory,
} from '../support/lab.js';
import { LAB } from '../support/lab-names.js';

const DRIFT = '# by hand';
const driftOn = (host: string) => onHost(host, `echo '${DRIFT}' >>/etc/containerd/config.toml`);
const hasDrift = async (host: string): Promise<boolean> =>
  (await onHost(host, `grep -c '^${DRIFT}' /etc/containerd/config.toml || true`)) !== '0\n';
/** Beside the real inventory, so that it has the same state folder. */
const spoilt = join(labFolder, 'spoilt.yaml');
const file = (name: string, content: string): string => {
  writeFileSync(join(labFolder, name), content, { mode: 0o600 });
  return name;
};
const sudo = (password: string) => ({ method: 'sudo', password: { file: file('become-password', `${password}\n`) } });

/** What the letter to the operator says, and the exit code. */
const applied = async (inventory: string) => {
  const { code, stdout, stderr } = await provision(['apply', '-i', inventory, '--yes']);
  return { code, said: stdout + stderr };
};
const withNode = (name: string, over: object): string =>
  writeInventory(spoilt, (inventory) => {
    inventory.nodes = inventory.nodes.map((node) => (node.name === name ? { ...node, ...over } : node));
  });

describe('bad input is told clearly and harms nobody', () => {
  let before: readonly HostState[] = [];
  beforeAll(async () => {
    await clusterUp();
    await driftOn('h2');
    before = await Promise.all(MEMBERS.map(stateNow));
  });
  afterAll(async () => {
    for (const name of ['spoilt.yaml', 'become-password', 'known_hosts.spoilt'])
      rmSync(join(labFolder, name), { force: true });
    // sudo leaves a mark in the home of who uses it first; the reset scenario compares everything.
    for (const host of MEMBERS) await onHost(host, 'rm -f /home/ops/.sudo_as_admin_successful');
    await must(['apply', '-i', inventoryFile, '--yes']);
  });

  test('an unknown host key: which, where it was looked for, and how to record it', async () => {
    const lines = readFileSync(join(labFolder, 'known_hosts'), 'utf8').split('\n');
    const knownHosts = file('known_hosts.spoilt', lines.filter((line) => !line.startsWith('h3,')).join('\n'));
    const { code, said } = await applied(withNode('h3', { ssh: { knownHosts } }));
    expect(code).toBe(5);
    expect(said).toMatch(/✖ on h3: the host key of h3 \([\d.]+:22\) is unknown: it shows ssh-ed25519 SHA256:\S+/);
    expect(said).toContain('known_hosts.spoilt');
    expect(said).toMatch(/\[HOST_KEY\]\n {2}try: .*provision trust-hosts -i/);
  });

  test('a changed host key: what is known, from which line, and never accepted', async () => {
    const lines = readFileSync(join(labFolder, 'known_hosts'), 'utf8').split('\n');
    const other = lines.find((line) => line.startsWith('h4,'))?.replace(/^\S+/, `h3,${await address('h3')}`);
    const knownHosts = file('known_hosts.spoilt', `${other}\n`);
    const { code, said } = await applied(withNode('h3', { ssh: { knownHosts } }));
    expect(code).toBe(5);
    expect(said).toMatch(
      /✖ on h3: the host key of h3 .* has changed: it shows ssh-ed25519 SHA256:\S+; known is SHA256:\S+ \(.*known_hosts\.spoilt:1\)/,
    );
    expect(said).toMatch(/\[HOST_KEY\]\n {2}try: .*ssh-keygen -R/);
  });

  test('a wrong become password: whose, on which host, and one try only', async () => {
    const { code, said } = await applied(withNode('h3', { ssh: { user: 'ops', become: sudo('not-the-password') } }));
    expect(code).toBe(5);
    expect(said).toMatch(/✖ on h3: the become password of ops on h3 is wrong {2}\[BECOME\]/);
    expect(said).toMatch(/try: .*one try was made/);
    expect(said).not.toContain('not-the-password');
  });

  test('an unreachable host: its address and the reason', async () => {
    const nobody = (await address('h1')).replace(/\d+$/, '250');
    const inventory = writeInventory(spoilt, ({ nodes }) => {
      nodes.push({ name: 'h9', address: nobody, roles: ['worker'], ssh: { connectTimeout: 10 } } as { name: string });
    });
    const { code, said } = await applied(inventory);
    expect(code).toBe(5);
    expect(said).toMatch(
      new RegExp(`✖ on h9: h9 \\(${nobody}:22\\) cannot be reached: (there is no route to it|no answer within 10 s)`),
    );
    expect(said).toMatch(/\[UNREACHABLE\]/);
    expect(said).toMatch(/try: .*(check the address|is the host up)/);
  });

  test('an unknown key in the inventory: file, line, column, the nearest one; nobody is asked anything', async () => {
    const inventory = writeInventory(spoilt, (text) => {
      (text['cluster'] as Record<string, unknown>)['netwrok'] = 'flannel';
    });
    const line =
      readFileSync(inventory, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('netwrok')) + 1;
    const { code, said } = await applied(inventory);
    expect(code).toBe(3);
    expect(said).toMatch(new RegExp(`spoilt\\.yaml:${line}:\\d+`));
    expect(said).toMatch(/netwrok/);
    expect(said).toMatch(/network/);
    expect(said).not.toMatch(/connected|preflight/);
  });

  test('no host has noticed any of it', async () => {
    const after = await Promise.all(MEMBERS.map(stateNow));
    for (const [i] of MEMBERS.entries()) expect(differences(before[i] ?? {}, after[i] ?? {})).toEqual([]);
    expect(await hasDrift('h2')).toBe(true);
  });

  test('the right become password is as good as root', async () => {
    const inventory = writeInventory(spoilt, (text) => {
      text['ssh'] = { ...(text['ssh'] as object), user: 'ops', become: sudo('ops') };
    });
    const asRoot = await provision(['plan', '-i', inventoryFile]);
    const asOps = await provision(['plan', '-i', inventory]);
    const untimed = (text: string): string => text.replace(/^\[.*?\] /gm, '');
    expect([asOps.code, untimed(asOps.stderr)]).toEqual([2, untimed(asRoot.stderr)]);
    expect(asOps.stdout).toBe(asRoot.stdout);
  });
});

describe('a full disk', () => {
  const withFourth = (): string =>
    writeInventory(spoilt, ({ nodes }) => {
      nodes.push({ name: 'h4', address: fourth, roles: ['worker'] } as { name: string });
    });
  let fourth = '';
  beforeAll(async () => {
    await clusterUp();
    await lab.up({ name: LAB, hosts: HOSTS.length, fresh: ['h4'] });
    fourth = await address('h4');
    await driftOn('h2');
  });

  test('is found before anything is touched', async () => {
    await onHost('h4', 'mount -t tmpfs -o size=8m tmpfs /var/lib/containerd');
    try {
      const { code, said } = await applied(withFourth());
      expect(code).toBe(4);
      expect(said).toMatch(/\[DiskSpace-+var-lib-containerd\] h4: .* has 8 MiB free; 1024 MiB are needed/);
      expect(said).toMatch(/cure: make room on .*; what takes it: .*du -xh/);
      expect(said).toContain('nothing was touched');
      expect(await hasDrift('h2')).toBe(true);
      expect(await onHost('h4', 'ls -A /var/lib/provision 2>/dev/null || true')).toBe('');
    } finally {
      await onHost('h4', 'umount /var/lib/containerd');
    }
  });

  test('that fills in the middle stops that host with the step, the file and its own words; the others finish', async () => {
    await onHost(
      'h4',
      'mkdir -p -m 0700 /var/lib/provision/downloads; mount -t tmpfs -o size=1m tmpfs /var/lib/provision/downloads',
    );
    try {
      const { code, said } = await applied(withFourth());
      expect(code).toBe(1);
      expect(said).toMatch(/✖ runtime on h4: could not install cni-plugins/);
      expect(said).toMatch(/last words: [\s\S]*the disk is full:[\s\S]*\/var\/lib\/provision\/downloads/);
      expect(said).toMatch(
        /1 of 4 hosts failed \(h4\).*\n {2}go on: +mend it, then: provision apply -i \S+spoilt\.yaml/,
      );
      expect(await hasDrift('h2')).toBe(false);
      expect(await kubectl('get nodes -o name')).toBe('node/h1\nnode/h2\nnode/h3\n');
    } finally {
      await onHost('h4', 'umount /var/lib/provision/downloads');
    }
    const reset = await provision(['reset', '-i', withFourth(), '--limit', 'h4', '--yes']);
    expect([reset.code, reset.code === 0 ? '' : reset.stdout + reset.stderr]).toEqual([0, '']);
    expect(await onHost('h4', 'ls /var/lib/provision 2>/dev/null || true')).toBe('');
    rmSync(spoilt, { force: true });
  });
});

describe('two runs at once', () => {
  let first: ChildProcess | undefined;
  afterAll(() => void first?.kill('SIGKILL'));

  test('the second is told who holds the hosts; the first does not notice', async () => {
    await clusterUp();
    await driftOn('h2');
    const [program = '', ...words] = provisionWords(['apply', '-i', inventoryFile, '--yes', '--verbose']);
    const child = spawn(program, words, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    first = child;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // It stands still while it holds all locks.
    await new Promise<void>((resolve) => {
      const connected = new Set<string>();
      createInterface({ input: child.stderr }).on('line', (line) => {
        const host = /\] (h\d) +connected/.exec(line)?.[1];
        if (host !== undefined && connected.add(host).size === MEMBERS.length) resolve(void child.kill('SIGSTOP'));
      });
    });
    const second = await applied(inventoryFile);
    const looking = await provision(['plan', '-i', inventoryFile]);
    child.kill('SIGCONT');
    expect(second.code).toBe(6);
    expect(second.said).toMatch(new RegExp(`h\\d is locked by \\S+@\\S+ \\(pid ${child.pid}\\)`));
    expect(second.said).toMatch(/\[LOCKED\]\n[\s\S]* {2}try: +wait for that run/);
    expect(looking.code).toBe(2);
    expect(await ended).toBe(0);
    expect(await hasDrift('h2')).toBe(false);
  });
});

/** Command lines and environments of everything that runs on this machine, lab hosts included, again and again until told to stop. */
function sampler(): { stop(): Promise<string> } {
  const seen = new Set<string>();
  let isOn = true;
  const look = async (path: string): Promise<void> => {
    const text = await readFile(path, 'latin1').catch(() => ''); // it has ended meanwhile
    if (text !== '') seen.add(text.replaceAll('\0', ' '));
  };
  const run = async (): Promise<void> => {
    const known = new Set<string>();
    while (isOn) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
      // A process that stays is read twice: what it began as, and what it became by exec.
      for (const pid of pids) {
        if (known.has(`${pid} twice`)) continue;
        known.add(known.has(pid) ? `${pid} twice` : pid);
        await look(`/proc/${pid}/cmdline`);
        await look(`/proc/${pid}/environ`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = run();
  return {
    async stop() {
      isOn = false;
      await running;
      return [...seen].join('\n');
    },
  };
}

describe('a secret appears nowhere', () => {
  const poison = 'p0ison.Zk4-do_not_print';
  /** A line of each private key in the state folder: 48 random bytes that no other text holds. */
  const keys = (folder: string): readonly string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return keys(path);
      const [, body = ''] =
        /-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]+)-----END/.exec(readFileSync(path, 'utf8')) ?? [];
      return body.split('\n')[1] ?? [];
    });
  /** As it is, in a URL, and inside a longer text in base64, where it may begin at any of three places. */
  const forms = (secret: string): readonly string[] => [
    secret,
    encodeURIComponent(secret),
    ...[0, 1, 2].map((skipped) => {
      const whole = secret.slice(skipped, skipped + Math.floor((secret.length - skipped) / 3) * 3);
      return Buffer.from(whole).toString('base64');
    }),
  ];
  const TOKEN = /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/;

  beforeAll(async () => {
    await clusterUp();
    for (const host of MEMBERS) {
      await onHost(host, `cp -p /etc/shadow /etc/shadow.lab && echo 'ops:${poison}' | chpasswd`);
    }
  });
  afterAll(async () => {
    // Debian's sudo greets an administrator once, and remembers that it has.
    for (const host of MEMBERS)
      await onHost(host, 'mv -f /etc/shadow.lab /etc/shadow; rm -f /home/ops/.sudo_as_admin_successful');
    for (const name of ['spoilt.yaml', 'become-password', 'spoilt-plan.json'])
      rmSync(join(labFolder, name), { force: true });
  });

  test('while a worker leaves and joins: not in any output, journal, plan, process list or environment', async () => {
    const inventory = writeInventory(spoilt, (text) => {
      text['ssh'] = { ...(text['ssh'] as object), user: 'ops', become: sudo(poison) };
    });
    const journal = join(stateFolder, 'journal');
    mkdirSync(journal, { recursive: true });
    const old = new Set(readdirSync(journal));
    const plan = join(labFolder, 'spoilt-plan.json');
    const sampling = sampler();
    const outputs: string[] = [];
    for (const args of [
      ['reset', '--limit', 'h3', '--yes', '--verbose'],
      ['plan', '--verbose', '-o', plan],
      ['plan', '--json'],
      ['apply', '--yes', '--verbose'],
      ['apply', '--yes', '--json'],
    ]) {
      const [command = '', ...flags] = args;
      const { code, stdout, stderr } = await provision([command, '-i', inventory, ...flags]);
      outputs.push(stdout, stderr);
      expect({ command, code, said: [0, 2].includes(code) ? '' : stdout + stderr }).toEqual({
        command,
        code: command === 'plan' ? 2 : 0,
        said: '',
      });
    }
    const places: Record<string, string> = {
      outputs: outputs.join('\n'),
      plan: existsSync(plan) ? readFileSync(plan, 'utf8') : '',
      journal: readdirSync(journal)
        .filter((name) => !old.has(name))
        .map((name) => readFileSync(join(journal, name), 'utf8'))
        .join('\n'),
      processes: await sampling.stop(),
      logs: (
        await Promise.all(
          MEMBERS.map((host) => onHost(host, 'journalctl -b --no-pager -o cat; cat /var/log/*.log 2>/dev/null; true')),
        )
      ).join('\n'),
      leavings: (
        await Promise.all(
          MEMBERS.map((host) =>
            onHost(host, 'grep -rlsE "BEGIN .*PRIVATE KEY|p0ison" /run/provision* /tmp /var/tmp || true'),
          ),
        )
      ).join(''),
    };
    // It was looked at what it should be looked at.
    expect(places['processes']).toMatch(/kubelet --/);
    expect(places['processes']).toMatch(/apply -i \S+spoilt\.yaml/);
    expect(places['outputs']).toContain('join h3 to');
    expect(places['journal']).toContain('join h3 to');
    const secrets = [poison, ...keys(join(stateFolder, 'pki'))].flatMap(forms);
    expect(secrets.length).toBeGreaterThan(5 * 14);
    for (const [place, text] of Object.entries(places)) {
      expect({ place, found: secrets.filter((secret) => text.includes(secret)) }).toEqual({ place, found: [] });
      expect({ place, token: TOKEN.exec(text)?.[0] }).toEqual({ place, token: undefined });
      expect({ place, key: /BEGIN [A-Z ]*PRIVATE KEY/.exec(text)?.[0] }).toEqual({ place, key: undefined });
    }
    expect(places['leavings']).toBe('');
  });
});
