// Where things are on a host, one sentence each. Nothing here is a decision about a node.

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
export const RUNTIME_SOCKET = '/run/containerd/containerd.sock';
export const RUNTIME_ENDPOINT = `unix://${RUNTIME_SOCKET}`;

/** Ports, as kubeadm's constants.go has them. */
export const API_PORT = 6443;
export const KUBELET_PORT = 10250;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
export const ETCD_METRICS_PORT = 2381;
export const CONTROLLER_MANAGER_PORT = 10257;
export const SCHEDULER_PORT = 10259;
export const KUBE_PROXY_HEALTH_PORT = 10256;
/** flannel's VXLAN backend: the kernel's own port for it. */
export const FLANNEL_VXLAN_PORT = 8472;
export const NODE_PORTS = '30000-32767';

/** Never cache discovery on the host: a question must leave nothing behind. */
export const KUBECTL = [`${BIN}/kubectl`, '--cache-dir=/dev/null/none', '--request-timeout=15s'] as const;
