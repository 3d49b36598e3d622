import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ProvisionError } from '../model/index.js';
import { must } from './command.js';
import { describeLab, type Lab } from './describe.js';
import { exists, replaceFile } from './files.js';
import { diskFiles, type HostIdentity, makeDisk, mayLowerOomScore } from './hosts/disk.js';
import { inventoryText, knownHostsText } from './hosts/lab-files.js';
import { killProcesses } from './hosts/processes.js';
import { type LabOptions, likeOf, register, releaseOf } from './hosts/register.js';
import { ensureRoot, type HostPackages, hostKind, packagesOf } from './hosts/root.js';
import { onHost } from './hosts/ssh.js';
import { hostCgroup, isRunning, startHost, waitForHost } from './hosts/start.js';
import { vmFiles } from './hosts/vm.js';
import { makeVmDisk } from './hosts/vm-disk.js';
import { ensureVmRoot } from './hosts/vm-root.js';
import { layWiring } from './hosts/wiring.js';
import { buildLabMirror, type LabMirror, startMirror, trustFiles } from './lab-mirror.js';
import { withLock } from './lock.js';
import { type LabPlaces, labPlaces, type Places, placesOf } from './places.js';
import { checkLabName, diskOf, hostsOf, type LabHost, type LabRecord, readRecord } from './record.js';
import { labObstacle, thisMachine } from './requirements.js';

export interface UpOptions extends LabOptions {
  readonly name?: string | undefined;
  readonly places?: Places | undefined;
  readonly say?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes the lab be there: starts what does not run, adds hosts when asked for more. A second call changes nothing. */
export async function up(options: UpOptions = {}): Promise<Lab> {
  const obstacle = labObstacle(thisMachine(), options.vm !== undefined && options.vm !== false);
  if (obstacle !== undefined) throw obstacle;
  const name = options.name ?? 'lab';
  checkLabName(name);
  const places = options.places ?? placesOf();
  const say = options.say ?? (() => {});
  const wish = { ...options, name };
  const goOn = (): void => {
    if (options.signal?.aborted === true) throw interrupted(name);
  };
  try {
    // Before roots and mirrors, which may take a while, and once more when the lab is registered.
    const former = await readRecord(places, name);
    const like = likeOf(former, wish);
    const release = releaseOf(former, wish);
    const root = await ensureRoot(places, like, say);
    goOn();
    const built = options.mirror === false ? undefined : await buildLabMirror(places, release, say, options.signal);
    return await withLock(`lab ${name}`, `bringing up lab "${name}"`, 60_000, async () => {
      goOn();
      const record = await register(places, { ...wish, like, root, release });
      const lab = labPlaces(places, name);
      await layWiring(record.network);
      const mirror = built === undefined ? undefined : await startMirror(built, lab.run, record.network.gateway);
      await makeClientKey(lab.state);
      goOn();
      const running = await runningHosts(record, options.fresh ?? false, say);
      await makeDisks(places, record, lab, mirror, running, say);
      await writeState(lab.state, record, mirror);
      goOn();
      await startHosts(places, record, lab.state, running, say, goOn);
      if (mirror !== undefined) await renewMirrorKey(record, lab.state, mirror);
      return describeLab(record);
    });
  } catch (error) {
    // Ctrl-C reaches the programs at work too; what they said about it is not the cause.
    if (options.signal?.aborted === true) throw interrupted(name, error);
    throw error;
  }
}

const interrupted = (name: string, cause?: unknown): ProvisionError =>
  new ProvisionError('INTERRUPTED', `bringing up lab "${name}" was interrupted`, {
    hint: `the same command goes on; provision lab down --name ${name} clears everything away`,
    cause,
  });

async function makeClientKey(state: string): Promise<void> {
  const key = join(state, 'id_ed25519');
  if ((await exists(key)) && (await exists(`${key}.pub`))) return;
  await rm(key, { force: true });
  await mkdir(state, { recursive: true, mode: 0o700 });
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'provision lab', '-f', key]);
}

/** Names of the hosts that run and are to be left alone; those to be made afresh are ended and lose their disks. */
async function runningHosts(
  record: LabRecord,
  fresh: boolean | readonly string[],
  say: (line: string) => void,
): Promise<ReadonlySet<string>> {
  const hosts = hostsOf(record);
  const isFresh = (host: LabHost): boolean => (typeof fresh === 'boolean' ? fresh : fresh.includes(host.name));
  const unknown = typeof fresh === 'boolean' ? [] : fresh.filter((name) => !hosts.some((host) => host.name === name));
  if (unknown.length > 0) {
    throw new ProvisionError('USAGE', `lab "${record.name}" has no host ${unknown.join(', ')}`, {
      hint: `it has ${hosts.map((host) => host.name).join(', ')}`,
    });
  }
  for (const host of hosts.filter(isFresh)) {
    if (await exists(diskOf(record, host))) say(`${host.name}: thrown away`);
    await killProcesses(hostCgroup(record.name, host.name));
    await rm(diskOf(record, host), { recursive: true, force: true });
  }
  const states = await Promise.all(hosts.map((host) => isRunning(record.name, host)));
  return new Set(hosts.filter((_, index) => states[index]).map((host) => host.name));
}

async function makeDisks(
  places: Places,
  record: LabRecord,
  lab: LabPlaces,
  mirror: LabMirror | undefined,
  running: ReadonlySet<string>,
  say: (line: string) => void,
): Promise<void> {
  const clientKey = await readFile(join(lab.state, 'id_ed25519.pub'), 'utf8');
  const recipe = (name: string): Promise<string> => readFile(join(record.checkout, 'lab/hosts', name), 'utf8');
  const init = await recipe('init.sh');
  const runc = (await mayLowerOomScore()) ? undefined : await recipe('runc.sh');
  for (const host of hostsOf(record)) {
    if (running.has(host.name) || (await exists(diskOf(record, host)))) continue;
    const identity: HostIdentity = {
      name: host.name,
      machineId: randomBytes(16).toString('hex'),
      hostKey: await makeHostKey(host.name, lab.run),
      clientKey,
      gateway: record.network.gateway,
      mirror: mirror === undefined ? [] : trustFiles(mirror, packagesOn(record, host)),
      packages: packagesOn(record, host).format,
      init,
      runc,
    };
    if (!host.vm) await makeDisk(diskOf(record, host), record.root, diskFiles(identity));
    else {
      const root = await ensureVmRoot(places, say);
      const files = vmFiles(identity, { ...host, prefix: record.network.prefix });
      await makeVmDisk(diskOf(record, host), root, files, join(record.checkout, 'lab/hosts'));
    }
  }
}

async function makeHostKey(name: string, scratch: string): Promise<HostIdentity['hostKey']> {
  const folder = await mkdtemp(join(scratch, 'key-'));
  try {
    await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', `root@${name}`, '-f', join(folder, 'key')]);
    const [secret, open] = await Promise.all(['key', 'key.pub'].map((file) => readFile(join(folder, file), 'utf8')));
    return { private: secret ?? '', public: open ?? '' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Virtual machines are Debian's, whatever the others are like. */
const packagesOn = (record: LabRecord, host: LabHost): HostPackages =>
  packagesOf(host.vm ? 'debian12' : hostKind(record.like));

/** Another mirror signs with another key: hosts that are older than it are told. */
async function renewMirrorKey(record: LabRecord, state: string, mirror: LabMirror): Promise<void> {
  for (const host of hostsOf(record)) {
    for (const { path, content } of trustFiles(mirror, packagesOn(record, host))) {
      const known = await readFile(join(diskOf(record, host), 'upper', path)).catch(() => undefined);
      const wanted = Buffer.from(content);
      if (known?.equals(wanted)) continue;
      const { code, stderr } = await onHost(state, host, `base64 -d > ${path}`, wanted.toString('base64'));
      if (code !== 0) throw new ProvisionError('LAB', `${host.name} did not take the mirror's key`, { said: stderr });
    }
  }
}

async function writeState(state: string, record: LabRecord, mirror: LabMirror | undefined): Promise<void> {
  const hosts = await Promise.all(
    hostsOf(record).map(async (host) => ({
      ...host,
      hostKey: await readFile(join(diskOf(record, host), 'upper/etc/ssh/ssh_host_ed25519_key.pub'), 'utf8'),
    })),
  );
  await replaceFile(join(state, 'known_hosts'), knownHostsText(hosts));
  await replaceFile(join(state, 'inventory.yaml'), inventoryText(record, hosts, state, state, mirror?.fingerprint));
  await replaceFile(
    join(state, 'hosts.json'),
    `${JSON.stringify(
      hosts.map(({ name, address, hostKey }) => ({ name, address, hostKey: hostKey.trim() })),
      null,
      2,
    )}\n`,
  );
  if (mirror === undefined) return;
  await copyFile(mirror.checksumsFile, join(state, 'checksums.json'));
  await replaceFile(join(state, 'repository-key.json'), `${JSON.stringify({ fingerprint: mirror.fingerprint })}\n`);
}

/** Several hosts boot at once, but not so many that each takes for ever. */
async function startHosts(
  places: Places,
  record: LabRecord,
  state: string,
  running: ReadonlySet<string>,
  say: (line: string) => void,
  goOn: () => void,
): Promise<void> {
  const waiting = hostsOf(record).filter((host) => !running.has(host.name));
  const there = hostsOf(record).filter((host) => running.has(host.name));
  await Promise.all(there.map((host) => waitForHost(record, state, host)));
  if (there.length > 0) say(`running: ${there.map((host) => host.name).join(', ')}`);
  if (waiting.length > 0) say(`booting ${waiting.map((host) => host.name).join(', ')}`);
  const lanes = Math.max(2, availableParallelism() * 2);
  const work = async (): Promise<void> => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) {
      goOn();
      const ms = await startHost(places, record, host);
      say(`${host.name}: ${host.address} answers SSH after ${(ms / 1000).toFixed(1)} s`);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
