// How a login becomes root: the command that starts the helper, and sentences for when it does not. Pure.
import { type Become, ProvisionError } from '../model/index.js';
import type { Greeting } from './greet.js';
import { commandLine, startWords } from './helper.js';

/** The one command that is ever run on a host. With sudo, `-k` makes it ask even if it asked this user a minute ago. */
export function startCommand(
  become: Become,
  nonce: string,
  prompt: string,
  shell?: string,
  directory?: string,
): string {
  const helper = startWords(nonce, shell, directory);
  if (become.method === 'none') return commandLine(helper);
  const ask = become.password === null ? ['-n'] : ['-k', '-S', '-p', prompt];
  return commandLine(['env', 'LC_ALL=C', 'sudo', ...ask, '--', ...helper]);
}

type Failure = Exclude<Greeting, { readonly type: 'hello' }>;

/** Hints from what sudo says in English (LC_ALL=C); the code of the error does not hang on them. */
const HINTS: readonly (readonly [said: RegExp, message: string, hint: string])[] = [
  [/must have a tty/, 'sudo wants a terminal', 'add `Defaults:USER !requiretty` to sudoers on the host (visudo)'],
  [
    /password is required|no password was provided|terminal is required/,
    'sudo wants a password',
    'set become.password: prompt in the inventory, or allow USER NOPASSWD in sudoers',
  ],
  [
    /not in the sudoers|not allowed to|may not run sudo/,
    'sudo is not allowed',
    'allow USER to run `sh` as root in sudoers on the host (visudo), or log in as root',
  ],
  [
    /sudo.*not found|not found.*sudo|No such file.*sudo|sudo.*No such file/,
    'there is no sudo',
    'install sudo on the host, or log in as root and set become.method: none',
  ],
  [
    /incorrect password|try again/,
    'the become password is wrong',
    'run again with the right password; one try was made',
  ],
];

export function becomeFailed(become: Become, host: string, user: string, failure: Failure): ProvisionError {
  const details = { host, said: failure.said };
  if (failure.type === 'asked-again') {
    return new ProvisionError('BECOME', `the become password of ${user} on ${host} is wrong`, {
      ...details,
      hint: 'run again with the right password; one try was made, no more follow',
    });
  }
  if (failure.type === 'silent') {
    return new ProvisionError('BECOME', `${user} on ${host} got no root shell: no answer within ${failure.seconds} s`, {
      ...details,
      hint: `try by hand: ssh ${user}@HOST ${become.method === 'sudo' ? 'sudo -n true' : 'true'}`,
    });
  }
  if (become.method === 'none') {
    return new ProvisionError('UNREACHABLE', `${user} on ${host} got no shell${ending(failure.reason)}`, {
      ...details,
      hint: `does the account's login shell run commands? Try: ssh ${user}@HOST true`,
    });
  }
  const found = HINTS.find(([said]) => said.test(failure.said));
  const why = found?.[1] ?? `sudo ended before it ran anything${ending(failure.reason)}`;
  return new ProvisionError('BECOME', `${user} cannot become root on ${host}: ${why}`, {
    ...details,
    hint: (found?.[2] ?? `try by hand: ssh ${user}@HOST sudo -v`).replaceAll('USER', user),
  });
}

const ending = (reason: string): string => (reason === '' ? '' : ` (${reason})`);

export function notRoot(become: Become, host: string, user: string, uid: number): ProvisionError {
  return new ProvisionError('BECOME', `${user} on ${host} is not root (uid ${uid})`, {
    host,
    hint:
      become.method === 'none'
        ? 'set become.method: sudo in the inventory, or log in as root'
        : `sudo must run as root for ${user}: check sudoers on the host`,
  });
}
