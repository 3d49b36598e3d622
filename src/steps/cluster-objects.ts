import { createHash } from 'node:crypto';
import { type Cluster, isControlPlane, type KubernetesObject, type Scene, type Step } from '../model/index.js';
import { bareYaml } from '../templates.js';
import { kubeletConfig } from './kubelet.js';
import { API_PORT, ETCD_DATA, PKI } from './places.js';
import { rbacObjects } from './rbac.js';
import { bracketed, httpsUrl } from './words.js';

export const clusterObjects: Step = {
  id: 'cluster-objects',
  title: 'Let nodes join and tools understand the cluster',
  on: (node, _, leader) => node.name === leader,
  desire: (scene) => [
    { kind: 'objects', name: 'RBAC', manifests: rbacObjects(scene.release) },
    {
      kind: 'objects',
      name: 'cluster configuration',
      manifests: [kubeadmConfig(scene), sharedKubeletConfig(scene), clusterInfo(scene)],
    },
  ],
};

export const configMap = (
  name: string,
  namespace: string,
  data: Readonly<Record<string, string>>,
  further: Partial<KubernetesObject['metadata']> = {},
): KubernetesObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...further }, data });

/** What `kubeadm join`, `upgrade` and `certs` read about a cluster. */
function kubeadmConfig({ cluster, release }: Scene): KubernetesObject {
  const { components } = cluster;
  const { kubeadm } = release;
  const settings = (extra: Readonly<Record<string, string>>) => {
    if (Object.keys(extra).length === 0) return {};
    const list = Object.entries(extra).map(([name, value]) => ({ name, value }));
    return { extraArgs: kubeadm.extraArgs === 'list' ? list : extra };
  };
  const sans = cluster.pki.certSans.length === 0 ? {} : { certSANs: cluster.pki.certSans };
  return configMap('kubeadm-config', 'kube-system', {
    ClusterConfiguration: bareYaml({
      apiServer: { ...settings(components.apiServer), ...sans },
      apiVersion: kubeadm.api,
      ...(kubeadm.certificateFields ? CERTIFICATE_PERIODS : {}),
      certificatesDir: PKI,
      clusterName: cluster.name,
      controlPlaneEndpoint: `${bracketed(cluster.endpoint.host)}:${cluster.endpoint.port}`,
      controllerManager: settings(components.controllerManager),
      dns: kubeadm.dnsType ? { type: 'CoreDNS' } : {},
      ...(kubeadm.certificateFields ? { encryptionAlgorithm: cluster.pki.algorithm } : {}),
      etcd: { local: { dataDir: ETCD_DATA, ...settings(components.etcd) } },
      imageRepository: release.imageRepository,
      kind: 'ClusterConfiguration',
      kubernetesVersion: `v${release.kubernetes}`,
      networking: {
        dnsDomain: cluster.network.dnsDomain,
        podSubnet: cluster.network.podCidr,
        serviceSubnet: cluster.network.serviceCidr,
      },
      ...(kubeadm.certificateFields ? { proxy: {} } : {}),
      scheduler: settings(components.scheduler),
    }),
    ...(kubeadm.clusterStatus ? { ClusterStatus: clusterStatus(cluster, kubeadm.api) } : {}),
  });
}

/** kubeadm's own defaults. */
const CERTIFICATE_PERIODS = { caCertificateValidityPeriod: '87600h0m0s', certificateValidityPeriod: '8760h0m0s' };

/** Where `kubeadm upgrade` and `reset` of those releases find the API server of each control plane. */
const clusterStatus = (cluster: Cluster, api: string): string =>
  bareYaml({
    apiEndpoints: Object.fromEntries(
      cluster.nodes
        .filter(isControlPlane)
        .map((node) => [node.name, { advertiseAddress: node.internalAddress, bindPort: API_PORT }]),
    ),
    apiVersion: api,
    kind: 'ClusterStatus',
  });

/** kubeadm takes the configuration for its own, not for the operator's, when the hash over the data is right. */
function sharedKubeletConfig(scene: Scene): KubernetesObject {
  const kubelet = bareYaml(kubeletConfig(scene));
  const hash = createHash('sha256').update(kubelet).digest('hex');
  const own = Object.keys(scene.cluster.components.kubelet).length > 0;
  return configMap(
    scene.release.kubelet.configMap,
    'kube-system',
    { kubelet },
    own ? {} : { annotations: { 'kubeadm.kubernetes.io/component-config.hash': `sha256:${hash}` } },
  );
}

/** Where the API is and which CA it has; the bootstrap signer adds a signature per token. */
function clusterInfo({ cluster, trust }: Scene): KubernetesObject {
  const ca = Buffer.from(trust.authority('ca').cert, 'utf8').toString('base64');
  return configMap('cluster-info', 'kube-public', {
    kubeconfig: bareYaml({
      apiVersion: 'v1',
      clusters: [
        {
          cluster: {
            'certificate-authority-data': ca,
            server: httpsUrl(cluster.endpoint.host, cluster.endpoint.port),
          },
          name: '',
        },
      ],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      preferences: {},
      users: null,
    }),
  });
}
