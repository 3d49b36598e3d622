import { type KubernetesObject, type Probe, ProvisionError, type Scene, type Step } from '../model/index.js';
import { withImageNames } from './images.js';
import { networkManifest } from './network-manifest.js';

export const flannel: Step = {
  id: 'flannel',
  title: 'Connect pods with flannel',
  on: (node, cluster, leader) => cluster.network.plugin === 'flannel' && node.name === leader,
  desire: (scene) => [{ kind: 'objects', name: 'flannel', manifests: flannelObjects(scene) }],
};

/**
 * flannel's init container makes a node Ready (a CNI configuration is there) before flanneld has written what the plugin reads. A pod
 * that starts between the two fails, and the kubelet tries again only some ten seconds later: CoreDNS, the next one, would be that pod.
 */
export const podNetworkGates = ({ network }: Scene['cluster']): readonly Probe[] =>
  network.plugin === 'flannel' ? [addressRange] : [];

const addressRange: Probe = {
  id: 'flannel',
  title: 'flannel has an address range for its pods',
  command: ['cat', '/run/flannel/subnet.env'],
  expect: '^FLANNEL_(IPV6_)?SUBNET=',
  within: 300,
  hint: 'ask why: kubectl -n kube-flannel get pods -o wide; kubectl -n kube-flannel logs -l app=flannel',
};

/** flannel's own manifest as it is published, with nothing changed but the pod network and the names that Docker needs for images. */
function flannelObjects({ cluster, release }: Scene): readonly KubernetesObject[] {
  const { objects, upstream } = networkManifest(release);
  const patched = objects.map((object) => withImageNames(withPodNetwork(object, cluster.network.podCidr), release));
  if (!patched.some((object) => object['data'] !== undefined && hasNetConf(object))) {
    throw new ProvisionError(
      'ARTIFACT',
      'the flannel manifest has no net-conf.json, so the pod network cannot be set',
      {
        said: upstream,
        hint: 'look at the manifest that mirrors.artifacts serves',
      },
    );
  }
  return patched;
}

const NET_CONF = 'net-conf.json';

const dataOf = (object: KubernetesObject): Readonly<Record<string, string>> =>
  (object['data'] ?? {}) as Readonly<Record<string, string>>;
const hasNetConf = (object: KubernetesObject): boolean => object.kind === 'ConfigMap' && NET_CONF in dataOf(object);

function withPodNetwork(object: KubernetesObject, podCidr: string): KubernetesObject {
  if (!hasNetConf(object)) return object;
  const data = dataOf(object);
  const conf = JSON.parse(data[NET_CONF] ?? '{}') as Record<string, unknown>;
  const network = podCidr.includes(':')
    ? { EnableIPv4: false, EnableIPv6: true, IPv6Network: podCidr }
    : { Network: podCidr };
  return { ...object, data: { ...data, [NET_CONF]: `${JSON.stringify({ ...conf, ...network }, null, 2)}\n` } };
}
