// What the connections of one run share: bastions above all, then opened keys, known hosts and turns at each sshd.
import type { Client } from 'ssh2';
import type { Bastion, Credentials, SshSettings } from '../model/index.js';
import type { KnownHost } from './known-hosts.js';
import { readKnownHosts } from './known-hosts-files.js';
import { type Login, openClient } from './ssh-client.js';
import type { Place } from './ssh-errors.js';
import { type Keyring, keyring } from './ssh-keys.js';

export interface BastionPool {
  readonly keyring: Keyring;
  /** First pause in ms before a login that sshd dropped is tried again. */
  readonly retryDelay: number;
  knownHosts(files: readonly string[]): Promise<readonly KnownHost[]>;
  /** One verified connection per bastion and user, ended with its last user; a new one once it is lost. */
  bastion(name: string, open: () => Promise<Client>): Promise<Client>;
  release(name: string): void;
  /** At most 8 logins at a time per sshd: MaxStartups 10:30:100 begins to drop at 10. */
  turn<T>(sshd: string, work: () => Promise<T>): Promise<T>;
}

const LOGINS_PER_SSHD = 8;

export function bastionPool(options: { readonly retryDelay?: number } = {}): BastionPool {
  const bastions = new Map<string, { users: number; readonly client: Promise<Client> }>();
  const files = new Map<string, Promise<readonly KnownHost[]>>();
  const lines = new Map<string, Line>();
  return {
    keyring: keyring(),
    retryDelay: options.retryDelay ?? 500,
    knownHosts(names) {
      const key = names.join('\n');
      const known = files.get(key) ?? readKnownHosts(names);
      files.set(key, known);
      return known;
    },
    bastion(name, open) {
      const known = bastions.get(name);
      if (known !== undefined) {
        known.users += 1;
        return known.client;
      }
      const entry = { users: 1, client: open() };
      bastions.set(name, entry);
      const forget = (): void => {
        if (bastions.get(name) === entry) bastions.delete(name);
      };
      entry.client.then((client) => client.once('close', forget), forget);
      return entry.client;
    },
    release(name) {
      const known = bastions.get(name);
      if (known === undefined) return;
      known.users -= 1;
      if (known.users > 0) return;
      bastions.delete(name);
      known.client.then(
        (client) => client.end(),
        () => undefined,
      );
    },
    turn(sshd, work) {
      const line = lines.get(sshd) ?? { busy: 0, waiting: [] };
      lines.set(sshd, line);
      return inTurn(line, work);
    },
  };
}

interface Line {
  busy: number;
  readonly waiting: (() => void)[];
}

async function inTurn<T>(line: Line, work: () => Promise<T>): Promise<T> {
  if (line.busy >= LOGINS_PER_SSHD) await new Promise<void>((resolve) => line.waiting.push(resolve));
  else line.busy += 1;
  try {
    return await work();
  } finally {
    const next = line.waiting.shift();
    if (next === undefined) line.busy -= 1;
    else next();
  }
}

export interface LoginWish {
  readonly host: { readonly name: string; readonly address: string };
  readonly ssh: SshSettings;
  readonly credentials: Credentials;
  readonly signal?: AbortSignal;
  /** Where SSH_AUTH_SOCK is looked up; the process's own if not given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A login and what gives its share of the bastion back once the connection is over. */
export type HeldLogin = Login & { readonly release: () => void };

/** All that a login to a host needs; its bastion, if there is one, is logged in to first and verified the same way. */
export async function loginFor(pool: BastionPool, wish: LoginWish): Promise<HeldLogin> {
  const { host, ssh } = wish;
  const place = { name: host.name, address: host.address, port: ssh.port, user: ssh.user };
  const via = ssh.bastion === null ? null : await bastionFor(pool, wish, ssh.bastion);
  let held = via !== null;
  const release = (): void => {
    if (held && via !== null) pool.release(via.name);
    held = false;
  };
  try {
    return { ...(await loginTo(pool, wish, place, ssh.key, via)), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function bastionFor(pool: BastionPool, wish: LoginWish, bastion: Bastion): Promise<NonNullable<Login['via']>> {
  const { address, port, user } = bastion;
  const name = `${user}@${address}:${port}`;
  // The bastion serves many hosts: one host's signal must not end it for the others, so it does not get it.
  const { signal: _ours, ...shared } = wish;
  const place = { name: `bastion ${address}`, address, port, user };
  const open = async (): Promise<Client> => openClient(await loginTo(pool, shared, place, bastion.key, null));
  return { name, client: await pool.bastion(name, open) };
}

async function loginTo(
  pool: BastionPool,
  { ssh, credentials, signal, env = process.env }: Omit<LoginWish, 'host'>,
  place: Place,
  key: string | null,
  via: Login['via'],
): Promise<Login> {
  const sshd = `${via === null ? '' : `${via.name}>`}${place.address}:${place.port}`;
  return {
    place,
    key,
    via,
    agentSocket: ssh.agent ? env['SSH_AUTH_SOCK'] : undefined,
    password: ssh.password,
    knownHosts: await pool.knownHosts(ssh.knownHosts),
    knownHostsFiles: ssh.knownHosts,
    connectTimeout: ssh.connectTimeout,
    credentials,
    keyring: pool.keyring,
    signal,
    retryDelay: pool.retryDelay,
    turn: (work) => pool.turn(sshd, work),
  };
}
