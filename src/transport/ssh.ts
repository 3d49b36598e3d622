// Hosts over SSH: one connection each, a root shell on it, bastions shared. With ssh-*.ts the only files that import ssh2.
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { ProvisionError, Secret, type Shell, type Transport } from '../model/index.js';
import { becomeFailed, notRoot, startCommand } from './become.js';
import { greet, type Prompt } from './greet.js';
import { newNonce, rootShell } from './shell.js';
import { openClient } from './ssh-client.js';
import { checkSecretFile } from './ssh-keys.js';
import { type BastionPool, bastionPool, type LoginWish, loginFor } from './ssh-pool.js';
import { streamWire, type Wire } from './wire.js';

/**
 * Credentials are asked at most once per key file; for `ssh` and `become` the subject is `USER@HOST`, and the one who
 * answers may give the same answer for all of them without asking again.
 */
export interface SshTarget extends LoginWish {
  /** Bastion connections, opened keys and known hosts of this run. Without one, the connection has its own. */
  readonly bastions?: BastionPool;
  /** Hears sentences that the operator should know but that are no failure. */
  readonly notice?: (sentence: string) => void;
  /** What the host connects to on this port of its own loopback comes here, over this very connection. */
  readonly wayBack?: WayBack | undefined;
  /** For tests: another place than /run, another shell than sh, and a login that need not be root's. */
  readonly helper?: { readonly directory?: string; readonly shell?: string; readonly mayBeAnyone?: boolean };
}

export interface WayBack {
  readonly port: number;
  take(stream: Duplex): void;
}

/** Connects, verifies, logs in and becomes root. Throws HOST_KEY, AUTH, BECOME, UNREACHABLE or INTERRUPTED. */
export async function connectSsh(target: SshTarget): Promise<Transport> {
  const login = await loginFor(target.bastions ?? bastionPool(), target);
  try {
    const client = await openClient(login);
    const shell = await becomeRootOver(client, target);
    if (target.wayBack !== undefined) await openWayBack(client, target.host.name, target.wayBack);
    const close = async (): Promise<void> => {
      await shell.close();
      client.end();
      login.release();
    };
    return { ...shell, another: () => becomeRoot(client, target), close };
  } catch (error) {
    login.release();
    throw error;
  }
}

async function becomeRootOver(client: Client, target: SshTarget): Promise<Shell> {
  const stop = (): void => void client.end();
  target.signal?.addEventListener('abort', stop, { once: true });
  try {
    return await becomeRoot(client, target);
  } catch (error) {
    client.end();
    if (target.signal?.aborted !== true) throw error;
    const { name } = target.host;
    throw new ProvisionError('INTERRUPTED', `interrupted while connecting to ${name}`, { host: name, cause: error });
  } finally {
    target.signal?.removeEventListener('abort', stop);
  }
}

/** RFC 4254, 7: the server listens, and every connection becomes a channel. It ends with the SSH connection. */
function openWayBack(client: Client, host: string, { port, take }: WayBack): Promise<void> {
  client.on('tcp connection', (_, accept) => {
    const channel = accept();
    channel.on('error', () => undefined);
    take(channel);
  });
  return new Promise((resolve, reject) => {
    client.forwardIn('127.0.0.1', port, (error) => {
      if (error === undefined) return resolve();
      client.end();
      reject(
        new ProvisionError('UNREACHABLE', `${host} opens no way back on 127.0.0.1:${port}`, {
          host,
          said: error.message,
          hint: `does its sshd forward (AllowTcpForwarding yes), and is the port free there: ss -ltn 'sport = ${port}'? Else serve the bundle to it: provision bundle serve FILE --listen ADDRESS:PORT`,
          cause: error,
        }),
      );
    });
  });
}

async function becomeRoot(client: Client, target: SshTarget): Promise<Shell> {
  const { host, ssh, helper = {}, notice = () => undefined } = target;
  const { become, user } = ssh;
  const nonce = newNonce();
  const prompt: Prompt = { nonce: `provision-${newNonce()}`, password: () => becomePassword(target) };
  const command = startCommand(become, nonce, prompt.nonce, helper.shell, helper.directory);
  const wire = await openWire(client, host.name, command);
  const asks = become.method === 'sudo' && become.password !== null;
  const greeting = await greet(wire, nonce, asks ? prompt : null, Math.max(ssh.connectTimeout, 20));
  if (greeting.type !== 'hello') throw becomeFailed(become, host.name, user, greeting);
  if (greeting.uid !== 0 && helper.mayBeAnyone !== true) throw notRoot(become, host.name, user, greeting.uid);
  return rootShell(wire, { host: host.name, notice });
}

async function becomePassword({ host, ssh, credentials }: SshTarget): Promise<Secret> {
  const { password } = ssh.become;
  if (password === null || password === 'prompt') {
    return credentials.passwordFor('become', `${ssh.user}@${host.name}`);
  }
  await checkSecretFile(password.file, host.name, 'become password file');
  const text = await readFile(password.file, 'utf8');
  return new Secret(text.replace(/\r?\n$/, ''));
}

function openWire(client: Client, host: string, command: string): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void =>
      reject(
        new ProvisionError('UNREACHABLE', `${host} took the login but opened no channel for a command`, {
          host,
          said: String(error),
          hint: 'is a forced command or MaxSessions 0 in the way (sshd_config, authorized_keys)?',
          cause: error,
        }),
      );
    try {
      client.exec(command, (error, channel) => {
        if (error) refuse(error);
        else resolve(channelWire(client, channel));
      });
    } catch (error) {
      refuse(error);
    }
  });
}

function channelWire(client: Client, channel: ClientChannel): Wire {
  let reason = '';
  const { wire, closed } = streamWire({ stdin: channel, stdout: channel, stderr: channel.stderr }, () =>
    channel.close(),
  );
  channel.on('exit', (code: number | null, signal?: string) => {
    if (signal !== undefined) reason = `its shell was ended by ${signal}`;
    else if (code !== null && code !== 0) reason = `its shell ended with code ${code}`;
  });
  client.on('error', (error) => {
    reason = error.message;
  });
  channel.once('close', () => closed(reason));
  client.once('close', () => closed(reason));
  return wire;
}
