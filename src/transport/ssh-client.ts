// One verified, logged-in SSH connection: dial, check the host key, log in. Says nothing of what runs over it.
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2';
import ssh2 from 'ssh2';
import { type Credentials, ProvisionError } from '../model/index.js';
import { deadline } from './deadline.js';
import { judgeHostKey, type KnownHost, knownKeyTypes } from './known-hosts.js';
import {
  cannotReach,
  forwardRefused,
  handshakeTimedOut,
  hostKeyError,
  loginRefused,
  type Place,
  serverDropped,
} from './ssh-errors.js';
import { agentKeys, type Keyring, type Paused } from './ssh-keys.js';

/** Everything one login needs. Times in seconds. */
export interface Login {
  readonly place: Place;
  readonly key: string | null;
  /** Socket of the agent; undefined: do not use one. */
  readonly agentSocket: string | undefined;
  readonly password: 'prompt' | null;
  readonly knownHosts: readonly KnownHost[];
  readonly knownHostsFiles: readonly string[];
  readonly connectTimeout: number;
  readonly credentials: Credentials;
  readonly keyring: Keyring;
  /** The bastion to go through, logged in already. */
  readonly via: { readonly client: Client; readonly name: string } | null;
  readonly signal: AbortSignal | undefined;
  /** First pause before a further try, in ms. */
  readonly retryDelay: number;
  /** Waits for a place among those who may be shaking hands with this sshd. */
  readonly turn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A server over MaxStartups drops at random: three tries with growing, jittered pauses pass it. */
const TRIES = 3;

// Never SHA-1: ssh-rsa signatures and hmac-sha1 are left out of ssh2's own lists. Kex and ciphers are its defaults.
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const MACS = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
] as const;

const keyTypeOf = (algorithm: string): string => (algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm);

/** Types that are known for the host come first, so that a known key is what it shows. */
export function hostKeyAlgorithms(known: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string): boolean => known.includes(keyTypeOf(algorithm));
  return [...HOST_KEY_ALGORITHMS.filter(isKnown), ...HOST_KEY_ALGORITHMS.filter((a) => !isKnown(a))];
}

/** What every connection of ours negotiates, whoever it is for. */
export function sshConfig(user: string, serverHostKey: ServerHostKeyAlgorithm[]): ConnectConfig {
  return {
    username: user,
    agentForward: false,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 3,
    readyTimeout: 0,
    algorithms: { serverHostKey, hmac: [...MACS], compress: ['none'] },
  };
}

/** A connected byte stream to the sshd: a socket with TCP_NODELAY set before the first byte, or the bastion's channel. */
export function dial(login: Pick<Login, 'place' | 'via' | 'connectTimeout' | 'signal'>): Promise<Duplex> {
  const { place, via, connectTimeout, signal } = login;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(interruptedAt(place));
      return;
    }
    if (via !== null) {
      via.client.forwardOut('127.0.0.1', 0, place.address, place.port, (error, channel) => {
        if (error) reject(forwardRefused(place, via.name, error));
        else resolve(channel);
      });
      return;
    }
    // ssh2 never sets TCP_NODELAY; without it every exec waits for two delayed ACKs of 40 ms.
    const socket = net.connect({ host: place.address, port: place.port, noDelay: true });
    // Not net.connect's own `signal`: that one destroys the socket at any later time, too, and what runs on a host is to be finished.
    const abort = (): void => void socket.destroy(interruptedAt(place));
    signal?.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' }));
    }, connectTimeout * 1000);
    const settled = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: Error): void => {
      settled();
      reject(signal?.aborted ? interruptedAt(place) : cannotReach(place, error, connectTimeout, null));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      settled();
      socket.off('error', fail);
      // An error between here and ssh2's own listener must not end the process.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

const interruptedAt = (place: Place): ProvisionError =>
  new ProvisionError('INTERRUPTED', `interrupted while connecting to ${place.name}`, { host: place.name });

/** Logs in, or throws HOST_KEY, AUTH, UNREACHABLE or INTERRUPTED. No byte of a secret leaves before the key is verified. */
export async function openClient(login: Login): Promise<Client> {
  if (login.key !== null) await login.keyring.outline(login.key, login.place.name);
  for (let tries = 1; ; tries += 1) {
    const outcome = await login.turn(() => tryOnce(login));
    if (outcome.type === 'ready') return outcome.client;
    if (tries === TRIES) throw serverDropped(login.place, tries, outcome.said);
    await pause(login.retryDelay * 2 ** (tries - 1) * (0.5 + Math.random()), login);
  }
}

async function pause(ms: number, { signal, place }: Login): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(interruptedAt(place));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

type Try = { readonly type: 'ready'; readonly client: Client } | { readonly type: 'dropped'; readonly said: string };

async function tryOnce(login: Login): Promise<Try> {
  const { place, signal, connectTimeout } = login;
  if (signal?.aborted) throw interruptedAt(place);
  const sock = await dial(login);
  const client = new ssh2.Client();
  const seen = { greeting: '', refusals: 0, tried: [] as string[], accepted: null as readonly string[] | null };
  return new Promise<Try>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clock.stop();
      signal?.removeEventListener('abort', abort);
      act();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        client.end();
        sock.destroy();
        reject(error);
      });
    const dropped = (said: string): void => {
      if (seen.refusals > 0) fail(loginRefused(place, seen.tried, seen.accepted, said));
      else settle(() => resolve({ type: 'dropped', said: `${seen.greeting}${said}`.trim() }));
    };
    const abort = (): void => fail(interruptedAt(place));
    const clock = deadline(connectTimeout * 1000, () => fail(handshakeTimedOut(place, connectTimeout)));
    signal?.addEventListener('abort', abort, { once: true });

    client.on('greeting', (text) => {
      seen.greeting = text.slice(0, 2000);
    });
    client.once('ready', () => settle(() => resolve({ type: 'ready', client })));
    client.on('error', (error: Error & { level?: string; code?: unknown }) => {
      // An agent that fails is passed over; the next way to log in is tried.
      if (error.level === 'agent') return;
      if (error.level === 'client-authentication') fail(loginRefused(place, seen.tried, seen.accepted, ''));
      else if (typeof error.code === 'number' && seen.tried.length > 0) {
        fail(loginRefused(place, seen.tried, seen.accepted, error.message));
      } else if (error.level === 'client-socket' || error.level === 'protocol') dropped(error.message);
      else fail(brokenHandshake(place, error));
    });
    client.once('close', () => dropped('the connection was closed'));

    const attempts = waysIn(login, clock.paused, seen.tried);
    client.connect({
      ...sshConfig(place.user, hostKeyAlgorithms(knownKeyTypes(login.knownHosts, place.address, place.port))),
      sock,
      hostVerifier: (key: Buffer) => {
        const verdict = judgeHostKey(login.knownHosts, place.address, place.port, key);
        const error = hostKeyError(place, verdict, key, login.knownHostsFiles);
        if (error !== null) fail(error);
        return error === null;
      },
      authHandler: (left, _partial, next) => {
        if (left !== null) {
          seen.refusals += 1;
          seen.accepted = left;
        }
        attempts.next(seen.accepted).then((way) => {
          // ssh2 takes `false` for "no more"; its type says only methods.
          if (way === null) fail(loginRefused(place, seen.tried, seen.accepted, ''));
          else next(way);
        }, fail);
      },
    });
  });
}

function brokenHandshake(place: Place, error: Error): ProvisionError {
  return new ProvisionError('UNREACHABLE', `no SSH connection to ${place.name} came up: ${error.message}`, {
    host: place.name,
    said: error.message,
    hint: `try: ssh -v -p ${place.port} ${place.user}@${place.address} true`,
    cause: error,
  });
}

interface WaysIn {
  /** The next way to log in, given what the server still accepts; null: none is left. */
  next(accepted: readonly string[] | null): Promise<AnyAuthMethod | null>;
}

/** Agent, then the named key, then a password if the inventory says so. `tried` is told each one for the error. */
function waysIn(login: Login, paused: Paused, tried: string[]): WaysIn {
  const { place, key, agentSocket, password, keyring, credentials } = login;
  const username = place.user;
  const takes = (accepted: readonly string[] | null, method: string): boolean => accepted?.includes(method) ?? true;

  const byAgent = async (): Promise<AnyAuthMethod | null> => {
    if (agentSocket === undefined) return null;
    const named = key === null ? null : (await keyring.outline(key, place.name)).publicKey;
    const agent = await agentKeys(agentSocket, named);
    if (agent === null) return null;
    tried.push(`agent (${agent.keys.length} key${agent.keys.length === 1 ? '' : 's'})`);
    return { type: 'agent', username, agent };
  };
  const byKey = async (): Promise<AnyAuthMethod | null> => {
    if (key === null) return null;
    const opened = await keyring.open(key, place.name, credentials, paused);
    tried.push(`key ${key}`);
    return { type: 'publickey', username, key: opened };
  };
  const ask = (): Promise<string> =>
    paused(async () => (await credentials.passwordFor('ssh', `${username}@${place.name}`)).reveal());
  const byPassword = async (accepted: readonly string[] | null): Promise<AnyAuthMethod | null> => {
    if (password === null) return null;
    if (accepted === null) return { type: 'none', username };
    if (takes(accepted, 'password')) {
      tried.push('password');
      return { type: 'password', username, password: await ask() };
    }
    if (!takes(accepted, 'keyboard-interactive')) return null;
    tried.push('keyboard-interactive');
    const answer = await ask();
    const prompt = (
      ...args: [string, string, string, readonly { echo?: boolean }[], (answers: string[]) => void]
    ): void => args[4](args[3].map((question) => (question.echo === true ? '' : answer)));
    return { type: 'keyboard-interactive', username, prompt };
  };

  const queue = [
    (accepted: readonly string[] | null) => (takes(accepted, 'publickey') ? byAgent() : Promise.resolve(null)),
    (accepted: readonly string[] | null) => (takes(accepted, 'publickey') ? byKey() : Promise.resolve(null)),
    byPassword,
  ];
  return {
    async next(accepted) {
      for (let way = queue[0]; way !== undefined; way = queue[0]) {
        const method = await way(accepted);
        // `none` only asks what the server takes: the password's turn comes again.
        if (method?.type !== 'none') queue.shift();
        if (method !== null) return method;
      }
      return null;
    },
  };
}
