// Questions to the person at the terminal. The only file that imports inquirer, and not before there is a question.
import type { Credentials } from '../model/index.js';
import { ProvisionError, Secret } from '../model/index.js';
import type { Terminal } from './terminal.js';

export async function confirm(terminal: Terminal, message: string): Promise<boolean> {
  if (!terminal.interactive) {
    throw new ProvisionError('USAGE', 'nobody can be asked: this is not a terminal', {
      hint: 'look at the plan first (provision plan), then add --yes',
    });
  }
  const { yes } = await asked(terminal, (prompt) =>
    prompt<{ yes: boolean }>([{ type: 'confirm', name: 'yes', message, default: false, theme: THEME }]),
  );
  return yes;
}

// The same sign on every terminal, and a width that line counting can rely on.
const THEME = { prefix: { idle: '?', done: '?' } };

type Prompt = ReturnType<typeof import('inquirer')['default']['createPromptModule']>;

/** Asks on standard error: what is piped from standard output holds no question. Ctrl-C at one is an end, not a mistake of ours. */
async function asked<T>(terminal: Terminal, ask: (prompt: Prompt) => Promise<T>): Promise<T> {
  const { default: inquirer } = await import('inquirer');
  try {
    return await ask(inquirer.createPromptModule({ output: process.stderr, signal: terminal.signal }));
  } catch (cause) {
    if (!(cause instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(cause.name))) throw cause;
    throw new ProvisionError('INTERRUPTED', 'stopped at the question; nothing was touched', { cause });
  }
}

const WANTED = {
  ssh: (subject: string) => `SSH password for ${subject}`,
  become: (subject: string) => `sudo password for ${subject}`,
  key: (subject: string) => `passphrase of ${subject}`,
} as const;

/**
 * Asks each question once per run; the answers live in memory only, and hosts that wait for the same one share it. A password is
 * a user's, not a host's: who has another one on some host gives that host a password file.
 */
export function askedCredentials(terminal: Terminal): Credentials {
  const answers = new Map<string, Promise<Secret>>();
  let queue: Promise<unknown> = Promise.resolve();
  return {
    passwordFor(purpose, subject) {
      const whose = purpose === 'key' ? subject : subject.replace(/@[^@]*$/, '');
      const id = `${purpose} ${whose}`;
      const known = answers.get(id);
      if (known !== undefined) return known;
      // One after the other; and who stopped at one question is asked no other.
      const answer = queue.then(() => password(terminal, WANTED[purpose](whose), CURES[purpose]));
      queue = answer;
      queue.catch(() => undefined);
      answers.set(id, answer);
      return answer;
    },
  };
}

const CURES = {
  ssh: 'log in with a key (ssh.key) or an agent instead of ssh.password: prompt',
  become: 'name a file that holds it in the inventory (become.password.file), or allow the user NOPASSWD in sudoers',
  key: 'use a key without a passphrase, or load it into an agent first (ssh-add)',
} as const;

async function password(terminal: Terminal, message: string, cure: string): Promise<Secret> {
  if (!terminal.interactive) {
    throw new ProvisionError('USAGE', `the ${message} is needed, and nobody can be asked: this is not a terminal`, {
      hint: `run it at a terminal; or ${cure}`,
    });
  }
  const { answer } = await asked(terminal, (prompt) =>
    prompt<{ answer: string }>([{ type: 'password', name: 'answer', message, mask: '*', theme: THEME }]),
  );
  return new Secret(answer);
}
