export { readMachine } from './machine-answer.js';

/** Kernel options that kubeadm's SystemVerification knows (k8s.io/system-validators, v1.12.1 types_unix.go), with their aliases; kube-proxy's and calico's. */
const KERNEL_OPTIONS = [
  'NAMESPACES NET_NS PID_NS IPC_NS UTS_NS CGROUPS CGROUP_BPF CGROUP_CPUACCT CGROUP_DEVICE CGROUP_FREEZER CGROUP_PIDS CGROUP_SCHED',
  'CPUSETS MEMCG INET EXT4_FS PROC_FS NETFILTER_XT_TARGET_REDIRECT IP_NF_TARGET_REDIRECT NETFILTER_XT_MATCH_COMMENT',
  'FAIR_GROUP_SCHED OVERLAY_FS OVERLAYFS_FS AUFS_FS BLK_DEV_DM CFS_BANDWIDTH SECCOMP SECCOMP_FILTER CGROUP_HUGETLB',
  'IP_VS IP_VS_RR IP_VS_WRR IP_VS_SH NF_TABLES',
  'IP_SET IP_SET_HASH_IP IP_SET_HASH_NET NETFILTER_XT_SET NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_CONNTRACK',
  'NETFILTER_XT_MATCH_MULTIPORT IP_NF_MATCH_RPFILTER VXLAN NET_IPIP',
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
 * awk over NetworkManager's files, one behind the other: its `unmanaged-devices` lists, and the `match-device` of each [device*]
 * section with managed=0, whatever their order. NetworkManager.conf(5).
 */
export const IGNORED_DEVICES = String.raw`
    function told() { if (off && devices != "") print "nm-ignores", devices }
    /^[ \t]*[[]/ { told(); off = 0; devices = "" }
    { key = $0; sub(/[ \t]*[+]?=.*/, "", key); gsub(/[ \t]/, "", key); value = $0; sub(/^[^=]*=[ \t]*/, "", value) }
    key == "unmanaged-devices" { print "nm-ignores", value }
    key == "match-device" { devices = value }
    key == "managed" { off = (value ~ /^(0|false|no)[ \t]*$/) }
    END { told() }`;

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
if have ip; then
  # Links that carry the host's own address, never those of pods. Not from /sys, which may show another network namespace's.
  ip -o link show | awk '{
    name = $2; sub(/:$/, "", name); paired = sub(/@.*/, "", name)
    if (name ~ /^(lo|veth|cali|cni|docker|br-|flannel|kube-|tunl|vxlan|virbr|dummy|nodelocaldns)/) next
    if (paired && $3 !~ /[<,]UP[,>]/) next
    for (i = 4; i < NF; i++) if ($i == "link/ether") print "mac", $(i + 1) }'
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
_daemons=$(grep -hxE 'chronyd|ntpd|systemd-timesyn|firewalld|NetworkManager' /proc/[0-9]*/comm 2>/dev/null | sort -u) || true
for _daemon in $_daemons; do echo "daemon $_daemon"; done
case $_daemons in *chronyd*) if have chronyc; then
  _leap=$(timeout 2 chronyc -n tracking 2>/dev/null | sed -n 's/^Leap status *: *//p'); if [ -n "$_leap" ]; then echo "chrony $_leap"; fi
fi;; esac
case $_daemons in *NetworkManager*)
  # NetworkManager.conf(5): a list in [keyfile], or a [device*] section with managed=0; a file in /etc hides one of its name elsewhere, which is not followed here.
  cat /usr/lib/NetworkManager/conf.d/*.conf /etc/NetworkManager/NetworkManager.conf /etc/NetworkManager/conf.d/*.conf /run/NetworkManager/conf.d/*.conf 2>/dev/null | awk '${IGNORED_DEVICES}'
;; esac
if [ -e /run/systemd/timesync/synchronized ]; then echo "timesyncd synchronized"; fi
set --
for _path in ${DISK_PATHS}; do
  _there=$_path; until [ -e "$_there" ]; do _there=\${_there%/*}; _there=\${_there:-/}; done
  echo "disk-path $_path $_there"; set -- "$@" "$_there"
done
stat -f -c 'disk-room %n %a %S %c %d %b' -- "$@"
stat -c 'disk-mount %n %m' -- "$@"
if have ss && _ports=$(ss -Hltnp 2>/dev/null); then printf '%s\\n' "$_ports" | sed 's/^/ss /'
else for _table in /proc/net/tcp /proc/net/tcp6; do if [ -r "$_table" ]; then awk '$4 == "0A" { print "tcp", $2 }' "$_table"; fi; done; fi
if have ss && _ports=$(ss -Hlunp 2>/dev/null); then printf '%s\\n' "$_ports" | sed 's/^/ss-udp /'
else for _table in /proc/net/udp /proc/net/udp6; do if [ -r "$_table" ]; then awk 'NR > 1 && $3 ~ /:0000$/ { print "udp", $2 }' "$_table"; fi; done; fi
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
  if [ -r "$_file" ]; then IFS= read -r _pid <"$_file" || true; case $(cat "/proc/$_pid/comm" 2>/dev/null) in dnf*|yum*|python*|packagekit*) _pids="$_pids $_pid";; esac; fi
done
for _pid in $_pids; do
  if [ -r "/proc/$_pid/comm" ]; then IFS= read -r _comm <"/proc/$_pid/comm"; echo "package-lock $_comm (process $_pid)"; break; fi
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
else for _path in "/boot/config-$_kernel" "/lib/modules/$_kernel/config" "/usr/lib/modules/$_kernel/config" "/usr/lib/kernel/config-$_kernel"; do
  if [ -r "$_path" ]; then echo "kernel-config $_path"; grep -E "$_wanted" "$_path" || true; break; fi
done; fi
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
