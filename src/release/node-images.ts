import { type Cluster, hasEtcd, isControlPlane, type Node, type Release } from '../model/index.js';

/**
 * The images that may come to run on a node, and no others; first those that its first pods wait for. The plan, the gates and the bundle
 * all take them from here.
 */
export function nodeImages(cluster: Cluster, release: Release, node: Node): readonly string[] {
  const { images } = release;
  return [
    images.pause,
    images['kube-proxy'],
    ...networkImages(cluster, release),
    ...(hasEtcd(cluster, node) ? [images.etcd] : []),
    ...(isControlPlane(node)
      ? [images['kube-apiserver'], images['kube-controller-manager'], images['kube-scheduler']]
      : []),
    ...(mayRunCoreDns(release, node) ? [images.coredns] : []),
    // Its Deployment tolerates what CoreDNS does (calico.yaml of 3.31.0).
    ...(cluster.network.plugin === 'calico' && mayRunCoreDns(release, node)
      ? named([images['calico-kube-controllers']])
      : []),
  ];
}

/** What connects the pods, on every node. */
export const networkImages = ({ network }: Cluster, { images }: Release): readonly string[] =>
  named(
    network.plugin === 'flannel'
      ? [images['flannel-cni-plugin'], images.flannel]
      : network.plugin === 'calico'
        ? [images['calico-cni'], images['calico-node']]
        : [],
  );

const named = (images: readonly (string | undefined)[]): readonly string[] =>
  images.filter((image) => image !== undefined);

/** Every image of the cluster, each once. */
export const clusterImages = (cluster: Cluster, release: Release): readonly string[] => [
  ...new Set(cluster.nodes.flatMap((node) => nodeImages(cluster, release, node))),
];

/** Its pods bear a control plane's taint and CriticalAddonsOnly, and no other (kubernetes v1.36.3, cmd/kubeadm/app/phases/addons/dns/manifests.go). */
const mayRunCoreDns = (release: Release, node: Node): boolean =>
  node.taints.every(
    ({ key, effect }) =>
      effect === 'PreferNoSchedule' ||
      key === 'CriticalAddonsOnly' ||
      (release.marks.tolerated.includes(key) && effect === 'NoSchedule'),
  );
