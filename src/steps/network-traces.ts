import type { Cluster, TracesResource } from '../model/index.js';

/** What the CNI plugins, kube-proxy and the pod network write from inside containers or namespaces. */
export function networkTraces({ network }: Cluster): TracesResource {
  const { paths, links, chains, ...further } = OF_PLUGIN[network.plugin];
  return {
    kind: 'traces',
    name: 'network',
    paths: [...paths, '/var/lib/cni'],
    links: ['cni0', ...links, 'kube-ipvs0', 'kube-dummy0', 'nodelocaldns'],
    chains: ['KUBE-', 'CNI-', ...chains],
    ipvs: true,
    ...further,
    ...(network.plugin === 'calico' ? { routes: [network.podCidr] } : {}),
  };
}

type Traces = Pick<TracesResource, 'paths' | 'links' | 'chains' | 'ipsets'>;

const FLANNEL: Traces = {
  paths: ['/etc/cni/net.d/10-flannel.conflist', '/opt/cni/bin/flannel', '/run/flannel'],
  links: ['flannel.1', 'flannel-v6.1'],
  chains: ['FLANNEL-'],
};

// Paths: the volumes and the installer of calico.yaml. Links: felix/config/config_params.go and felix/rules (v3.31.0).
const CALICO_STATE = ['/run/calico', '/run/nodeagent', '/var/lib/calico', '/var/log/calico'];
const CALICO: Traces = {
  paths: [
    '/etc/cni/net.d/10-calico.conflist',
    '/etc/cni/net.d/calico-kubeconfig',
    ...['calico', 'calico-ipam', 'flannel', 'install'].map((name) => `/opt/cni/bin/${name}`),
    ...CALICO_STATE,
  ],
  links: ['cali*', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'tunl0'],
  chains: ['cali-'],
  ipsets: ['cali40', 'cali60'],
};

const OF_PLUGIN: Readonly<Record<Cluster['network']['plugin'], Traces>> = {
  flannel: FLANNEL,
  calico: CALICO,
  // Nobody knows which it is: all that is new where every network writes, and what those two make, for many are made of them.
  manifest: {
    paths: ['/etc/cni/net.d', '/opt/cni/bin', '/run/flannel', ...CALICO_STATE],
    links: [...FLANNEL.links, ...CALICO.links],
    chains: [...FLANNEL.chains, ...CALICO.chains],
    ipsets: ['cali40', 'cali60'],
  },
};
