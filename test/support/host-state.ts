/**
 * Everything about a lab host that reset has to put back, as text per topic. Read as root, past the product. What is enabled or masked is
 * told by the links that make it so, what generators made of fstab by its files: systemd itself takes 0.4 s for its list, and a run asks a
 * hundred times.
 */
export interface HostState {
  readonly [topic: string]: readonly string[];
}

/**
 * The settings of the kernel outside of a network are one for all practice hosts that are containers: a lab beside this one sets them at any
 * moment. A host with a kernel of its own answers for those, too.
 */
const SETTINGS = { network: 'net\\.(ipv4|ipv6|bridge|netfilter)', machine: 'vm\\.|kernel\\.(panic|keys)' };

/** Left out, each with its reason: these change by themselves on a host that nobody touches, or are caches by nature. */
export const LEFT_OUT: readonly { readonly path: string; readonly why: string }[] = [
  { path: '/proc', why: 'kernel' },
  { path: '/sys', why: 'kernel' },
  { path: '/dev', why: 'kernel' },
  { path: '/run', why: 'tmpfs, looked at by units, mounts and links' },
  { path: '/tmp', why: 'tmpfs' },
  { path: '/var/tmp', why: 'private temp folders of systemd units come and go' },
  { path: '/var/log', why: 'logs grow' },
  { path: '/var/cache', why: 'package and man caches, rebuilt by package managers' },
  { path: '/var/lib/apt/lists', why: 'fetched package lists' },
  { path: '/var/lib/dpkg/status*', why: 'rewritten by every transaction; the set of packages is compared instead' },
  { path: '/var/lib/systemd/random-seed', why: 'random by nature' },
  { path: '/var/lib/systemd/timers', why: 'when timers ran last' },
  {
    path: '/var/lib/rpm',
    why: "rpm's database is rewritten by every transaction; the set of packages is compared instead",
  },
  { path: '/var/lib/dnf', why: 'the history of transactions grows' },
  { path: '/var/lib/yum', why: 'the history of transactions grows' },
  { path: '/etc/group-', why: 'the copy that shadow-utils keep of the file before its last change' },
  { path: '/etc/gshadow-', why: 'the same' },
  {
    path: '/usr/lib/python3/dist-packages/ntp',
    why: "byte code that Debian's ntpdate, a program in Python, leaves beside itself",
  },
  { path: '/etc/ld.so.cache', why: 'rewritten by every library package, in another order' },
  { path: '/var/lib/chrony', why: 'drift file, written while time is kept' },
];

const prune = LEFT_OUT.map(({ path }) => `-path '${path}'`).join(' -o ');

/** What packages bring; an emulated processor would read it for minutes. It is compared by its names, and as packages. */
const PACKAGED = ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/share'].map((path) => `-path ${path}`).join(' -o ');

export const STATE_QUESTION = `
topic() { echo "@@ $1"; }
topic files
find / -xdev \\( ${prune} \\) -prune -o \\( -type f -o -type l -o -type d \\) -printf '%y %m %u:%g %p -> %l\\n' | sed 's/ -> $//' | sort
topic contents
if systemd-detect-virt --quiet --container; then unread='-false'; else unread='${PACKAGED}'; fi
find / -xdev \\( ${prune} -o $unread \\) -prune -o -type f -print0 | xargs -0 cksum | sort -k3
topic volumes
for d in containerd docker kubelet etcd; do ls -A /var/lib/$d 2>/dev/null | sed "s|^|/var/lib/$d/|"; done
topic packages
if command -v dpkg-query >/dev/null; then dpkg-query -W -f '\${db:Status-Abbrev} \${Package} \${Version}\\n' | sort; else rpm -qa | sort; fi
topic links
ip -o link | sed 's/^[0-9]*: //; s/ .*//; s/@.*//; s/:$//' | sort
topic addresses
ip -o address | awk '{print $2, $3, $4}' | sort
topic routes
ip route | sort
topic iptables
iptables-save 2>/dev/null | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'
topic nft
nft list ruleset 2>/dev/null | sed 's/packets [0-9]* bytes [0-9]*//'
topic units
find /etc/systemd/system /run/systemd/system /run/systemd/system.control /run/systemd/generator* -type f -printf '%p\\n' -o -type l -printf '%p -> %l\\n' 2>/dev/null | sort
topic active
systemctl list-units --no-legend --plain --type=service --state=active,failed | awk '{print $1, $3}' | grep -vE '^(systemd-|user@|user-runtime-dir@|session|apt-|man-db|dpkg-|e2scrub|fstrim|logrotate|polkit|packagekit|getty|console-getty)' | sort
topic mounts
awk '{print $5, $9, $10}' /proc/self/mountinfo | grep -vE '^/(run/user|run/credentials|proc|sys)' | sort -u
topic swap
cat /proc/swaps; grep swap /etc/fstab
topic selinux
cat /etc/selinux/config
topic firewalld
systemctl is-active firewalld; systemctl is-enabled firewalld; firewall-cmd --list-all 2>/dev/null
topic sysctl
if systemd-detect-virt --quiet --container; then own='${SETTINGS.network}'; else own='${SETTINGS.network}|${SETTINGS.machine}'; fi
sysctl -a 2>/dev/null | grep -E "^($own)" | awk '!/\\.conf\\./ || /\\.conf\\.(all|default)\\./' | grep -vE 'neigh\\.|random|nf_conntrack_count|mem_|stat_refresh|tcp_fastopen_key|nr_|lowmem|dirty|drop_caches|tcp_available|flush' | sort
topic hostname
hostname; cat /etc/hostname
topic processes
ps -eo comm= | grep -E '^(kube|etcd|containerd|dockerd|flanneld|coredns|pause|runc|chronyd)' | sort
true
`;

export function readHostState(text: string): HostState {
  const state: Record<string, string[]> = {};
  let topic: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('@@ ')) {
      topic = [];
      state[line.slice(3)] = topic;
    } else if (line !== '') topic.push(line);
  }
  return state;
}

/** `- line` was there before, `+ line` is there now; per topic, empty when all is as it was. */
export function differences(before: HostState, after: HostState): readonly string[] {
  return Object.keys(before).flatMap((topic) => {
    const [was, is] = [new Set(before[topic]), new Set(after[topic])];
    return [
      ...[...was].filter((line) => !is.has(line)).map((line) => `${topic}: - ${line}`),
      ...[...is].filter((line) => !was.has(line)).map((line) => `${topic}: + ${line}`),
    ];
  });
}
