import { findFamily } from '../family/index.js';
import type { Arch, MachineFacts } from '../model/index.js';
import { ProvisionError } from '../model/index.js';

/** Key -> every value it came with, in order. */
type Answer = ReadonlyMap<string, readonly string[]>;

/**
 * The answer to `machineQuestion`.
 * @param timing operator clock, milliseconds: when the script was sent and when its first line (or, at worst, the whole answer) came back.
 * @throws ProvisionError FACTS when the answer is cut short or lacks what every Linux can say.
 */
export function readMachine(
  output: string,
  timing: { readonly sentMs: number; readonly receivedMs: number },
): MachineFacts {
  const answer = lines(output);
  if (!answer.has('end')) throw unreadable('the answer about the machine was cut short', output);
  const one = (key: string): string | null => answer.get(key)?.[0] ?? null;
  const all = (key: string): readonly string[] => answer.get(key) ?? [];
  const must = (key: string): string => {
    const value = one(key);
    if (value === null || value === '') throw unreadable(`the host did not say its ${key}`, output);
    return value;
  };
  const [hostname = '', kernel = '', machine = ''] = must('uname').split(' ');
  const container = one('container');
  const os = osOf(all('os'));
  const packageManager = packageManagerOf(one('packages'));
  return {
    hostname,
    os,
    family: findFamily(os, packageManager).family,
    arch: archOf(machine),
    kernel,
    cpus: Number(must('cpus')),
    memoryBytes: Number.parseInt(must('MemTotal:'), 10) * 1024,
    machineId: one('machine-id') ?? '',
    // A container sees the tables of the machine underneath, which its neighbours see too.
    productUuid: container === null ? (one('product-uuid') ?? '').toLowerCase() : '',
    macs: unique(all('mac')).filter((mac) => mac !== '00:00:00:00:00:00'),
    addresses: all('address').map((address) => address.replace(/\/\d+$/, '')),
    routes: all('route'),
    initSystem: must('init'),
    packageManager,
    ...cgroupOf(answer),
    clockSkewMs: skewOf(must('clock'), timing, output),
    timeSynced: timeSyncOf(answer),
    disks: disksOf(answer, output),
    listening: listeningOf(answer, 'ss', 'tcp'),
    listeningUdp: listeningOf(answer, 'ss-udp', 'udp'),
    commands: all('command'),
    swaps: all('swap'),
    selinux: selinuxOf(answer),
    resolvConf: all('nameserver'),
    proxyEnvironment: Object.fromEntries(all('proxy').map(assignment)),
    packageManagerBusy: one('package-lock'),
    brokenPackages: all('package-broken'),
    foreignRuntimes: all('foreign'),
    clusterCa: decoded(one('ca')),
    uid: Number(must('uid')),
    container,
    firewall: all('daemon').includes('firewalld') ? 'firewalld' : answer.has('ufw') ? 'ufw' : null,
    networkManagerIgnores: all('daemon').includes('NetworkManager') ? all('nm-ignores').flatMap(deviceSpecs) : null,
    containerSelinux: answer.has('container-selinux'),
    resolvedUpstreams: all('upstream'),
    hostsFileNames: unique(all('hosts-name')),
    kernelConfig: answer.has('kernel-config') ? kernelConfigOf(output) : null,
    kubernetesPaths: all('kubernetes'),
    cniConfigs: all('cni'),
    kubeletVersion: one('kubelet')?.replace(/^Kubernetes /, '') ?? null,
    owner: ownerOf(decoded(one('owner'))),
  };
}

function lines(output: string): Answer {
  const found = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const space = line.indexOf(' ');
    const key = space < 0 ? line : line.slice(0, space);
    const values = found.get(key) ?? [];
    values.push(space < 0 ? '' : line.slice(space + 1).trim());
    found.set(key, values);
  }
  return found;
}

const unreadable = (message: string, said: string): ProvisionError =>
  new ProvisionError('FACTS', message, { said, hint: 'run the command again; if it stays so, please report it' });

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
const decoded = (base64: string | null): string | null =>
  base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8');

/** `KEY="value"` as in os-release and /etc/environment. */
function assignment(line: string): [string, string] {
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(line) ?? [];
  return [key, value.replace(/^(["'])(.*)\1\s*$/, '$2')];
}

function osOf(assignments: readonly string[]): MachineFacts['os'] {
  const said = new Map(assignments.map(assignment));
  return {
    id: said.get('ID') ?? '',
    like: (said.get('ID_LIKE') ?? '').split(' ').filter((id) => id !== ''),
    version: said.get('VERSION_ID') ?? '',
    name: said.get('PRETTY_NAME') ?? '',
  };
}

function archOf(machine: string): Arch | string {
  if (machine === 'x86_64') return 'amd64';
  return machine === 'aarch64' ? 'arm64' : machine;
}

function packageManagerOf(command: string | null): MachineFacts['packageManager'] {
  if (command === 'apt-get') return 'apt';
  return command === 'dnf' || command === 'yum' ? command : 'none';
}

// As kubeadm and the kubelet decide: only a cgroup2 file system at /sys/fs/cgroup is v2; hybrid works as v1.
function cgroupOf(answer: Answer): Pick<MachineFacts, 'cgroup' | 'cgroupControllers'> {
  if (answer.get('cgroupfs')?.[0] === 'cgroup2fs') {
    return {
      cgroup: 'v2',
      cgroupControllers: (answer.get('controllers')?.[0] ?? '').split(' ').filter((c) => c !== ''),
    };
  }
  return {
    cgroup: answer.has('cgroup-unified') ? 'hybrid' : 'v1',
    cgroupControllers: answer.get('controllers-v1') ?? [],
  };
}

/** Host minus operator, milliseconds, half of the round trip taken off. A `date` without %N gives whole seconds. */
function skewOf(
  stamp: string,
  timing: { readonly sentMs: number; readonly receivedMs: number },
  output: string,
): number {
  const [, seconds, nanos = ''] = /^(\d{9,10})(\d{9})?/.exec(stamp) ?? [];
  if (seconds === undefined) throw unreadable(`the host's clock says ${stamp}`, output);
  const hostMs = Number(seconds) * 1000 + (nanos === '' ? 500 : Number(nanos) / 1e6);
  return Math.round(hostMs - (timing.sentMs + timing.receivedMs) / 2);
}

/** true or false as the daemon says; false when no daemon runs; null when it runs and cannot be asked. */
function timeSyncOf(answer: Answer): boolean | null {
  const daemons = answer.get('daemon') ?? [];
  const leap = answer.get('chrony')?.[0];
  if (leap !== undefined) return leap !== 'Not synchronised';
  if (daemons.includes('systemd-timesyn')) return answer.has('timesyncd');
  return daemons.includes('chronyd') || daemons.includes('ntpd') ? null : false;
}

function disksOf(answer: Answer, output: string): MachineFacts['disks'] {
  const rooms = new Map<string, Omit<MachineFacts['disks'][string], 'mount'>>();
  for (const line of answer.get('disk-room') ?? []) {
    const [, path = '', blocks, size, inodes, free, all] = /^(.*) (\d+) (\d+) (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    rooms.set(path, {
      sizeBytes: Number(all) * Number(size),
      freeBytes: Number(blocks) * Number(size),
      freeInodes: inodes === '0' ? null : Number(free),
    });
  }
  const mounts = new Map((answer.get('disk-mount') ?? []).map((line) => line.split(' ') as [string, string]));
  const disks: Record<string, MachineFacts['disks'][string]> = {};
  for (const line of answer.get('disk-path') ?? []) {
    const [path = '', there = ''] = line.split(' ');
    const room = rooms.get(there);
    if (room === undefined) throw unreadable(`the host did not say how much room ${path} has`, output);
    disks[path] = { ...room, mount: mounts.get(there) ?? there };
  }
  return disks;
}

/** `interface-name:cni0;type:vxlan` */
const deviceSpecs = (list: string): readonly string[] =>
  list
    .split(/[;,]/)
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');

/** From `ss -Hltnp` and `ss -Hlunp`, or, without it, from /proc/net/tcp and udp where the port is hexadecimal and the process unknown. */
function listeningOf(answer: Answer, ss: string, table: string): MachineFacts['listening'] {
  const ports: Record<string, string> = {};
  for (const line of answer.get(ss) ?? []) {
    const port = /:(\d+)$/.exec(line.split(/\s+/)[3] ?? '')?.[1];
    if (port !== undefined) ports[port] ||= /users:\(\("([^"]*)"/.exec(line)?.[1] ?? '';
  }
  for (const local of answer.get(table) ?? []) ports[String(Number.parseInt(local.split(':')[1] ?? '', 16))] ??= '';
  return ports;
}

function selinuxOf(answer: Answer): MachineFacts['selinux'] {
  const enforce = answer.get('selinux')?.[0];
  if (enforce !== undefined) return enforce === '1' ? 'enforcing' : 'permissive';
  return answer.has('selinux-config') ? 'disabled' : 'absent';
}

function kernelConfigOf(output: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...output.matchAll(/^CONFIG_([A-Z0-9_]+)=(.*)$/gm)].map((m) => [m[1] ?? '', m[2] ?? '']));
}

function ownerOf(text: string | null): MachineFacts['owner'] {
  if (text === null) return null;
  const said = parsed(text);
  if (typeof said !== 'object' || said === null || !('cluster' in said) || !('caHash' in said)) {
    throw new ProvisionError('FACTS', '/var/lib/provision/cluster does not say which cluster this host belongs to', {
      said: text,
      hint: 'look at the file; if it is damaged, remove it and apply again',
    });
  }
  return { cluster: String(said.cluster), caHash: String(said.caHash) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
