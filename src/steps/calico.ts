import { type KubernetesObject, type NetworkSettings, ProvisionError, type Scene, type Step } from '../model/index.js';
import { withImageNames } from './images.js';
import { inOrder } from './network.js';
import { networkManifest } from './network-manifest.js';
import { CNI_PLUGINS } from './runtime.js';

export const calico: Step = {
  id: 'calico',
  title: 'Connect pods with calico',
  on: (node, cluster, leader) => cluster.network.plugin === 'calico' && node.name === leader,
  desire: (scene) => inOrder('calico', calicoObjects(scene)),
};

/**
 * calico's own manifest for the Kubernetes datastore (manifests/calico.yaml), with nothing changed but the names that Docker needs for
 * images, and what the inventory says: pod network, encapsulation and MTU. Where the published one differs by encapsulation, this differs likewise (manifests/calico-vxlan.yaml).
 */
function calicoObjects({ cluster, release }: Scene): readonly KubernetesObject[] {
  const { objects, upstream } = networkManifest(release);
  const { network } = cluster;
  let patched = 0;
  const result = objects.map((original) => {
    const object = withImageNames(original, release);
    const change = isConfig(object) ? withConfig : isNodeAgent(object) ? withAgent : null;
    if (change === null) return object;
    patched++;
    return change(object, network);
  });
  if (patched !== 2) {
    throw new ProvisionError('ARTIFACT', 'the calico manifest has no calico-config or no calico-node to be set up', {
      said: upstream,
      hint: 'look at the manifest that mirrors.artifacts serves',
    });
  }
  return result;
}

const isConfig = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === 'ConfigMap' && metadata.name === 'calico-config';
const isNodeAgent = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === 'DaemonSet' && metadata.name === 'calico-node';

function withConfig(object: KubernetesObject, { encapsulation, mtu }: NetworkSettings): KubernetesObject {
  const data = object['data'] as Readonly<Record<string, string>>;
  return {
    ...object,
    data: {
      ...data,
      // Without BGP there is no bird: VXLAN routes are Felix's own.
      calico_backend: encapsulation === 'vxlan' ? 'vxlan' : 'bird',
      ...(mtu === null ? {} : { veth_mtu: String(mtu) }),
    },
  };
}

type Container = Readonly<Record<string, unknown>> & { readonly name: string; readonly env?: readonly Variable[] };
type Variable = { readonly name: string; readonly value?: string };
interface PodSpec {
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}

function withAgent(object: KubernetesObject, network: NetworkSettings): KubernetesObject {
  const spec = object['spec'] as { readonly template: { readonly spec: PodSpec } };
  const pod = spec.template.spec;
  const changed: PodSpec = {
    ...pod,
    initContainers: pod.initContainers.map((container) =>
      container.name === 'install-cni' ? withVariables(container, INSTALLER) : container,
    ),
    containers: pod.containers.map((container) =>
      container.name === 'calico-node' ? withProbes(withVariables(container, settings(network)), network) : container,
    ),
  };
  return { ...object, spec: { ...spec, template: { ...spec.template, spec: changed } } };
}

/** The reference plugins are ours, verified; calico would put its own copies over them (cni-plugin/pkg/install/install.go, v3.31.0). */
const INSTALLER = { SKIP_CNI_BINARIES: CNI_PLUGINS.join(',') };

/** https://docs.tigera.io/calico/3.31/reference/configure-calico-node */
const settings = ({ podCidr, encapsulation }: NetworkSettings): Readonly<Record<string, string>> => ({
  CALICO_IPV4POOL_CIDR: podCidr,
  CALICO_IPV4POOL_IPIP: encapsulation === 'ipip' ? 'Always' : 'Never',
  CALICO_IPV4POOL_VXLAN: encapsulation === 'vxlan' ? 'Always' : 'Never',
  // The node's address is the inventory's internalAddress, which the kubelet was told; the first link that is found may be another.
  IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
});

function withVariables(container: Container, values: Readonly<Record<string, string>>): Container {
  const there = container.env ?? [];
  const names = new Set(there.map(({ name }) => name));
  return {
    ...container,
    env: [
      ...there.map((variable) => {
        const value = values[variable.name];
        return value === undefined ? variable : { name: variable.name, value };
      }),
      ...Object.entries(values)
        .filter(([name]) => !names.has(name))
        .map(([name, value]) => ({ name, value })),
    ],
  };
}

interface Probe {
  readonly exec: { readonly command: readonly string[] };
}

/** Nobody may be asked for a bird that does not run. */
function withProbes(container: Container, { encapsulation }: NetworkSettings): Container {
  if (encapsulation !== 'vxlan') return container;
  const probes = (['livenessProbe', 'readinessProbe'] as const).map((name) => {
    const probe = container[name] as Probe;
    return [name, { ...probe, exec: { command: probe.exec.command.filter((word) => !/^-bird-/.test(word)) } }];
  });
  return { ...container, ...Object.fromEntries(probes) };
}
