import type { Outcome } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { describeLab, type Lab } from './describe.js';
import { type Places, placesOf } from './places.js';
import { type LabHost, readRecord } from './record.js';
import { onHost, sshWords } from './ssh.js';

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

/** Runs a command line in a lab host's shell, as root. Its code is an outcome; only "no answer" throws (UNREACHABLE). */
export async function exec(name: string, host: string, command: string, stdin?: string): Promise<Outcome> {
  const target = await findHost(name, host);
  return onHost(target.lab.state, target.host, command, stdin);
}

/** The words of an interactive ssh to a lab host. */
export async function sshCommand(name: string, host: string, user = 'root'): Promise<readonly string[]> {
  const target = await findHost(name, host);
  return sshWords(target.lab.state, target.host.address, user);
}
