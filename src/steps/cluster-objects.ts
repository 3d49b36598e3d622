import { createHash } from 'node:crypto';
import type { KubernetesObject, Scene, Step } from '../model/index.js';
import { bareYaml } from '../templates.js';
import { kubeletConfig } from './kubelet.js';
import { ETCD_DATA, PKI } from './places.js';
import { rbacObjects } from './rbac.js';
import { bracketed, httpsUrl } from './words.js';

export const clusterObjects: Step = {
  id: 'cluster-objects',
  title: 'Let nodes join and tools understand the cluster',
  on: (node, _, leader) => node.name === leader,
  desire: (scene) => [
    { kind: 'objects', name: 'RBAC', manifests: rbacObjects() },
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
  const settings = (extra: Readonly<Record<string, string>>) => {
    const args = Object.entries(extra).map(([name, value]) => ({ name, value }));
    return args.length === 0 ? {} : { extraArgs: args };
  };
  const sans = cluster.pki.certSans.length === 0 ? {} : { certSANs: cluster.pki.certSans };
  return configMap('kubeadm-config', 'kube-system', {
    ClusterConfiguration: bareYaml({
      apiServer: { ...settings(components.apiServer), ...sans },
      apiVersion: release.kubeadm.api,
      caCertificateValidityPeriod: '87600h0m0s',
      certificateValidityPeriod: '8760h0m0s',
      certificatesDir: PKI,
      clusterName: cluster.name,
      controlPlaneEndpoint: `${bracketed(cluster.endpoint.host)}:${cluster.endpoint.port}`,
      controllerManager: settings(components.controllerManager),
      dns: {},
      encryptionAlgorithm: cluster.pki.algorithm,
      etcd: { local: { dataDir: ETCD_DATA, ...settings(components.etcd) } },
      imageRepository: 'registry.k8s.io',
      kind: 'ClusterConfiguration',
      kubernetesVersion: `v${release.kubernetes}`,
      networking: {
        dnsDomain: cluster.network.dnsDomain,
        podSubnet: cluster.network.podCidr,
        serviceSubnet: cluster.network.serviceCidr,
      },
      proxy: {},
      scheduler: settings(components.scheduler),
    }),
  });
}

/** kubeadm takes the configuration for its own, not for the operator's, when the hash over the data is right. */
function sharedKubeletConfig(scene: Scene): KubernetesObject {
  const kubelet = bareYaml(kubeletConfig(scene));
  const hash = createHash('sha256').update(kubelet).digest('hex');
  const own = Object.keys(scene.cluster.components.kubelet).length > 0;
  return configMap(
    'kubelet-config',
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
