import { familyById } from '../family/index.js';
import {
  type Cluster,
  hasEtcd,
  isControlPlane,
  type Node,
  parseIp,
  type Resource,
  type Scene,
  type Step,
} from '../model/index.js';
import { toYaml } from '../templates.js';
import {
  API_PORT,
  CA,
  CONTROLLER_MANAGER_PORT,
  ETCD_CLIENT_PORT,
  ETCD_DATA,
  ETCD_METRICS_PORT,
  ETCD_PEER_PORT,
  KUBERNETES,
  MANIFESTS,
  PKI,
  SCHEDULER_PORT,
} from './places.js';
import { CONFIG, flags, type Mount, type Pod, pod } from './pod.js';
import { bracketed, directory, file, httpsUrl } from './words.js';

// The same pods as kubeadm's. Source: kubernetes v1.36.3, cmd/kubeadm/app/phases/{controlplane,etcd}; other releases: src/release/traits.ts.

export const controlPlane: Step = {
  id: 'control-plane',
  title: 'Lay out the control plane as static pods',
  on: (node, cluster) => isControlPlane(node) || hasEtcd(cluster, node),
  desire: (scene) => [
    directory(MANIFESTS, 0o700),
    ...(hasEtcd(scene.cluster, scene.node) ? ETCD_PLACES : []),
    ...podsOf(scene).map(manifest),
  ],
};

const ETCD_PLACES: readonly Resource[] = [
  directory(ETCD_DATA, 0o700),
  { kind: 'traces', name: 'etcd', paths: [ETCD_DATA], links: [], chains: [], ipvs: false },
];

const podsOf = (scene: Scene): readonly Pod[] => [
  ...(hasEtcd(scene.cluster, scene.node) ? [etcd(scene)] : []),
  ...(isControlPlane(scene.node) ? [apiServer(scene), controllerManager(scene), scheduler(scene)] : []),
];

const manifest = (pod: Pod): Resource => file(`${MANIFESTS}/${pod.metadata.name}.yaml`, toYaml(pod), 0o600);

/** The kubelet restarts a pod some time after its manifest changed: what comes next must not meet the one that is about to go. */
export const runningPods = (scene: Scene): readonly Resource[] =>
  podsOf(scene).map(({ metadata: { name, annotations } }) => ({
    kind: 'static-pod',
    runtime: scene.cluster.runtime,
    name,
    annotation: CONFIG,
    stamp: annotations[CONFIG] ?? '',
    within: 300,
  }));

/** The loopback address of the family that the node speaks. */
const loopbackOf = (node: Node): string => (parseIp(node.internalAddress)?.family === 6 ? '::1' : '127.0.0.1');

function etcd({ cluster, node, release }: Scene): Pod {
  const client = httpsUrl(node.internalAddress, ETCD_CLIENT_PORT);
  const peer = httpsUrl(node.internalAddress, ETCD_PEER_PORT);
  const loopback = loopbackOf(node);
  return pod({
    name: 'etcd',
    image: release.images.etcd,
    command: [
      'etcd',
      ...flags(
        {
          name: node.name,
          'advertise-client-urls': client,
          'cert-file': `${PKI}/etcd/server.crt`,
          'client-cert-auth': 'true',
          'data-dir': ETCD_DATA,
          'initial-advertise-peer-urls': peer,
          'initial-cluster': initialCluster(cluster),
          'key-file': `${PKI}/etcd/server.key`,
          'listen-client-urls': `${httpsUrl(loopback, ETCD_CLIENT_PORT)},${client}`,
          'listen-metrics-urls': `http://${bracketed(loopback)}:${ETCD_METRICS_PORT}`,
          'listen-peer-urls': peer,
          'peer-cert-file': `${PKI}/etcd/peer.crt`,
          'peer-client-cert-auth': 'true',
          'peer-key-file': `${PKI}/etcd/peer.key`,
          'peer-trusted-ca-file': `${PKI}/etcd/ca.crt`,
          'snapshot-count': '10000',
          'trusted-ca-file': `${PKI}/etcd/ca.crt`,
          ...release.controlPlane.flags.etcd,
        },
        cluster.components.etcd,
      ),
    ],
    annotations: { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': client },
    port: ETCD_METRICS_PORT,
    probes: { host: loopback, scheme: 'HTTP', ...release.controlPlane.probes.etcd },
    shape: release.controlPlane.pod,
    requests: { cpu: '100m', memory: '100Mi' },
    mounts: [
      { name: 'etcd-data', path: ETCD_DATA, readOnly: false, type: 'DirectoryOrCreate' },
      { name: 'etcd-certs', path: `${PKI}/etcd`, readOnly: false, type: 'DirectoryOrCreate' },
    ],
  });
}

/** All members that the cluster is born with, in the order of their names: every host says the same. */
export const initialCluster = (cluster: Cluster): string =>
  cluster.nodes
    .filter((node) => hasEtcd(cluster, node))
    .map((node) => `${node.name}=${httpsUrl(node.internalAddress, ETCD_PEER_PORT)}`)
    .sort()
    .join(',');

function apiServer(scene: Scene): Pod {
  const { cluster, node, release } = scene;
  return pod({
    name: 'kube-apiserver',
    image: release.images['kube-apiserver'],
    command: ['kube-apiserver', ...flags(apiServerFlags(scene), cluster.components.apiServer)],
    annotations: {
      'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${bracketed(node.internalAddress)}:${API_PORT}`,
    },
    port: API_PORT,
    probes: { host: node.internalAddress, scheme: 'HTTPS', ...release.controlPlane.probes['kube-apiserver'] },
    shape: release.controlPlane.pod,
    requests: { cpu: '250m' },
    mounts: [{ name: 'k8s-certs', path: PKI, readOnly: true, type: 'DirectoryOrCreate' }, ...systemCertificates(scene)],
  });
}

function apiServerFlags({ cluster, node, release }: Scene): Readonly<Record<string, string>> {
  return {
    'advertise-address': node.internalAddress,
    'allow-privileged': 'true',
    'authorization-mode': 'Node,RBAC',
    'client-ca-file': CA,
    'enable-admission-plugins': 'NodeRestriction',
    'enable-bootstrap-token-auth': 'true',
    'etcd-cafile': `${PKI}/etcd/ca.crt`,
    'etcd-certfile': `${PKI}/apiserver-etcd-client.crt`,
    'etcd-keyfile': `${PKI}/apiserver-etcd-client.key`,
    'etcd-servers': etcdServers(cluster, node),
    'kubelet-client-certificate': `${PKI}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${PKI}/apiserver-kubelet-client.key`,
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    'proxy-client-cert-file': `${PKI}/front-proxy-client.crt`,
    'proxy-client-key-file': `${PKI}/front-proxy-client.key`,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-client-ca-file': `${PKI}/front-proxy-ca.crt`,
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': String(API_PORT),
    'service-account-key-file': `${PKI}/sa.pub`,
    'service-cluster-ip-range': cluster.network.serviceCidr,
    'tls-cert-file': `${PKI}/apiserver.crt`,
    'tls-private-key-file': `${PKI}/apiserver.key`,
    ...(release.controlPlane.issuesTokens ? tokenFlags(cluster) : {}),
    ...release.controlPlane.flags['kube-apiserver'],
  };
}

const tokenFlags = ({ network }: Cluster): Readonly<Record<string, string>> => ({
  'service-account-issuer': `https://kubernetes.default.svc.${network.dnsDomain}`,
  'service-account-signing-key-file': `${PKI}/sa.key`,
});

/** The etcd beside it where there is one; else every member. */
function etcdServers(cluster: Cluster, node: Node): string {
  if (hasEtcd(cluster, node)) return httpsUrl(loopbackOf(node), ETCD_CLIENT_PORT);
  return cluster.nodes
    .filter((n) => hasEtcd(cluster, n))
    .map((n) => httpsUrl(n.internalAddress, ETCD_CLIENT_PORT))
    .sort()
    .join(',');
}

function controllerManager(scene: Scene): Pod {
  const { cluster, release } = scene;
  const conf = `${KUBERNETES}/controller-manager.conf`;
  const ours = {
    'allocate-node-cidrs': 'true',
    'authentication-kubeconfig': conf,
    'authorization-kubeconfig': conf,
    'bind-address': '127.0.0.1',
    'client-ca-file': CA,
    'cluster-cidr': cluster.network.podCidr,
    'cluster-name': cluster.name,
    'cluster-signing-cert-file': CA,
    'cluster-signing-key-file': `${PKI}/ca.key`,
    controllers: '*,bootstrapsigner,tokencleaner',
    kubeconfig: conf,
    'leader-elect': 'true',
    'requestheader-client-ca-file': `${PKI}/front-proxy-ca.crt`,
    'root-ca-file': CA,
    'service-account-private-key-file': `${PKI}/sa.key`,
    'service-cluster-ip-range': cluster.network.serviceCidr,
    'use-service-account-credentials': 'true',
    ...release.controlPlane.flags['kube-controller-manager'],
  };
  return pod({
    name: 'kube-controller-manager',
    image: release.images['kube-controller-manager'],
    command: ['kube-controller-manager', ...flags(ours, cluster.components.controllerManager)],
    annotations: null,
    port: CONTROLLER_MANAGER_PORT,
    probes: { host: '127.0.0.1', scheme: 'HTTPS', ...release.controlPlane.probes['kube-controller-manager'] },
    shape: release.controlPlane.pod,
    requests: { cpu: '200m' },
    mounts: [
      { name: 'k8s-certs', path: PKI, readOnly: true, type: 'DirectoryOrCreate' },
      { name: 'kubeconfig', path: conf, readOnly: true, type: 'FileOrCreate' },
      ...(release.controlPlane.flexVolumes ? [FLEX_VOLUMES] : []),
      ...systemCertificates(scene),
    ],
  });
}

/** Drivers write into it: the kubelet makes it on every node. */
const FLEX_VOLUMES: Mount = {
  name: 'flexvolume-dir',
  path: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec',
  readOnly: false,
  type: 'DirectoryOrCreate',
};

function scheduler({ cluster, release }: Scene): Pod {
  const conf = `${KUBERNETES}/scheduler.conf`;
  const ours = {
    'authentication-kubeconfig': conf,
    'authorization-kubeconfig': conf,
    'bind-address': '127.0.0.1',
    kubeconfig: conf,
    'leader-elect': 'true',
    ...release.controlPlane.flags['kube-scheduler'],
  };
  return pod({
    name: 'kube-scheduler',
    image: release.images['kube-scheduler'],
    command: ['kube-scheduler', ...flags(ours, cluster.components.scheduler)],
    annotations: null,
    port: SCHEDULER_PORT,
    probes: { host: '127.0.0.1', scheme: 'HTTPS', ...release.controlPlane.probes['kube-scheduler'] },
    shape: release.controlPlane.pod,
    requests: { cpu: '100m' },
    mounts: [{ name: 'kubeconfig', path: conf, readOnly: true, type: 'FileOrCreate' }],
  });
}

/** The host's own authorities, and what /etc/ssl/certs links to: Debian's and Red Hat's places (kubeadm looks which exist). */
function systemCertificates({ machine }: Scene): readonly Mount[] {
  const further = familyById(machine.family).certificateFolders;
  return [
    { name: 'ca-certs', path: '/etc/ssl/certs', readOnly: true, type: 'DirectoryOrCreate' },
    ...further.map((path) => ({
      name: path.slice(1).replaceAll('/', '-'),
      path,
      readOnly: true,
      type: 'DirectoryOrCreate' as const,
    })),
  ];
}
