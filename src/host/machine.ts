import type { Arch, MachineFacts } from '../model/index.js';
import { ProvisionError } from '../model/index.js';

/** Kernel options that kubeadm's SystemVerification knows (k8s.io/system-validators, types_unix.go), with their aliases. */
const KERNEL_OPTIONS = [
  'NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_BPF CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER CGROUP_SCHED',
  'CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT IP_NF_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT',
  'FAIR_GROUP_SCHED OVERLAY_FS AUFS_FS BLK_DEV_DM CFS_BANDWIDTH SECCOMP SECCOMP_FILTER CGROUP_HUGETLB',
]
  .join(' ')
  .split(' ');

/** The file systems that we or the components write to. */
const DISK_PATHS = '/ /var /etc /var/lib/etcd /var/lib/containerd /run';

/** The commands that kubeadm looks for (FileExisting-*), and curl, which fetches artifacts. */
const COMMANDS = 'ip iptables mount nsenter ebtables ethtool socat tc touch conntrack curl';

/** kubeadm's FileAvailable and DirAvailable, and what else marks a host as somebody's node. */
const KUBERNETES_PATHS = [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'].map(
    (pod) => `/etc/kubernetes/manifests/${pod}.yaml`,
  ),
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/bootstrap-kubelet.conf',
  '/etc/kubernetes/admin.conf',
  '/etc/kubernetes/pki/ca.crt',
  '/var/lib/kubelet/config.yaml',
  '/var/lib/etcd',
];

/** Distributions and runtimes of others, by a path that is there only while they are installed or running. */
const FOREIGN: Readonly<Record<string, string>> = {
  k3s: '/etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service /var/lib/rancher/k3s/server /var/lib/rancher/k3s/agent',
  rke2: '/var/lib/rancher/rke2/server /var/lib/rancher/rke2/agent',
  k0s: '/etc/systemd/system/k0scontroller.service /etc/systemd/system/k0sworker.service /var/lib/k0s/pki',
  microk8s: '/var/snap/microk8s/current',
  docker: '/run/docker.sock',
  crio: '/run/crio/crio.sock',
  podman: '/run/podman/podman.sock',
};

/**
 * The question about the machine: POSIX sh, run as root with QUESTION_PRELUDE, reads only, starts about 25 processes and waits
 * for nobody. Answers lines of `key value`. It must be the first part of the gather script: the clock is its first word.
 */
export const machineQuestion = (): string => `
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; LC_ALL=C; export PATH LC_ALL
date '+clock %s%N'
echo "uid $(id -u)"
echo "uname $(uname -n -r -m)"
line() { if [ -r "$2" ] && IFS= read -r _line <"$2"; then printf '%s %s\\n' "$1" "$_line"; fi; }
if [ -r /etc/os-release ]; then
  while IFS= read -r _line; do case $_line in ID=*|ID_LIKE=*|VERSION_ID=*|PRETTY_NAME=*) echo "os $_line";; esac; done </etc/os-release
fi
echo "cpus $(nproc)"
grep '^MemTotal:' /proc/meminfo
line machine-id /etc/machine-id
line product-uuid /sys/class/dmi/id/product_uuid
line container /run/systemd/container
line init /proc/1/comm
# Links that carry the host's own address: hardware, or the host's end of a pair; never those of pods.
for _link in /sys/class/net/*; do
  case \${_link##*/} in lo|veth*|cali*|cni*|docker*|br-*|flannel*|kube-*|tunl*|vxlan*|virbr*|dummy*|nodelocaldns) continue;; esac
  [ -r "$_link/address" ] || continue
  if [ ! -e "$_link/device" ]; then
    IFS= read -r _index <"$_link/ifindex"; IFS= read -r _peer <"$_link/iflink"; IFS= read -r _state <"$_link/operstate"
    [ "$_index" != "$_peer" ] && [ "$_state" = up ] || continue
  fi
  line mac "$_link/address"
done
if have ip; then
  ip -o addr show | awk '$3 == "inet" || $3 == "inet6" { print "address", $4 }'
  { ip -4 route show table main; ip -6 route show table main; } 2>/dev/null | awk '{
    to = $1; if (to ~ /^(blackhole|unreachable|prohibit|broadcast|local|multicast)$/) to = $2
    dev = "-"; for (i = 1; i < NF; i++) if ($i == "dev") dev = $(i + 1)
    print "route", to, dev }'
else
  for _ip in $(hostname -I 2>/dev/null); do echo "address $_ip"; done
fi
for _pm in apt-get dnf yum; do if have "$_pm"; then echo "packages $_pm"; break; fi; done
echo "cgroupfs $(stat -f -c %T /sys/fs/cgroup)"
if [ -d /sys/fs/cgroup/unified ]; then echo "cgroup-unified yes"; fi
line controllers /sys/fs/cgroup/cgroup.controllers
if [ -r /proc/cgroups ]; then awk '$4 == 1 { print "controllers-v1", $1 }' /proc/cgroups; fi
_daemons=$(grep -hxE 'chronyd|ntpd|systemd-timesyn|firewalld' /proc/[0-9]*/comm 2>/dev/null | sort -u) || true
for _daemon in $_daemons; do echo "daemon $_daemon"; done
case $_daemons in *chronyd*) if have chronyc; then
  _leap=$(timeout 2 chronyc -n tracking 2>/dev/null | sed -n 's/^Leap status *: *//p'); if [ -n "$_leap" ]; then echo "chrony $_leap"; fi
fi;; esac
if [ -e /run/systemd/timesync/synchronized ]; then echo "timesyncd synchronized"; fi
set --
for _path in ${DISK_PATHS}; do
  _there=$_path; until [ -e "$_there" ]; do _there=\${_there%/*}; _there=\${_there:-/}; done
  echo "disk-path $_path $_there"; set -- "$@" "$_there"
done
stat -f -c 'disk-room %n %a %S %c %d' -- "$@"
stat -c 'disk-mount %n %m' -- "$@"
if have ss && _ports=$(ss -Hltnp 2>/dev/null); then printf '%s\\n' "$_ports" | sed 's/^/ss /'
else for _table in /proc/net/tcp /proc/net/tcp6; do if [ -r "$_table" ]; then awk '$4 == "0A" { print "tcp", $2 }' "$_table"; fi; done; fi
for _command in ${COMMANDS}; do if have "$_command"; then echo "command $_command"; fi; done
awk 'NR > 1 { print "swap", $1 }' /proc/swaps
line selinux /sys/fs/selinux/enforce
if [ -e /etc/selinux/config ]; then echo "selinux-config yes"; fi
for _policy in /usr/share/selinux/packages/container.pp* /usr/share/selinux/packages/*/container.pp* /var/lib/selinux/*/active/modules/*/container; do
  if [ -e "$_policy" ]; then echo "container-selinux yes"; break; fi
done
servers() { if [ -r "$2" ]; then while read -r _word _value _; do if [ "$_word" = nameserver ]; then echo "$1 $_value"; fi; done <"$2"; fi; }
servers nameserver /etc/resolv.conf
servers upstream /run/systemd/resolve/resolv.conf
if [ -r /etc/hosts ]; then awk '{ sub(/#.*/, "") } NF > 1 { for (i = 2; i <= NF; i++) print "hosts-name", $i }' /etc/hosts; fi
# A proxy's password stays where it is.
if [ -r /etc/environment ]; then
  sed -n 's/^ *\\(export  *\\)\\{0,1\\}\\([A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]=\\)/proxy \\2/p' /etc/environment | sed 's#//[^/@]*@#//«secret»@#'
fi
if grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf; then echo "ufw yes"; fi
_inodes=$(stat -c %i /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock 2>/dev/null | tr '\\n' ' ') || true
_pids=$(awk -v want="$_inodes" 'BEGIN { n = split(want, w, " "); for (i = 1; i <= n; i++) locked[w[i]] = 1 }
  $2 != "->" && $4 == "WRITE" { split($6, at, ":"); if ((at[3] in locked) && $5 > 0) print $5 }' /proc/locks)
for _file in /run/yum.pid /var/cache/dnf/*_lock.pid /var/lib/dnf/*_lock.pid; do
  if [ -r "$_file" ]; then IFS= read -r _pid <"$_file" || true; _pids="$_pids $_pid"; fi
done
for _pid in $_pids; do
  if IFS= read -r _comm 2>/dev/null <"/proc/$_pid/comm"; then
    case $_comm in dnf*|yum*|rpm*|apt*|dpkg*|unattended*|python*|packagekit*|microdnf*|aptitude*|synaptic*|frontend*) echo "package-lock $_comm (process $_pid)"; break;; esac
  fi
done
if [ -r /var/lib/dpkg/status ]; then
  awk '/^Package:/ { name = $2 } /^Status:/ && $4 !~ /^(installed|not-installed|config-files)$/ { print "package-broken", name, "(" $4 ")" }' /var/lib/dpkg/status
  for _file in /var/lib/dpkg/updates/[0-9]*; do if [ -e "$_file" ]; then echo "package-broken dpkg (interrupted)"; break; fi; done
fi
for _file in /var/lib/yum/transaction-all.*; do if [ -e "$_file" ]; then echo "package-broken yum (unfinished transaction)"; break; fi; done
${Object.entries(FOREIGN)
  .map(([name, paths]) => `for _path in ${paths}; do if [ -e "$_path" ]; then echo "foreign ${name}"; break; fi; done`)
  .join('\n')}
_wanted='^CONFIG_(${KERNEL_OPTIONS.join('|')})='
_kernel=$(uname -r)
if [ -r /proc/config.gz ] && have zcat; then echo "kernel-config /proc/config.gz"; zcat /proc/config.gz | grep -E "$_wanted" || true
elif [ -r "/boot/config-$_kernel" ]; then echo "kernel-config /boot"; grep -E "$_wanted" "/boot/config-$_kernel" || true; fi
for _path in ${KUBERNETES_PATHS.join(' ')}; do
  if [ -d "$_path" ]; then for _file in "$_path"/* "$_path"/.[!.]*; do if [ -e "$_file" ]; then echo "kubernetes $_path"; break; fi; done
  elif [ -e "$_path" ]; then echo "kubernetes $_path"; fi
done
for _file in /etc/cni/net.d/*; do if [ -e "$_file" ]; then echo "cni \${_file##*/}"; fi; done
if [ -r /etc/kubernetes/pki/ca.crt ]; then printf 'ca '; b64 </etc/kubernetes/pki/ca.crt; fi
if have kubelet; then echo "kubelet $(timeout 10 kubelet --version 2>/dev/null || echo broken)"; fi
if [ -r /var/lib/provision/cluster ]; then printf 'owner '; b64 </var/lib/provision/cluster; fi
echo end
`;

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
  return {
    hostname,
    os: osOf(all('os')),
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
    packageManager: packageManagerOf(one('packages')),
    ...cgroupOf(answer),
    clockSkewMs: skewOf(must('clock'), timing, output),
    timeSynced: timeSyncOf(answer),
    disks: disksOf(answer, output),
    listening: listeningOf(answer),
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
  const rooms = new Map<string, { freeBytes: number; freeInodes: number | null }>();
  for (const line of answer.get('disk-room') ?? []) {
    const [, path = '', blocks, size, inodes, free] = /^(.*) (\d+) (\d+) (\d+) (\d+)$/.exec(line) ?? [];
    rooms.set(path, {
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

/** From `ss -Hltnp`, or, without it, from /proc/net/tcp where the port is hexadecimal and the process unknown. */
function listeningOf(answer: Answer): MachineFacts['listening'] {
  const ports: Record<string, string> = {};
  for (const line of answer.get('ss') ?? []) {
    const port = /:(\d+)$/.exec(line.split(/\s+/)[3] ?? '')?.[1];
    if (port !== undefined) ports[port] ||= /users:\(\("([^"]*)"/.exec(line)?.[1] ?? '';
  }
  for (const local of answer.get('tcp') ?? []) ports[String(Number.parseInt(local.split(':')[1] ?? '', 16))] ??= '';
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
  const [, cluster, caHash] = /"cluster":\s*"([^"]*)",\s*"caHash":\s*"([^"]*)"/.exec(text) ?? [];
  if (cluster === undefined || caHash === undefined) {
    throw new ProvisionError('FACTS', '/var/lib/provision/cluster does not say which cluster this host belongs to', {
      said: text,
      hint: 'look at the file; if it is damaged, remove it and apply again',
    });
  }
  return { cluster, caHash };
}
