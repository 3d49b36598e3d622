import { spawn } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../../model/index.js';
import { lastLines } from '../command.js';
import { labPlaces, type Places } from '../places.js';
import { diskOf, type LabHost, type LabRecord } from '../record.js';
import { killProcesses, labCgroup, labProcesses } from './processes.js';
import { onHost, untilGreeted } from './ssh.js';
import { plugHost, plugVm } from './wiring.js';

export const hostCgroup = (lab: string, host: string): string => `${labCgroup(lab)}/${host}`;

export const isRunning = async (lab: string, host: LabHost): Promise<boolean> =>
  (await labProcesses(hostCgroup(lab, host.name))).length > 0;

/** Milliseconds until a host answers SSH: about a second on an idle machine, 15 for a virtual one, whose processor is emulated. */
const patience = (host: LabHost): number => (host.vm ? 300_000 : 90_000);

/**
 * Boots one host and waits until SSH answers and systemd says that all its units run. Returns the milliseconds it took.
 * The host is detached: it outlives this process. Throws LAB with the console's last lines.
 */
export async function startHost(places: Places, record: LabRecord, host: LabHost): Promise<number> {
  const started = performance.now();
  const lab = labPlaces(places, record.name);
  const mount = join(lab.mounts, host.name);
  const console = join(lab.run, `${host.name}.console`);
  await killProcesses(hostCgroup(record.name, host.name));
  await (host.vm ? plugVm : plugHost)(record.network, host);
  await mkdir(mount, { recursive: true });
  await writeFile(console, '');
  const output = await open(console, 'a');
  const child = spawn('/bin/sh', [join(record.checkout, 'lab/hosts', host.vm ? 'start-vm.sh' : 'start-host.sh')], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    cwd: '/',
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LAB_ROOT: record.root,
      LAB_DISK: diskOf(record, host),
      LAB_MOUNT: mount,
      LAB_NETNS: `/run/netns/${host.vm ? record.network.wiring : host.namespace}`,
      LAB_CGROUP: hostCgroup(record.name, host.name),
      LAB_HOST: host.name,
      LAB_TAP: host.port,
      LAB_MAC: host.mac,
      LAB_CONSOLE: console,
    },
  });
  const end = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });
  child.unref();
  await output.close();
  let ended: string | undefined;
  void end.then((how) => {
    ended = how;
  });
  if (!(await untilGreeted(host.address, patience(host), () => ended === undefined))) {
    throw new ProvisionError('LAB', `${host.name} (${host.address}) did not boot: ${ended ?? noGreeting(host)}`, {
      host: host.name,
      said: lastLines(await readFile(console, 'utf8'), 20),
      hint: `the console is in ${console}; provision lab down --name ${record.name} clears everything away`,
    });
  }
  await untilSettled(lab.state, host);
  return performance.now() - started;
}

const noGreeting = (host: LabHost): string => `no SSH within ${patience(host) / 1000} s`;

/** A scenario that compares before and after must not meet a host that is still booting. */
async function untilSettled(state: string, host: LabHost): Promise<void> {
  const said = await settled(state, host);
  if (said.startsWith('running')) return;
  throw new ProvisionError('LAB', `${host.name} booted, but not all of its units did`, {
    host: host.name,
    said,
    hint: `provision lab ssh ${host.name}, then journalctl -b`,
  });
}

/** Waits for a host that an earlier `up` started. What has become of its units since is its user's affair. */
export async function waitForHost(record: LabRecord, state: string, host: LabHost): Promise<void> {
  if (!(await untilGreeted(host.address, patience(host), () => true))) {
    throw new ProvisionError('LAB', `${host.name} (${host.address}) runs: ${noGreeting(host)}`, {
      host: host.name,
      hint: `throw it away and make it anew: provision lab up --name ${record.name} --fresh ${host.name}`,
    });
  }
  await settled(state, host);
}

async function settled(state: string, host: LabHost): Promise<string> {
  const ask = 'systemctl is-system-running --wait; systemctl --failed --no-legend --plain';
  return (await onHost(state, host, ask)).stdout.trim();
}
