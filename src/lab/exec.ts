import { spawn } from 'node:child_process';
import type { Outcome } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { describeLab, type Lab } from './describe.js';
import { inContainer } from './hosts/inside.js';
import { onHost, sshWords } from './hosts/ssh.js';
import { type Places, placesOf } from './places.js';
import { type LabHost, readRecord } from './record.js';

/** A lab that is there, and one of its hosts. Throws LAB or USAGE with what there is. */
export async function findHost(
  name: string,
  host: string,
  places: Places = placesOf(),
): Promise<{ readonly lab: Lab; readonly host: LabHost }> {
  const record = await readRecord(places, name);
  if (record === undefined) {
    throw new ProvisionError('LAB', `there is no lab "${name}"`, { hint: `provision lab up --name ${name}` });
  }
  const lab = describeLab(record);
  const found = lab.hosts.find((candidate) => candidate.name === host || candidate.address === host);
  if (found !== undefined) return { lab, host: found };
  throw new ProvisionError('USAGE', `lab "${name}" has no host "${host}"`, {
    hint: `it has ${lab.hosts.map((candidate) => candidate.name).join(', ')}`,
  });
}

/**
 * Runs a command line in a lab host's shell, as root: in a virtual machine by its SSH, in a container without. Its code is an outcome;
 * only "no answer" throws (UNREACHABLE).
 */
export async function exec(name: string, host: string, command: string, stdin?: string): Promise<Outcome> {
  const places = placesOf();
  const target = await findHost(name, host, places);
  if (target.host.vm) return onHost(target.lab.state, target.host, command, stdin);
  return inContainer({ checkout: places.checkout, lab: name }, target.host, command, stdin);
}

/**
 * Puts the terminal through to a lab host: a login shell, or one command whose words arrive there as they are. Gives the
 * command's exit code; 255 is ssh's own.
 */
export async function enter(
  name: string,
  host: string,
  options: { readonly user?: string; readonly words?: readonly string[]; readonly places?: Places } = {},
): Promise<number> {
  const target = await findHost(name, host, options.places);
  const words = options.words ?? [];
  const [ssh = 'ssh', ...rest] = sshWords(target.lab.state, target.host.address, options.user);
  const command = words.length === 0 ? [] : ['-o', 'BatchMode=yes', '--', commandLine(words)];
  const child = spawn(ssh, [...rest, ...command], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 130));
  });
}

/** A single word is a command line for the host's shell, several are a command and its arguments, each quoted. */
export function commandLine(words: readonly string[]): string {
  if (words.length === 1) return words[0] ?? '';
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}
