// THE LIST: what provision makes of a host, one sentence per step, in order. Read this first.
// A step is a pure function from (cluster, node, release, trust, facts) to resources; this room cannot reach a host.
import type { Step } from '../model/index.js';
import { calico } from './calico.js';
import { clusterObjects } from './cluster-objects.js';
import { coredns } from './coredns.js';
import { flannel } from './flannel.js';
import { kernel } from './kernel.js';
import { kubeProxy } from './kube-proxy.js';
import { kubectlUsers } from './kubectl.js';
import { bootstrap, join, kubelet } from './kubelet.js';
import { ownNetwork } from './network.js';
import { networkManager } from './network-manager.js';
import { nodeMarks } from './nodes.js';
import { owner } from './owner.js';
import { repositories } from './repositories.js';
import { kubernetesBinaries, runtime } from './runtime.js';
import { controlPlane } from './static-pods.js';
import { firewall, hostname, hostsFile, limits, modules, packages, selinux, services, swap, sysctl } from './system.js';
import { time, timezone } from './time.js';
import { trustFiles } from './trust.js';

/** Reset goes through what they made backwards. */
export const steps: readonly Step[] = Object.freeze([
  owner, // Say on the host whose it is.
  hostname, // The host is called as the inventory calls the node,
  hostsFile, // and knows all others by name.
  swap, // Swap is off, now and at boot.
  selinux, // SELinux is as the inventory wants it.
  repositories, // Its packages come from the mirror, if the inventory says so.
  packages, // What kubelet, kube-proxy and the runtime call is installed.
  kernel, // Its kernel is the one that the inventory wants, one host restarting at a time.
  firewall, // The firewall is away, or lets exactly the cluster through.
  services, // Services that the inventory names are stopped.
  networkManager, // NetworkManager leaves the pod network alone.
  modules, // The kernel has overlay and bridge filtering (and ipvs),
  sysctl, // and forwards.
  timezone, // The host's clock shows the operator's time,
  time, // and is kept.
  limits, // Many files may be open.
  runtime, // containerd runs, with runc, the CNI plugins and crictl.
  kubernetesBinaries, // kubelet, kubeadm and kubectl are there, verified.
  trustFiles, // Keys and certificates are in place,
  kubectlUsers, // for people, too,
  controlPlane, // and the control plane's static pods, before
  kubelet, // the kubelet is configured.
  bootstrap, // Control planes: their kubelet starts the pods and joins through its own API server.
  clusterObjects, // The leader: rights and configuration that joining nodes read,
  kubeProxy, // Services,
  flannel, // the pod network: flannel,
  calico, // or calico,
  ownNetwork, // or what the inventory names.
  join, // Workers: a token for each, the CA checked first.
  nodeMarks, // Every node has its labels and taints and is Ready.
  coredns, // The leader, when they are: names.
]);

export { everyPull, pulls } from './images.js';
export { repositoriesFor } from './repositories.js';
export { portsFor } from './system.js';
