import { HOST_DIR, LEDGER_DIR, words } from './shell.js';

/** Directories that a host without Kubernetes does not have, or has empty (they may be mount points). */
const PATHS = [
  '/etc/kubernetes',
  '/var/lib/kubelet',
  '/var/lib/etcd',
  '/var/lib/cni',
  '/var/lib/calico',
  '/var/lib/kube-proxy',
  '/var/log/pods',
  '/var/log/containers',
  '/run/flannel',
  '/run/calico',
  '/run/kubernetes',
  '/etc/systemd/system/kubelet.service.d',
  '/usr/libexec/kubernetes',
  LEDGER_DIR,
];
const FILES = [
  '/etc/systemd/system/kubelet.service',
  ...['kubelet', 'kubeadm', 'kubectl'].map((n) => `/usr/local/bin/${n}`),
];
/** What pods of ours put into directories that are everybody's: a host may have networks and plugins of its own. */
const FILE_PATTERNS = [
  '/etc/cni/net.d/*flannel*',
  '/etc/cni/net.d/*calico*',
  '/opt/cni/bin/flannel*',
  '/opt/cni/bin/calico*',
];
/** As /proc/PID/comm shows them: 15 characters at most. */
const PROCESSES = [
  'kubelet',
  'kube-apiserver',
  'kube-controller',
  'kube-scheduler',
  'kube-proxy',
  'etcd',
  'flanneld',
  'calico-node',
  'coredns',
];
const LINKS = [
  'cni0',
  'flannel*',
  'kube-ipvs0',
  'kube-dummy0',
  'cali*',
  'vxlan.calico',
  'vxlan-v6.calico',
  'nodelocaldns',
];

/** One question that finds what is left of Kubernetes on a host: one line for each thing, nothing when it is clean. */
export const residueQuestion = (): string => `
for p in /proc/[0-9]*; do
  c=$(cat "$p/comm" 2>/dev/null) || continue
  for n in ${words(PROCESSES)}; do [ "$c" != "$n" ] || echo "process $c (\${p#/proc/})"; done
  case $c in containerd-shim*) case $({ tr '\\0' ' ' <"$p/cmdline"; } 2>/dev/null) in *' -namespace k8s.io '*) echo "process $c (\${p#/proc/})" ;; esac ;; esac
done
if have systemctl; then
  u=$(systemctl list-units --all --plain --no-legend --no-pager 'kube*' etcd.service) || exit 1
  printf '%s\\n' "$u" | awk '$1 != "" && $2 != "not-found" { print "unit " $1 }'
fi
awk '$5 ~ "^/var/lib/kubelet/|/k8s.io/|^/run/netns/cni-|/io.containerd.grpc.v1.cri/" { print "mount " $5 }' /proc/self/mountinfo || exit 1
! have ip || for l in $(ip -o link show | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do
  case $l in ${LINKS.join(' | ')}) echo "link $l" ;; esac
done
for t in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
  ! have "$t-save" || "$t-save" 2>/dev/null | awk -v t="$t" '/^\\*/ { table = substr($1, 2) } /^:(KUBE-|CNI-|FLANNEL-|cali-)/ { print "chain " substr($1, 2) " (" t ", " table ")" }'
done
if have nft && n=$(nft list tables 2>/dev/null); then
  printf '%s\\n' "$n" | awk '$3 ~ /^(kube-proxy|flannel-ipv4|flannel-ipv6|calico)$/ { print "nftables table " $2 " " $3 }'
fi
for d in ${words(PATHS)}; do
  if [ -d "$d" ]; then ls -A -- "$d" | head -n 5 | d="$d" awk '{ print "file " ENVIRON["d"] "/" $0 }'; elif [ -e "$d" ]; then echo "file $d"; fi
done
for f in ${words(FILES)} ${FILE_PATTERNS.join(' ')}; do [ ! -e "$f" ] && [ ! -L "$f" ] || echo "file $f"; done
[ ! -d /run/netns ] || ls /run/netns | sed -n 's/^cni-/network namespace &/p'
true`;

/** What is left, one thing a line, in the order of the question; [] is clean. */
export const readResidue = (output: string): readonly string[] =>
  output
    .split('\n')
    .filter((line) => /^(process|unit|mount|link|chain|nftables table|file|network namespace) ./.test(line));

/** After a reset: provision's own folder goes, once nothing in its ledger is left to give back. */
export const FORGET = `[ -n "$(ls -A ${LEDGER_DIR} 2>/dev/null)" ] || rm -rf -- ${HOST_DIR}`;
