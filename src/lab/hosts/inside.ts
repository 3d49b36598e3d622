import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Outcome, ProvisionError } from '../../model/index.js';
import { runProgram } from '../../transport/index.js';
import type { LabHost } from '../record.js';
import { cgroupRoots, labCgroup } from './processes.js';

/**
 * One command line in a container's namespaces, as root and by bash, as its SSH would run it: without a key exchange, a login and a user's
 * systemd, which cost a practice host an eighth of a second of processor time and twice that on the clock, against a hundredth of it.
 * The command's own code is an outcome. Throws UNREACHABLE when the host does not run.
 */
export async function inContainer(
  place: { readonly checkout: string; readonly lab: string },
  host: LabHost,
  words: string,
  stdin?: string,
): Promise<Outcome> {
  const init = await initOf(place.lab, host.name);
  if (init === undefined)
    throw new ProvisionError('UNREACHABLE', `${host.name} (${host.address}) does not run`, {
      host: host.name,
      hint: 'provision lab status shows which hosts run; provision lab up starts those that do not',
    });
  const recipe = (name: string): string => join(place.checkout, 'lab/hosts', name);
  const argv = [
    // What start-host.sh takes from the host's own processes is taken from this one, too: syncs, and the machine's clock.
    ...['perl', recipe('no-sync.pl'), 'setpriv', '--bounding-set=-sys_time', 'perl', recipe('enter.pl'), init],
    ...['env', '-i', '--chdir=/root', ...LOGIN, '/bin/bash', '-c', words],
  ];
  return runProgram(argv, stdin === undefined ? {} : { stdin });
}

const LOGIN = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ...['HOME=/root', 'USER=root', 'LOGNAME=root', 'SHELL=/bin/bash'],
];

/** The host's first process, as this machine numbers it. systemd keeps itself in init.scope, and what it forks until that has its own. */
async function initOf(lab: string, host: string): Promise<string | undefined> {
  for (const root of await cgroupRoots())
    for (const scope of ['payload/init.scope', 'init.scope']) {
      const file = join(root, labCgroup(lab), host, scope, 'cgroup.procs');
      for (const pid of (await readFile(file, 'utf8').catch(() => '')).split('\n'))
        if (/^[1-9]/.test(pid) && (await isFirst(pid))) return pid;
    }
  return undefined;
}

/** Whether a process is number 1 in the innermost namespace that it is in: `NSpid: 4711 1` (proc_pid_status(5)). */
const isFirst = async (pid: string): Promise<boolean> =>
  /^NSpid:.*\t1$/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
