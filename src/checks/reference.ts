import type { Told } from './check.js';
import { FLEET_CHECKS, HOST_CHECKS } from './list.js';

/** A check that somebody else makes and we do not, and why not. */
interface LeftOut {
  readonly what: string;
  readonly from: 'kubeadm' | 'field';
  readonly why: string;
}

/** kubeadm 1.36's checks (cmd/kubeadm/app/preflight), and those that the field has learnt to make beside them. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    what: 'KubernetesVersion',
    from: 'kubeadm',
    why: 'there is no kubeadm whose age could matter; the release table knows what can be built, and `validate` says so',
  },
  { what: 'CRI', from: 'kubeadm', why: 'the runtime is ours to install; its step waits until it answers' },
  { what: 'Service-Kubelet', from: 'kubeadm', why: 'the unit is ours to write and to enable' },
  {
    what: 'FileContent--proc-sys-net-ipv4-ip_forward',
    from: 'kubeadm',
    why: 'the sysctl step sets it, now and at boot; `validate` refuses an inventory that sets it otherwise',
  },
  { what: 'FileContent--proc-sys-net-ipv6-conf-default-forwarding', from: 'kubeadm', why: 'as for IPv4' },
  { what: 'ExternalEtcdVersion', from: 'kubeadm', why: 'etcd is always ours' },
  { what: 'ExternalEtcdClientCertificates', from: 'kubeadm', why: 'etcd is always ours' },
  {
    what: 'ImagePull',
    from: 'kubeadm',
    why: 'a check changes nothing; Registry-<registry> asks whether a pull can work',
  },
  {
    what: 'a Ready Node of the same name',
    from: 'kubeadm',
    why: 'it needs the API, an errand on another host; OtherCluster, ClusterCA and UniqueHostname see the usual causes on the hosts',
  },
  {
    what: 'certificates that a control plane joins with',
    from: 'kubeadm',
    why: 'they are minted on this machine and are never missing',
  },
  {
    what: 'kubelet and container runtime speak one CRI; the release has the mode of kube-proxy, the pod network and the packages',
    from: 'field',
    why: '`validate` says so before any host is asked',
  },
  {
    what: 'pod and service network overlap each other; odd number of etcd members; unique names and addresses',
    from: 'field',
    why: '`validate` says so before any host is asked',
  },
  {
    what: 'reachability of every port between all hosts, path MTU against pod MTU',
    from: 'field',
    why: 'they need a listener on one host while another asks; `smoke` shows the result on the living cluster',
  },
  {
    what: 'cgroup driver of kubelet and runtime agree',
    from: 'field',
    why: 'both configurations follow kubelet.cgroupDriver; apply asks the running daemons before a node joins, and says who may have set another',
  },
  {
    what: 'br_netfilter and net.bridge.bridge-nf-call-iptables',
    from: 'field',
    why: 'the modules and sysctl steps set them, or say that this kernel cannot',
  },
  {
    what: 'swap that comes back at boot',
    from: 'field',
    why: 'the swap step takes it out of fstab, units and zram-generator',
  },
  {
    what: 'rp_filter',
    from: 'field',
    why: "flannel's routes are symmetric, and Felix filters by rules of its own: nothing depends on it (src/checks/pod-network.ts)",
  },
  {
    what: 'package repositories answer',
    from: 'field',
    why: "the package manager's own configuration knows better; the packages step tells its words",
  },
];

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = ({ name, severity, asks, cure }: Told): string =>
  `| \`${name}\` | ${severity} | ${cell(asks)} | ${cell(cure)} |`;

/** docs/preflight.md: every finding there can be, from the checks themselves. */
export function preflightReference(): string {
  const all = [...FLEET_CHECKS, ...HOST_CHECKS].flatMap((check) => check.tells);
  const left = LEFT_OUT.map(
    ({ what, from, why }) => `| ${cell(what)} | ${from === 'kubeadm' ? 'kubeadm' : 'practice'} | ${cell(why)} |`,
  );
  return `${introduction}

| Name | Severity | It must be true that | Cure |
|---|---|---|---|
${all.map(row).join('\n')}

## What is not checked, and why

| Check | Known from | Why not here |
|---|---|---|
${left.join('\n')}
`;
}

const introduction = `# Preflight

<!-- Written by \`npm run update\` from src/checks; edits are undone by the next one. -->

\`provision preflight -i FILE\` asks every host at once, changes nothing, and tells everything it finds together: what is
wrong, on which host, and the cure. An error ends it with exit code 4. \`plan\` and \`apply\` make the same checks;
\`apply\` refuses to begin while there is an error.

- Demote errors that you can live with to warnings: \`--ignore-preflight Swap,Port-10250\`, or \`ignorePreflight: [Swap]\`
  in the inventory; \`all\` demotes every one.
- What has to be tried (downloads, names, registries, dnf's history) is tried from the host itself, all at once, 3 s at
  most: by \`preflight\` always, by \`plan\` and \`apply\` only on hosts that are not in the cluster yet. The speed of
  etcd's disk is tried by \`preflight\` only.
- \`reset\` asks only whether it may: \`IsPrivilegedUser\` and \`OtherCluster\`.

Names are kubeadm's where it has one.

## What is checked`;
