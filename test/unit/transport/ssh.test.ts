import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { SshSettings, Transport } from '../../../src/model/index.js';
import { bastionPool, connectSsh, fingerprint, type SshTarget, scanHostKeys } from '../../../src/transport/index.js';
import {
  answering,
  FAKE_SUDO,
  type FakeHost,
  type FakeHostOptions,
  fakeAgent,
  fakeHost,
  type Login,
  makeKey,
  settingsFor,
  workplace,
} from './fake-host.js';

const ED = makeKey('ed25519');
const EC = makeKey('ecdsa');
const STRANGER = makeKey('ed25519');

let place: ReturnType<typeof workplace>;
let open: { close(): Promise<void> }[];

beforeEach(() => {
  place = workplace();
  open = [];
});
afterEach(async () => {
  for (const one of open.reverse()) await one.close();
  place.remove();
});

async function host(options: Partial<FakeHostOptions> = {}): Promise<FakeHost> {
  const made = await fakeHost({ hostKeys: [ED], ...options });
  open.push(made);
  return made;
}

interface Wish {
  readonly known?: readonly (typeof ED)[];
  readonly ssh?: Partial<SshSettings>;
  readonly answer?: string;
  readonly target?: Partial<SshTarget>;
}

async function connect(to: FakeHost, wish: Wish = {}): Promise<Transport> {
  const transport = await connectSsh({
    host: { name: 'cp-1', address: '127.0.0.1' },
    ssh: settingsFor(to, place, wish.known ?? [ED], wish.ssh),
    credentials: answering(wish.answer ?? 'right').credentials,
    bastions: await bastionPool({ retryDelay: 1 }),
    env: {},
    helper: { directory: join(place.path, 'run'), mayBeAnyone: true },
    ...wish.target,
  });
  open.push(transport);
  return transport;
}

const failure = async (
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string; said: string }> => {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  const { code, message, hint, said } = error as Record<string, string>;
  return { code: code ?? '', message: message ?? '', hint: hint ?? '', said: said ?? '' };
};

describe('host keys', () => {
  test('an unknown one stops the login before it begins, and names its fingerprint and the way out', async () => {
    const to = await host();
    const { code, message, hint } = await failure(connect(to, { known: [] }));
    expect(code).toBe('HOST_KEY');
    expect(message).toContain(`cp-1 (127.0.0.1:${to.port}) is unknown: it shows ssh-ed25519 ${fingerprint(ED.blob)}`);
    expect(hint).toContain('provision trust-hosts -i INVENTORY');
    expect(to.seen.attempts).toEqual([]);
  });

  test('a changed one names both fingerprints, file and line', async () => {
    const to = await host();
    const { code, message, hint } = await failure(connect(to, { known: [EC, STRANGER] }));
    expect(code).toBe('HOST_KEY');
    expect(message).toContain(fingerprint(ED.blob));
    expect(message).toContain(`${fingerprint(STRANGER.blob)} (${join(place.path, `known_hosts.${to.port}`)}:2)`);
    expect(hint).toContain(`ssh-keygen -R '[127.0.0.1]:${to.port}'`);
    expect(to.seen.attempts).toEqual([]);
  });

  test('a revoked one is refused though it is known', async () => {
    const to = await host();
    const ssh = settingsFor(to, place, [ED]);
    const revoked = place.file('revoked', `@revoked * ${ED.public}\n`);
    const { code, message } = await failure(connect(to, { ssh: { knownHosts: [...ssh.knownHosts, revoked] } }));
    expect(code).toBe('HOST_KEY');
    expect(message).toContain(`revoked: ssh-ed25519 ${fingerprint(ED.blob)}, by ${revoked}:1`);
  });

  test('an authority is not taken for a key, and the error says why', async () => {
    const to = await host();
    const authority = place.file('authority', `@cert-authority * ${ED.public}\n`);
    const { code, message } = await failure(connect(to, { ssh: { knownHosts: [authority] } }));
    expect(code).toBe('HOST_KEY');
    expect(message).toContain('host certificates are not checked here');
  });

  test('a host with several keys is asked for the one that is known', async () => {
    const to = await host({ hostKeys: [ED, EC] });
    await expect((await connect(to, { known: [EC] })).run('echo hello')).resolves.toMatchObject({ stdout: 'hello\n' });
  });

  test('they are scanned without a login', async () => {
    const to = await host({ hostKeys: [ED, EC] });
    const keys = await scanHostKeys({
      host: { name: 'cp-1', address: '127.0.0.1' },
      ssh: settingsFor(to, place, [EC]),
      credentials: answering('').credentials,
    });
    expect(keys.map(({ type, verdict }) => `${type} ${verdict}`)).toEqual([
      'ssh-ed25519 unknown',
      'ecdsa-sha2-nistp256 match',
    ]);
    expect(keys[0]?.entry).toBe(`[127.0.0.1]:${to.port} ${ED.public.split(' ').slice(0, 2).join(' ')}`);
    expect(to.seen.attempts).toEqual([]);
  });
});

describe('login', () => {
  const byKey =
    (key: typeof ED): Login =>
    (context) =>
      context.method === 'publickey' && context.key.data.equals(key.blob);

  test('with a named key, and no other way is tried', async () => {
    const id = makeKey();
    const to = await host({ login: byKey(id) });
    await connect(to, { ssh: { key: place.file('id', id.private), password: null } });
    expect(new Set(to.seen.attempts)).toEqual(new Set(['publickey']));
  });

  test('with an agent: all of its keys, or only the one that the inventory names', async () => {
    const [first, second] = [makeKey(), makeKey('ed25519', 'right')];
    const socket = join(place.path, 'agent');
    open.push(await fakeAgent(socket, [first, second]));
    const to = await host({ login: byKey(second) });
    const env = { SSH_AUTH_SOCK: socket };
    await connect(to, { ssh: { agent: true, password: null }, target: { env } });
    expect(new Set(to.seen.keys)).toEqual(new Set([first, second].map((key) => fingerprint(key.blob))));
    to.seen.keys.length = 0;
    // Encrypted, and yet nobody is asked: its public half is in the clear, and the agent has it.
    const { asked, credentials } = answering('right');
    const key = place.file('id', second.private);
    await connect(to, { ssh: { agent: true, key, password: null }, target: { env, credentials } });
    expect([asked, new Set(to.seen.keys)]).toEqual([[], new Set([fingerprint(second.blob)])]);
    to.seen.keys.length = 0;
    await failure(connect(to, { ssh: { agent: false, password: null }, target: { env } }));
    expect(to.seen.keys).toEqual([]);
  });

  test('an agent that is not there is passed over', async () => {
    const to = await host();
    const env = { SSH_AUTH_SOCK: join(place.path, 'nowhere') };
    await connect(to, { ssh: { agent: true }, target: { env } });
  });

  test('an encrypted key is asked for once per run, whatever the number of hosts', async () => {
    const id = makeKey('ed25519', 'right');
    const to = await host({ login: byKey(id) });
    const { asked, credentials } = answering('right');
    const key = place.file('id', id.private);
    const bastions = await bastionPool();
    const wish = { ssh: { key, password: null }, target: { credentials, bastions } };
    await Promise.all([connect(to, wish), connect(to, wish), connect(to, wish)]);
    expect(asked).toEqual([`key ${key}`]);
  });

  test('a wrong passphrase says so', async () => {
    const to = await host();
    const key = place.file('id', makeKey('ed25519', 'right').private);
    const { code, message } = await failure(connect(to, { ssh: { key, password: null }, answer: 'wrong' }));
    expect(code).toBe('AUTH');
    expect(message).toBe(`the passphrase of private key ${key} is wrong`);
  });

  test('a key that others can read is refused before anything is sent', async () => {
    const to = await host();
    const key = place.file('id', makeKey().private, 0o644);
    const { code, message, hint } = await failure(connect(to, { ssh: { key } }));
    expect([code, message, hint]).toEqual([
      'AUTH',
      `private key ${key} is open to others (mode 644)`,
      `chmod 600 ${key}`,
    ]);
    expect(to.seen.connections).toBe(0);
  });

  test('a password is asked for only if the inventory says so', async () => {
    const login: Login = (context) => context.method === 'password' && context.password === 'right';
    const to = await host({ login });
    const { asked, credentials } = answering('right');
    const refused = await failure(connect(to, { ssh: { password: null }, target: { credentials } }));
    expect(refused.code).toBe('AUTH');
    expect(asked).toEqual([]);
    await connect(to, { target: { credentials } });
    expect(asked).toEqual(['ssh deploy@cp-1']);
  });

  test('a refusal lists what was tried and what the host takes, and each secret was offered once', async () => {
    const to = await host({ login: () => false });
    const key = place.file('id', makeKey().private);
    const { code, message } = await failure(connect(to, { ssh: { key } }));
    expect(code).toBe('AUTH');
    expect(message).toContain(`tried key ${key}, password; the host takes publickey, password`);
    expect(to.seen.attempts).toEqual(['publickey', 'password']);
  });

  test('an sshd that drops connections is tried again, and no more than three times', async () => {
    const to = await host({ dropFirst: 2 });
    await connect(to);
    expect(to.seen.connections).toBe(3);
    const worse = await host({ dropFirst: 99 });
    const { code, message, hint } = await failure(connect(worse));
    expect([code, worse.seen.connections]).toEqual(['UNREACHABLE', 3]);
    expect(message).toContain('closed the connection before the login, 3 times in a row');
    expect(hint).toContain('MaxStartups');
  });

  test('no more than eight logins at a time at one sshd', async () => {
    const pool = await bastionPool();
    const leave: (() => void)[] = [];
    const enter = (sshd: string): Promise<void> =>
      pool.turn(sshd, () => new Promise((resolve) => void leave.push(resolve)));
    const all = [...Array.from({ length: 12 }, () => enter('one:22')), enter('another:22')];
    const entered = async (): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve));
      return leave.length;
    };
    expect(await entered()).toBe(9);
    leave[0]?.();
    expect(await entered()).toBe(10);
    for (let at = 1; at < 13; at += 1) {
      await entered();
      leave[at]?.();
    }
    await Promise.all(all);
  });

  test('a banner of 500 lines and a greeting before it are no obstacle', async () => {
    const lines = 'Authorised use only.\r\n'.repeat(500);
    const to = await host({ greeting: lines, banner: lines });
    await expect((await connect(to)).run('echo hello')).resolves.toMatchObject({ stdout: 'hello\n' });
  });

  test('each way of not getting there has its own sentence', async () => {
    const at = (address: string, port: number): Promise<Transport> =>
      connect({ port } as FakeHost, { target: { host: { name: 'cp-1', address } } });
    const closed = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as net.AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    expect(await failure(at('127.0.0.1', port))).toMatchObject({
      code: 'UNREACHABLE',
      message: `cp-1 (127.0.0.1:${port}) cannot be reached: nothing listens on port ${port}`,
    });
    expect(await failure(at('no-such-host.invalid', 22))).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('the name no-such-host.invalid does not resolve'),
    });
    const held: net.Socket[] = [];
    const silent = net.createServer((socket) => void held.push(socket)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    open.push({
      close: () =>
        new Promise((resolve) => {
          silent.close(() => resolve());
          for (const socket of held) socket.destroy();
        }),
    });
    const there = { port: (silent.address() as net.AddressInfo).port } as FakeHost;
    expect(await failure(connect(there, { ssh: { connectTimeout: 0.1 } }))).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('did not finish SSH within 0.1 s'),
    });
  });

  test('the socket has TCP_NODELAY before its first byte', async () => {
    const connectSocket = jest.spyOn(net, 'connect');
    try {
      await connect(await host());
      expect(connectSocket.mock.calls.map(([options]) => options)).toEqual([
        expect.objectContaining({ noDelay: true }),
      ]);
    } finally {
      connectSocket.mockRestore();
    }
  });

  test('an interrupted one ends at once', async () => {
    const to = await host({ exec: () => undefined });
    const stop = new AbortController();
    const connecting = failure(connect(to, { target: { signal: stop.signal } }));
    setTimeout(() => stop.abort(), 60);
    expect((await connecting).code).toBe('INTERRUPTED');
  });
});

describe('a bastion', () => {
  const through = (bastion: FakeHost, to: FakeHost, known: string[]): Partial<SshSettings> => ({
    bastion: { address: '127.0.0.1', port: bastion.port, user: 'jump', key: null },
    knownHosts: [...settingsFor(to, place, [ED]).knownHosts, ...known],
  });

  test('carries many hosts on one verified connection, which ends with the last of them', async () => {
    const bastion = await host({ hostKeys: [EC] });
    const to = await host();
    const known = [...settingsFor(bastion, place, [EC]).knownHosts];
    const bastions = await bastionPool();
    const wish = { ssh: through(bastion, to, known), target: { bastions } };
    const both = await Promise.all([connect(to, wish), connect(to, wish)]);
    await expect(both[1]?.run('echo hello')).resolves.toMatchObject({ stdout: 'hello\n' });
    expect([bastion.seen.connections, bastion.seen.forwards]).toEqual([1, 2]);
    for (const one of both) await one.close();
    await connect(to, wish);
    expect(bastion.seen.connections).toBe(2);
  });

  test('with an unknown key is refused itself, and the host behind it never hears of us', async () => {
    const bastion = await host({ hostKeys: [EC] });
    const to = await host();
    const { code, message } = await failure(connect(to, { ssh: through(bastion, to, []) }));
    expect(code).toBe('HOST_KEY');
    expect(message).toContain('bastion 127.0.0.1');
    expect([bastion.seen.attempts, to.seen.connections]).toEqual([[], 0]);
  });

  test('does not vouch for the host behind it', async () => {
    const bastion = await host({ hostKeys: [EC] });
    const to = await host({ hostKeys: [STRANGER] });
    const known = [...settingsFor(bastion, place, [EC]).knownHosts];
    const { code } = await failure(connect(to, { ssh: through(bastion, to, known) }));
    expect([code, to.seen.attempts]).toEqual(['HOST_KEY', []]);
  });
});

describe('becoming root', () => {
  const sudoHost = async (env: Record<string, string> = {}): Promise<FakeHost> => {
    place.file('bin/sudo', FAKE_SUDO, 0o700);
    const path = `${join(place.path, 'bin')}:${process.env['PATH'] ?? ''}`;
    return host({ env: { PATH: path, FAKE_SUDO_LOG: join(place.path, 'tries'), ...env } });
  };
  const tries = (): number =>
    existsSync(join(place.path, 'tries'))
      ? readFileSync(join(place.path, 'tries'), 'utf8').trim().split('\n').length
      : 0;
  const sudo = (password: SshSettings['become']['password']): Partial<SshSettings> => ({
    become: { method: 'sudo', password },
  });

  test('with the right password, which is in no command line', async () => {
    const to = await sudoHost({
      FAKE_PASSWORD: 'right',
      FAKE_SUDO_SAYS: 'We trust you have received the usual lecture.',
    });
    const transport = await connect(to, { ssh: sudo('prompt') });
    const outcome = await transport.run(
      'cat /proc/$PPID/cmdline /proc/self/environ 2>/dev/null | tr "\\0" " "; echo ok',
    );
    expect(outcome.stdout).toContain('ok\n');
    expect(`${to.seen.commands.join('\n')}${outcome.stdout.replace(/FAKE_PASSWORD=right/, '')}`).not.toContain('right');
    await transport.run('true');
    expect(to.seen.commands).toHaveLength(1);
  });

  test('with a password from a private file', async () => {
    const file = place.file('become', 'right\n');
    const to = await sudoHost({ FAKE_PASSWORD: 'right' });
    await connect(to, { ssh: sudo({ file }), answer: 'not asked' });
    chmodSync(file, 0o640);
    expect(await failure(connect(to, { ssh: sudo({ file }) }))).toMatchObject({ hint: `chmod 600 ${file}` });
  });

  test('nobody is asked for a password that sudo does not want', async () => {
    const { asked, credentials } = answering('right');
    await connect(await sudoHost(), { ssh: sudo('prompt'), target: { credentials } });
    expect(asked).toEqual([]);
  });

  test('a wrong password is tried once', async () => {
    const to = await sudoHost({ FAKE_PASSWORD: 'right' });
    const { code, message } = await failure(connect(to, { ssh: sudo('prompt'), answer: 'wrong' }));
    expect([code, message]).toEqual(['BECOME', 'the become password of deploy on cp-1 is wrong']);
    expect(tries()).toBe(1);
  });

  test.each([
    [
      'a password is wanted and none configured',
      { FAKE_PASSWORD: 'right' },
      'sudo wants a password',
      'become.password: prompt',
    ],
    [
      'a terminal is wanted',
      { FAKE_SUDO_FAILS: '1', FAKE_SUDO_SAYS: 'sudo: sorry, you must have a tty to run sudo' },
      'sudo wants a terminal',
      'Defaults:deploy !requiretty',
    ],
    [
      'sudo is not allowed',
      { FAKE_SUDO_FAILS: '1', FAKE_SUDO_SAYS: 'deploy is not in the sudoers file.' },
      'sudo is not allowed',
      'allow deploy to run',
    ],
  ])('%s', async (_name, env, why, cure) => {
    const { code, message, hint } = await failure(connect(await sudoHost(env), { ssh: sudo(null) }));
    expect([code, message]).toEqual(['BECOME', `deploy cannot become root on cp-1: ${why}`]);
    expect(hint).toContain(cure);
  });

  test('a login that is not root is told how to become it', async () => {
    const exec: FakeHostOptions['exec'] = (channel, command) => {
      channel.write(`${/[0-9a-f]{32}/.exec(command)?.[0]} hello 1000\n`);
    };
    const helper = { directory: join(place.path, 'run') };
    const { code, message, hint } = await failure(connect(await host({ exec }), { target: { helper } }));
    expect([code, message]).toEqual(['BECOME', 'deploy on cp-1 is not root (uid 1000)']);
    expect(hint).toContain('become.method: sudo');
  });
});

describe('a lost connection', () => {
  test('rejects the running script with what it had said, and leaves nothing behind', async () => {
    const to = await host();
    const transport = await connect(to);
    const lost = failure(transport.run('echo begun; exec sleep 0.3', { onLine: () => to.cut() }));
    const waiting = failure(transport.run('echo never'));
    expect(await lost).toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('connection to cp-1 lost while a script was running; state unknown'),
      said: 'begun\n',
    });
    expect((await waiting).code).toBe('UNREACHABLE');
    expect((await failure(transport.run('true'))).code).toBe('UNREACHABLE');
    await eventually(() => readdirSync(join(place.path, 'run')).length === 0);
  });

  test('frees the lock', async () => {
    const to = await host();
    const first = await connect(to);
    await first.lock('anna on laptop\nwith a second line');
    const second = await connect(to);
    expect(await failure(second.lock('ben'))).toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(
        /^cp-1 is locked by anna on laptop with a second line \(pid \d+, since 20\d\d-.*Z\)$/,
      ),
    });
    to.cut();
    const third = await connect(to);
    await eventually(async () => (await failure(third.lock('carla'))).message === 'it did not fail');
  });
});

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not come true within 2 s');
}

describe('a way back', () => {
  const freePort = (): Promise<number> =>
    new Promise((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as net.AddressInfo;
        server.close(() => resolve(port));
      });
    });

  test("what connects to the host's own port comes here, both ways, while its shell goes on working", async () => {
    const to = await host();
    const port = await freePort();
    const heard: string[] = [];
    const wayBack = {
      port,
      take: (stream: Duplex) =>
        void stream.on('data', (bytes: Buffer) => {
          heard.push(bytes.toString());
          stream.end(`you said ${bytes}`);
        }),
    };
    const transport = await connect(to, { target: { wayBack } });
    const answer = new Promise<string>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write('hello'));
      socket.once('data', (bytes) => resolve(bytes.toString()));
    });
    expect(await answer).toBe('you said hello');
    expect(heard).toEqual(['hello']);
    await expect(transport.run('echo still')).resolves.toMatchObject({ stdout: 'still\n' });
  });

  test.each([
    ['sshd that forbids it', async () => ({ to: await host({ forwarding: false }), port: await freePort() })],
    [
      'port that somebody else has',
      async () => {
        const server = net.createServer().listen(0, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        open.push({ close: async () => void server.close() });
        return { to: await host(), port: (server.address() as net.AddressInfo).port };
      },
    ],
  ])('is refused by a %s: the connection ends, and the letter says what to look at', async (_, scene) => {
    const { to, port } = await scene();
    const { code, message, hint } = await failure(
      connect(to, { target: { wayBack: { port, take: () => undefined } } }),
    );
    expect({ code, message }).toEqual({ code: 'UNREACHABLE', message: `cp-1 opens no way back on 127.0.0.1:${port}` });
    expect(hint).toMatch(/AllowTcpForwarding yes.*provision bundle serve/);
  });
});
