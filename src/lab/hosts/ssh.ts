import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Outcome, ProvisionError } from '../../model/index.js';
import { runProgram } from '../../transport/index.js';

/**
 * Seconds for a connection with its key exchange, and until one that went silent is given up: an emulated processor on a busy machine
 * takes half a minute for what is nothing elsewhere. A host that is not there is told by the network, within three seconds.
 */
const PATIENCE = ['-o', 'ConnectTimeout=120', '-o', 'ServerAliveInterval=30', '-o', 'ServerAliveCountMax=4'];

/** The ssh command line that reaches a lab host: the lab's key and known_hosts, nothing of the user's own settings. */
export const sshWords = (state: string, address: string, user = 'root'): readonly string[] => [
  ...['ssh', '-F', 'none', '-i', join(state, 'id_ed25519'), '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none'],
  ...['-o', `UserKnownHostsFile=${join(state, 'known_hosts')}`, '-o', 'GlobalKnownHostsFile=none'],
  ...['-o', 'StrictHostKeyChecking=yes', ...PATIENCE, '-o', 'LogLevel=ERROR', `${user}@${address}`],
];

/** One command on a host, as root, by the real ssh. The command's own code is an outcome. Throws UNREACHABLE. */
export async function onHost(
  state: string,
  host: { readonly name: string; readonly address: string },
  words: string,
  stdin?: string,
): Promise<Outcome> {
  const argv = [...sshWords(state, host.address), '-o', 'BatchMode=yes', '--', words];
  const outcome = await runProgram(argv, stdin === undefined ? {} : { stdin });
  if (outcome.code !== 255) return outcome;
  throw new ProvisionError('UNREACHABLE', `${host.name} (${host.address}) does not answer SSH`, {
    host: host.name,
    said: outcome.stderr.trim(),
    hint: 'provision lab status shows which hosts run; provision lab up starts those that do not',
  });
}

/** Waits until an SSH server greets, at most `patience` milliseconds. */
export async function untilGreeted(address: string, patience: number, stillThere: () => boolean): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline && stillThere()) {
    if (await greets(address)) return true;
    await wait(100);
  }
  return false;
}

function greets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('data', (bytes) => end(bytes.toString('latin1').startsWith('SSH-')));
  });
}
