import type { Cluster, Node } from './cluster.js';
import { hasEtcd, isControlPlane } from './cluster.js';

/**
 * Ports, as kubeadm's constants.go has them. Steps write them, checks look whether they are free: one place says which.
 * The API server always binds API_PORT; `endpoint.port` of the inventory is where clients go, a load balancer's port if there is one.
 */
export const API_PORT = 6443;
export const KUBELET_PORT = 10250;
export const KUBELET_HEALTH_PORT = 10248;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
export const ETCD_METRICS_PORT = 2381;
export const CONTROLLER_MANAGER_PORT = 10257;
export const SCHEDULER_PORT = 10259;
export const KUBE_PROXY_METRICS_PORT = 10249;
export const KUBE_PROXY_HEALTH_PORT = 10256;
/** flannel's VXLAN backend: the kernel's own port for it. */
export const FLANNEL_VXLAN_PORT = 8472;
/** calico's VXLAN has the registered port (felix/config/config_params.go, VXLANPort). */
export const CALICO_VXLAN_PORT = 4789;
export const BGP_PORT = 179;
/** Where the probes of calico-node ask, on the loopback (felix/config/config_params.go, HealthPort). */
export const FELIX_HEALTH_PORT = 9099;
export const NODE_PORTS = '30000-32767';
/** On a host's loopback, while a run with a bundle lasts. Nobody's by IANA's list; below what Linux gives to outgoing connections. */
export const BUNDLE_PORT = 17117;

/** What other nodes and clients reach on this one: https://kubernetes.io/docs/reference/networking/ports-and-protocols/ */
export function openPorts(cluster: Cluster, node: Node): readonly string[] {
  return [
    ...(isControlPlane(node) ? [`${API_PORT}/tcp`] : []),
    ...(hasEtcd(cluster, node) ? [`${ETCD_CLIENT_PORT}-${ETCD_PEER_PORT}/tcp`] : []),
    `${KUBELET_PORT}/tcp`,
    `${KUBE_PROXY_HEALTH_PORT}/tcp`,
    `${NODE_PORTS}/tcp`,
    `${NODE_PORTS}/udp`,
    ...networkPorts(cluster),
  ];
}

/** What the nodes of a pod network say to each other on. Of a manifest of the operator's own nobody knows it. */
function networkPorts({ network }: Cluster): readonly string[] {
  if (network.plugin === 'manifest') return [];
  if (network.plugin === 'flannel') return [`${FLANNEL_VXLAN_PORT}/udp`];
  return [network.encapsulation === 'vxlan' ? `${CALICO_VXLAN_PORT}/udp` : `${BGP_PORT}/tcp`];
}
