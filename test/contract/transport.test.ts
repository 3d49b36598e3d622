// The same sentences for every transport: the local one under each shell that is here, and SSH to a real sshd on loopback.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SshSettings, Transport } from '../../src/model/index.js';
import { connectSsh, localTransport, runProgram, scanHostKeys } from '../../src/transport/index.js';

const credentials = { passwordFor: () => Promise.reject(new Error('nobody is there to answer')) };
const SSHD = '/usr/sbin/sshd';

interface Kind {
  readonly name: string;
  /** Null: it can be had here; else why not. */
  readonly absent: string | null;
  /** Scripts in a row whose mean time is printed. */
  readonly rounds: number;
  readonly start: () => Promise<void>;
  readonly connect: (directory: string) => Promise<Transport>;
  /** Source text that connects and leaves the transport in `t`; for a process of its own. */
  readonly source: (directory: string) => string;
  readonly stop: () => Promise<void>;
}

const room = new URL('../../src/transport/index.js', import.meta.url).href;

function local(shell: string): Kind {
  const there = spawnSync(shell.split(' ')[0] ?? '', ['-c', 'true']).error === undefined;
  return {
    name: `local, ${shell}`,
    absent: there ? null : `${shell} is not installed`,
    rounds: shell === 'sh' ? 200 : 20,
    start: () => Promise.resolve(),
    connect: (directory) => Promise.resolve(localTransport({ directory, shell })),
    source: (directory) =>
      `import { localTransport } from '${room}'; const t = localTransport(${JSON.stringify({ directory, shell })});`,
    stop: () => Promise.resolve(),
  };
}

function openssh(): Kind {
  let folder = '';
  let sshd: ChildProcess | null = null;
  let ssh: SshSettings | null = null;
  const target = (directory: string): Parameters<typeof connectSsh>[0] => {
    if (ssh === null) throw new Error('sshd was not started');
    return {
      host: { name: 'loopback', address: '127.0.0.1' },
      ssh,
      credentials,
      env: {},
      helper: { directory, mayBeAnyone: true },
    };
  };
  return {
    name: 'OpenSSH on loopback',
    absent: existsSync(SSHD) ? null : `${SSHD} is not installed (Debian: openssh-server)`,
    rounds: 200,
    async start() {
      folder = mkdtempSync(join(tmpdir(), 'provision-sshd-'));
      const port = await freePort();
      for (const name of ['host', 'id']) {
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
      }
      // Where sshd goes when it has root to give up; only the package's unit makes it.
      if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
      const settings = [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'id.pub')}`,
        'StrictModes no',
        'UsePAM no',
        'PidFile none',
        'PermitRootLogin prohibit-password',
      ];
      writeFileSync(join(folder, 'sshd_config'), `${settings.join('\n')}\n`);
      sshd = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' });
      const plain: SshSettings = {
        user: userInfo().username,
        port,
        key: join(folder, 'id'),
        agent: false,
        password: null,
        knownHosts: [join(folder, 'known_hosts')],
        bastion: null,
        become: { method: 'none', password: null },
        connectTimeout: 5,
      };
      ssh = plain;
      const keys = await eventually(() => scanHostKeys({ ...target(''), ssh: plain }));
      writeFileSync(join(folder, 'known_hosts'), keys.map((key) => `${key.entry}\n`).join(''));
    },
    connect: (directory) => connectSsh(target(directory)),
    source: (directory) => {
      const { credentials: _live, ...settings } = target(directory);
      return `import { connectSsh } from '${room}'; const t = await connectSsh({ ...${JSON.stringify(settings)}, credentials: {} });`;
    },
    stop: () => {
      sshd?.kill();
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

for (const kind of [local('sh'), local('bash'), local('busybox sh'), openssh()]) {
  if (kind.absent !== null) {
    process.stdout.write(`skipped: ${kind.name}: ${kind.absent}\n`);
    continue;
  }
  describe(kind.name, () => sentences(kind));
}

function sentences(kind: Kind): void {
  let directory = '';
  let open: Transport[] = [];
  const connect = async (): Promise<Transport> => {
    const transport = await kind.connect(directory);
    open.push(transport);
    return transport;
  };
  const left = (): string[] => readdirSync(directory).filter((name) => !name.endsWith('.lock'));

  beforeAll(kind.start);
  afterAll(kind.stop);
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'provision-contract-'));
  });
  afterEach(async () => {
    for (const transport of open) await transport.close();
    open = [];
    // Cleaning up is the helper's own work: after close it may still be at it for a moment.
    await eventually(() => expect(left()).toEqual([]));
    rmSync(directory, { recursive: true });
  });

  test('stdout, stderr and the code stay apart', async () => {
    const { code, stdout, stderr } = await (await connect()).run('echo out; echo err >&2; exit 7');
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('a script of 1 MB arrives whole, and large outputs come back whole', async () => {
    const payload = 'x'.repeat(1024 * 1024);
    const script = `cat <<'END' | wc -c\n${payload}\nEND\nhead -c 3000000 /dev/zero | tr '\\0' y\nhead -c 300000 /dev/zero | tr '\\0' z >&2\n`;
    const { stdout, stderr } = await (await connect()).run(script);
    expect(stdout.split('\n')[0]?.trim()).toBe(String(payload.length + 1));
    expect(stdout.length - stdout.indexOf('y')).toBe(3_000_000);
    expect(stderr).toBe('z'.repeat(300_000));
  });

  test.each([
    65_535, 65_536, 65_537, 131_072, 1,
  ])('a script of %d bytes leaves nothing for the next word', async (bytes) => {
    const transport = await connect();
    const script = bytes === 1 ? '\n' : `exit 3 #${'c'.repeat(bytes - 8)}`;
    await transport.run(script);
    await expect(transport.run('echo next')).resolves.toMatchObject({ code: 0, stdout: 'next\n', stderr: '' });
  });

  test('lines are heard while they come', async () => {
    const lines: [string, number][] = [];
    const transport = await connect();
    await transport.run('true');
    const started = performance.now();
    await transport.run('echo one; sleep 0.2; printf "two\\nthree"', {
      onLine: (line) => lines.push([line, performance.now() - started]),
    });
    expect(lines.map(([line]) => line)).toEqual(['one', 'two', 'three']);
    expect((lines[1]?.[1] ?? 0) - (lines[0]?.[1] ?? 0)).toBeGreaterThan(100);
  });

  test('a listener that throws fails its own run and no other', async () => {
    const transport = await connect();
    const onLine = (): never => {
      throw new Error('deaf');
    };
    await expect(transport.run('echo a; echo b', { onLine })).rejects.toThrow('deaf');
    await expect(transport.run('echo next')).resolves.toMatchObject({ stdout: 'next\n' });
  });

  test('output that looks like nothing we know is passed on', async () => {
    const { stdout } = await (await connect()).run(
      `printf 'a\\000b\\r\\n\\n\\303\\251 0123456789abcdef0123456789abcdef 0\\n%%s'`,
    );
    expect(stdout).toBe('a\u0000b\r\n\né 0123456789abcdef0123456789abcdef 0\n%s');
  });

  test('a script cannot read the words that follow it', async () => {
    const transport = await connect();
    const outcomes = await Promise.all([
      transport.run('cat; read line; echo "read: $?"'),
      transport.run('echo second'),
    ]);
    expect(outcomes.map(({ stdout }) => stdout)).toEqual(['read: 1\n', 'second\n']);
  });

  test('a script that closes its streams still ends', async () => {
    const transport = await connect();
    await expect(transport.run('echo a; exec >&- 2>&-; exit 4')).resolves.toMatchObject({ code: 4, stdout: 'a\n' });
    await expect(transport.run('echo b')).resolves.toMatchObject({ code: 0, stdout: 'b\n' });
  });

  test('a script that kills itself is an outcome', async () => {
    const transport = await connect();
    await expect(transport.run('echo a; kill -9 $$')).resolves.toMatchObject({ code: 137, stdout: 'a\n' });
    await expect(transport.run('kill -TERM $$')).resolves.toMatchObject({ code: 143 });
  });

  test('a killed helper loses the connection, and the next one clears up after it', async () => {
    const transport = await connect();
    // What waits for the script outlives the helper: this script's own answer is still whole.
    const helper = `for d in "${directory}"/provision.*.*; do h=\${d#"${directory}"/provision.}; kill -9 "\${h%%.*}"; done`;
    await expect(transport.run(helper)).resolves.toMatchObject({ code: 0 });
    await expect(transport.run('echo never')).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringMatching(/lost while a script was running; state unknown/),
    });
    expect(left()).toHaveLength(1);
    const second = await connect();
    await second.run('true');
    expect(left()).toHaveLength(1);
  });

  test('a daemon that a script leaves behind holds up nobody', async () => {
    const transport = await connect();
    await transport.lock('first');
    const { stdout } = await transport.run('sleep 5 </dev/null & echo "$!"');
    const began = performance.now();
    await transport.close();
    try {
      expect(performance.now() - began).toBeLessThan(1500);
      await (await connect()).lock('second');
    } finally {
      process.kill(Number(stdout), 'SIGKILL');
    }
  });

  test('an interrupted script is ended with all that it started, and the next one runs', async () => {
    const transport = await connect();
    const stop = new AbortController();
    const began = performance.now();
    let child = 0;
    const onLine = (line: string): void => {
      child = Number(line);
      stop.abort();
    };
    const running = transport.run('sleep 30 & echo $!; wait; echo never', { signal: stop.signal, onLine });
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(performance.now() - began).toBeLessThan(4000);
    await eventually(() => expect(isAlive(child)).toBe(false));
    await expect(transport.run('echo next')).resolves.toMatchObject({ stdout: 'next\n' });
    await expect(transport.run('echo x', { signal: stop.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  test('one round trip per script', async () => {
    const transport = await connect();
    await transport.run('true');
    const { roundTrips, bytesOut } = transport.counters;
    const started = performance.now();
    for (let count = 0; count < kind.rounds; count += 1) await transport.run('echo hello');
    process.stdout.write(`${kind.name}: ${((performance.now() - started) / kind.rounds).toFixed(2)} ms per script\n`);
    expect(transport.counters.roundTrips - roundTrips).toBe(kind.rounds);
    expect(transport.counters.bytesOut - bytesOut).toBeLessThan(kind.rounds * 64);
  }, 30_000);

  test('the lock has one holder, by name, and may be taken again by the same', async () => {
    const first = await connect();
    const second = await connect();
    await first.lock('anna@laptop');
    await first.lock('anna@laptop');
    await expect(second.lock('ben')).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/is locked by anna@laptop \(pid \d+, since \d{4}-\d\d-\d\dT[\d:]+Z\)$/),
    });
    await first.close();
    await second.lock('ben');
  });

  test('kill -9 of its process frees the lock and leaves nothing', async () => {
    const source = `${kind.source(directory)} await t.lock('doomed'); console.log('locked'); setInterval(() => {}, 1000);`;
    const doomed = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => doomed.stdout?.once('data', resolve));
    const second = await connect();
    await expect(second.lock('heir')).rejects.toMatchObject({ code: 'LOCKED' });
    doomed.kill('SIGKILL');
    await eventually(() => second.lock('heir'));
    await eventually(() => expect(left()).toHaveLength(1));
  });

  test('a script can see that its operator is gone', async () => {
    const waits = 'echo begun; until [ -e "$PROVISION_LINE/gone" ]; do sleep 0.1; done';
    const source = `${kind.source(directory)} await t.lock('doomed'); await t.run(${JSON.stringify(waits)}, { onLine: console.log });`;
    const doomed = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => doomed.stdout?.once('data', resolve));
    doomed.kill('SIGKILL');
    const second = await connect();
    await eventually(() => second.lock('heir'));
  });

  test('scripts are private and gone when they have run', async () => {
    const transport = await connect();
    const { stdout } = await transport.run(`echo "$0"; ls -ld "\${0%/*}" "$0"; # secret`);
    const [path = '', folder, file] = stdout.split('\n');
    expect([folder?.slice(0, 10), file?.slice(0, 10)]).toEqual(['drwx------', '-rw-------']);
    expect(readFileSync(path, 'utf8')).toBe('');
  });
}

describe('runProgram', () => {
  test('passes words as they are, gives stdin, reports the code', async () => {
    const words = ["it's a file", '$HOME', 'a\nb', '-x', ''];
    const { stdout } = await runProgram(['printf', '[%s]', ...words]);
    expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
    await expect(runProgram(['cat'], { stdin: 'given' })).resolves.toMatchObject({ code: 0, stdout: 'given' });
    await expect(runProgram(['sh', '-c', 'kill -9 $$'])).resolves.toMatchObject({ code: 137 });
    await expect(runProgram(['sh', '-c', 'echo e >&2; exit 3'])).resolves.toMatchObject({ code: 3, stderr: 'e\n' });
  });

  test('lines come as they are written; an interrupt and a missing program are errors', async () => {
    const lines: string[] = [];
    await runProgram(['printf', 'a\nb'], { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['a', 'b']);
    const running = runProgram(['sleep', '30'], { signal: AbortSignal.timeout(50) });
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(runProgram(['no-such-program-here'])).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What `attempt` gives once it stops throwing; its last error after 3 s. */
async function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  const until = performance.now() + 3000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
