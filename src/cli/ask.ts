// Questions to the person at the terminal. The only file that imports inquirer.
import inquirer from 'inquirer';
import type { Credentials } from '../model/index.js';
import { ProvisionError, Secret } from '../model/index.js';
import type { Terminal } from './terminal.js';

export async function confirm(terminal: Terminal, message: string): Promise<boolean> {
  if (!terminal.interactive) {
    throw new ProvisionError('USAGE', 'nobody can be asked: this is not a terminal', {
      hint: 'look at the plan first (provision plan), then add --yes',
    });
  }
  const { yes } = await inquirer.prompt<{ yes: boolean }>([{ type: 'confirm', name: 'yes', message, default: false }]);
  return yes;
}

const WANTED = {
  ssh: (subject: string) => `SSH password for ${subject}`,
  become: (subject: string) => `sudo password for ${subject}`,
  key: (subject: string) => `passphrase of ${subject}`,
} as const;

/** Asks each question once per run; the answers live in memory only. Hosts that wait for the same answer share it. */
export function askedCredentials(terminal: Terminal): Credentials {
  const answers = new Map<string, Promise<Secret>>();
  let queue: Promise<unknown> = Promise.resolve();
  return {
    passwordFor(purpose, subject) {
      const id = `${purpose} ${subject}`;
      const known = answers.get(id);
      if (known !== undefined) return known;
      const answer = queue.then(() => password(terminal, WANTED[purpose](subject)));
      queue = answer.catch(() => undefined);
      answers.set(id, answer);
      return answer;
    },
  };
}

async function password(terminal: Terminal, message: string): Promise<Secret> {
  if (!terminal.interactive) {
    throw new ProvisionError('USAGE', `${message} is needed, and nobody can be asked: this is not a terminal`, {
      hint: 'use a key without a passphrase or an agent, or name a password file in the inventory (become: {password: {file: …}})',
    });
  }
  const { answer } = await inquirer.prompt<{ answer: string }>([
    { type: 'password', name: 'answer', message, mask: '*' },
  ]);
  return new Secret(answer);
}
