// A host made of ssh2's own server on loopback. Commands run in a real shell of this machine, with a sudo of ours first on PATH.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthContext, Connection, ServerChannel } from 'ssh2';
import ssh2 from 'ssh2';
import { type Credentials, Secret, type SshSettings } from '../../../src/model/index.js';
import { fingerprint, formatEntry } from '../../../src/transport/index.js';

export interface FakeKey {
  readonly private: string;
  readonly public: string;
  /** The raw public blob. */
  readonly blob: Buffer;
}

/** Makes keys until one can be read: ssh2 1.17 drops leading zeros of an ed25519 key, one in 256 (mscdex/ssh2 issue 1390). */
export function makeKey(type: 'ed25519' | 'ecdsa' = 'ed25519', passphrase?: string): FakeKey {
  for (;;) {
    const pair = generate(type, passphrase);
    const halves = [ssh2.utils.parseKey(pair.public), ssh2.utils.parseKey(pair.private, passphrase)];
    if (halves.some((half) => half instanceof Error)) continue;
    return { ...pair, blob: Buffer.from(pair.public.split(' ')[1] ?? '', 'base64') };
  }
}

function generate(type: 'ed25519' | 'ecdsa', passphrase?: string): { private: string; public: string } {
  const { generateKeyPairSync } = ssh2.utils;
  if (type === 'ecdsa') return generateKeyPairSync('ecdsa', { bits: 256 });
  if (passphrase === undefined) return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ed25519', { passphrase, cipher: 'aes256-ctr', rounds: 1 });
}

export interface FakeHost {
  readonly port: number;
  readonly seen: {
    connections: number;
    attempts: string[];
    keys: string[];
    commands: string[];
    forwards: number;
    mostAtOnce: number;
  };
  /** Cuts every connection as a lost network would. */
  cut(): void;
  close(): Promise<void>;
}

export type Login = (context: AuthContext) => boolean;

export interface FakeHostOptions {
  readonly hostKeys: readonly FakeKey[];
  /** True lets the login in. Default: everyone. */
  readonly login?: Login;
  /** In place of a real shell. */
  readonly exec?: (channel: ServerChannel, command: string) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** false: AllowTcpForwarding no. */
  readonly forwarding?: boolean;
  readonly greeting?: string;
  readonly banner?: string;
  /** How many connections are dropped before the first word, as MaxStartups does. */
  readonly dropFirst?: number;
}

export async function fakeHost(options: FakeHostOptions): Promise<FakeHost> {
  const seen = {
    connections: 0,
    attempts: [] as string[],
    keys: [] as string[],
    commands: [] as string[],
    forwards: 0,
    mostAtOnce: 0,
  };
  const sockets = new Set<net.Socket>();
  const children = new Set<ChildProcess>();
  const server = new ssh2.Server(
    {
      hostKeys: options.hostKeys.map((key) => key.private),
      ...(options.greeting === undefined ? {} : { greeting: options.greeting }),
      ...(options.banner === undefined ? {} : { banner: options.banner }),
    },
    (client) => serve(client, options, seen, children),
  );
  // A listener of our own: it counts and drops sockets before ssh2 sees them.
  let loggingIn = 0;
  // sshd sets TCP_NODELAY; ssh2's server does not, and every answer would wait for a delayed ACK.
  const listener = net.createServer({ noDelay: true }, (socket) => {
    seen.connections += 1;
    if (seen.connections <= (options.dropFirst ?? 0)) {
      socket.destroy();
      return;
    }
    loggingIn += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, loggingIn);
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      loggingIn -= 1;
      sockets.delete(socket);
    });
    server.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (listener.address() as net.AddressInfo).port,
    seen,
    cut,
    async close() {
      cut();
      for (const child of children) child.stdin?.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function serve(
  client: Connection,
  options: FakeHostOptions,
  seen: FakeHost['seen'],
  children: Set<ChildProcess>,
): void {
  client.on('error', () => undefined);
  client.on('authentication', (context) => {
    seen.attempts.push(context.method);
    if (context.method === 'publickey') seen.keys.push(fingerprint(context.key.data));
    if (options.login?.(context) ?? true) context.accept();
    else context.reject(['publickey', 'password']);
  });
  client.on('tcpip', (accept, _reject, info) => {
    seen.forwards += 1;
    const channel = accept();
    const socket = net.connect({ port: info.destPort, host: info.destIP, noDelay: true });
    channel.pipe(socket).pipe(channel);
    socket.on('error', () => channel.close());
    channel.on('error', () => socket.destroy());
    channel.on('close', () => socket.destroy());
  });
  client.on('request', (accept, reject, name, info) => {
    if (name !== 'tcpip-forward' || !('bindAddr' in info) || options.forwarding === false) {
      reject?.();
      return;
    }
    const listener = net.createServer((socket) => {
      client.forwardOut(info.bindAddr, info.bindPort, '127.0.0.1', socket.remotePort ?? 0, (error, channel) => {
        if (error) {
          socket.destroy();
          return;
        }
        socket.pipe(channel).pipe(socket);
        socket.on('error', () => channel.close());
        channel.on('error', () => socket.destroy());
      });
    });
    listener.once('error', () => reject?.());
    listener.listen(info.bindPort, info.bindAddr, () => accept?.());
    client.once('close', () => listener.close());
  });
  client.on('session', (accept) => {
    const session = accept();
    session.on('exec', (acceptExec, _reject, info) => {
      seen.commands.push(info.command);
      const channel = acceptExec();
      if (options.exec !== undefined) options.exec(channel, info.command);
      else realShell(channel, info.command, options.env ?? {}, children);
    });
  });
}

function realShell(
  channel: ServerChannel,
  command: string,
  env: Readonly<Record<string, string>>,
  children: Set<ChildProcess>,
): void {
  const child = spawn('sh', ['-c', command], { stdio: 'pipe', env: { ...process.env, ...env } });
  children.add(child);
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk) => channel.write(chunk));
  child.stderr.on('data', (chunk) => channel.stderr.write(chunk));
  channel.on('error', () => undefined);
  // A channel that dies with its connection never ends by itself.
  channel.on('close', () => child.stdin.destroy());
  child.on('close', (code) => {
    children.delete(child);
    if (!channel.writable) return;
    channel.exit(code ?? 1);
    channel.end();
  });
}

/** An agent on a Unix socket that holds these keys, opened with `right` where they are locked. */
export async function fakeAgent(socket: string, keys: readonly FakeKey[]): Promise<{ close(): Promise<void> }> {
  const parsed = keys.flatMap((key) => {
    const held = ssh2.utils.parseKey(key.private, 'right');
    return held instanceof Error ? [] : [held];
  });
  const server = net.createServer((stream) => {
    const agent = new ssh2.AgentProtocol(false);
    agent.on('identities', (request) => agent.getIdentitiesReply(request, parsed));
    agent.on('sign', (request, wanted, bytes) => {
      const key = parsed.find((held) => held.getPublicSSH().equals(wanted.getPublicSSH()));
      if (key === undefined) agent.failureReply(request);
      else agent.signReply(request, key.sign(bytes));
    });
    stream.pipe(agent).pipe(stream);
    stream.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** A directory with everything one test host needs; removed by `remove`. */
export function workplace(): {
  readonly path: string;
  file(name: string, text: string, mode?: number): string;
  remove(): void;
} {
  const path = mkdtempSync(join(tmpdir(), 'provision-test-'));
  mkdirSync(join(path, 'run'));
  mkdirSync(join(path, 'bin'));
  return {
    path,
    file(name, text, mode = 0o600) {
      const file = join(path, name);
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** What sudo does as far as we use it: -n, -k, -S, -p; its password is in $FAKE_PASSWORD, or none is asked for. */
export const FAKE_SUDO = `#!/bin/sh
n= p=
while [ $# -gt 0 ]; do
  case $1 in
  -n) n=1; shift ;;
  -k|-S) shift ;;
  -p) p=$2; shift 2 ;;
  --) shift; break ;;
  *) break ;;
  esac
done
echo "$FAKE_SUDO_SAYS" >&2
[ -z "$FAKE_SUDO_FAILS" ] || exit 1
if [ -n "$FAKE_PASSWORD" ]; then
  if [ -n "$n" ]; then echo "sudo: a password is required" >&2; exit 1; fi
  for try in 1 2 3; do
    printf '%s' "$p" >&2
    read -r given || { echo "sudo: no password was provided" >&2; exit 1; }
    echo try >>"$FAKE_SUDO_LOG"
    if [ "$given" = "$FAKE_PASSWORD" ]; then exec "$@"; fi
    echo "Sorry, try again." >&2
  done
  exit 1
fi
exec "$@"
`;

/** Settings for a fake host, its key known. */
export function settingsFor(
  host: Pick<FakeHost, 'port'>,
  place: ReturnType<typeof workplace>,
  known: readonly FakeKey[],
  changes: Partial<SshSettings> = {},
): SshSettings {
  const lines = known.map((key) => formatEntry({ address: '127.0.0.1', port: host.port, key: key.blob }));
  return {
    user: 'deploy',
    port: host.port,
    key: null,
    agent: false,
    password: 'prompt',
    knownHosts: [place.file(`known_hosts.${host.port}`, `${lines.join('\n')}\n`)],
    bastion: null,
    become: { method: 'none', password: null },
    connectTimeout: 5,
    ...changes,
  };
}

/** Gives the same answer to every question and writes the questions down. */
export function answering(answer: string): { readonly asked: string[]; readonly credentials: Credentials } {
  const asked: string[] = [];
  return {
    asked,
    credentials: {
      passwordFor: (purpose, subject) => {
        asked.push(`${purpose} ${subject}`);
        return Promise.resolve(new Secret(answer));
      },
    },
  };
}
