// Where things are on a host, one sentence each. Nothing here is a decision about a node.
import type { Scene } from '../model/index.js';

export {
  API_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_CLIENT_PORT,
  ETCD_METRICS_PORT,
  ETCD_PEER_PORT,
  FLANNEL_VXLAN_PORT,
  KUBE_PROXY_HEALTH_PORT,
  KUBELET_PORT,
  NODE_PORTS,
  SCHEDULER_PORT,
} from '../model/index.js';

/** Root of everything that kubeadm's tools look for. */
export const KUBERNETES = '/etc/kubernetes';
export const PKI = `${KUBERNETES}/pki`;
export const MANIFESTS = `${KUBERNETES}/manifests`;
export const ADMIN_CONF = `${KUBERNETES}/admin.conf`;
export const KUBELET_CONF = `${KUBERNETES}/kubelet.conf`;
export const CA = `${PKI}/ca.crt`;
export const KUBELET = '/var/lib/kubelet';
export const ETCD_DATA = '/var/lib/etcd';
/** Binaries that no package owns. */
export const BIN = '/usr/local/bin';
/** containerd's own default; kubeadm's newer default too (/var/run is the same place). */
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
export const CRI_DOCKERD_SOCKET = '/run/cri-dockerd.sock';
/** The kubelet itself listens there (cmd/kubelet/app/options/options.go, v1.23.17: `--experimental-dockershim-root-directory` and its kin). */
const DOCKERSHIM_SOCKET = '/var/run/dockershim.sock';

/** Where CRI is spoken on a host. */
export const socketOf = ({ cluster, release }: Pick<Scene, 'cluster' | 'release'>): string => {
  if (cluster.runtime === 'containerd') return CONTAINERD_SOCKET;
  return release.cri === 'dockershim' ? DOCKERSHIM_SOCKET : CRI_DOCKERD_SOCKET;
};
export const endpointOf = (scene: Pick<Scene, 'cluster' | 'release'>): string => `unix://${socketOf(scene)}`;

/** Never cache discovery on the host: a question must leave nothing behind. */
export const KUBECTL = [
  'env',
  'HOME=/proc/none',
  'kubectl',
  '--cache-dir=/dev/null/none',
  '--request-timeout=15s',
] as const;
