import type { Cluster, Facts, MachineFacts, Mirrors, Node, Release, Step, Trust } from '../../src/model/index.js';
import { Secret } from '../../src/model/index.js';
import type { Setting } from '../../src/plan/index.js';
import type { Circumstances } from '../../src/resources/index.js';

/** A node with everything at its default. */
export function aNode(name: string, over: Partial<Node> = {}): Node {
  const number = Number(name.replace(/\D/g, '')) || 1;
  return {
    name,
    address: `192.0.2.${number}`,
    internalAddress: `192.0.2.${number}`,
    roles: ['worker'],
    labels: {},
    taints: [],
    ssh: {
      user: 'root',
      port: 22,
      key: null,
      agent: false,
      password: null,
      knownHosts: [],
      bastion: null,
      become: { method: 'none', password: null },
      connectTimeout: 10,
    },
    system: {
      hostname: true,
      repositories: 'keep',
      hostsFile: true,
      swap: 'off',
      selinux: 'permissive',
      firewall: 'disable',
      timeSync: { enabled: true, servers: [] },
      sysctl: {},
      packages: [],
      openFiles: 1048576,
      kernel: 'keep',
      timezone: null,
      extraHosts: {},
      disableServices: [],
      kubectlUsers: [],
    },
    ...over,
  };
}

/** No component has a setting of its own. */
export const noSettings: Cluster['components'] = {
  kubelet: {},
  kubeletExtraArgs: {},
  docker: {},
  kubeProxy: {},
  apiServer: {},
  controllerManager: {},
  scheduler: {},
  etcd: {},
};

export const aMirrors = (over: Partial<Mirrors> = {}): Mirrors => ({
  preset: 'official',
  artifacts: null,
  checksums: {},
  registries: {},
  urls: {},
  imageRepository: null,
  dockerRegistryMirrors: [],
  keys: {},
  timeServers: [],
  ...over,
});

export function aCluster(nodes: readonly Node[], over: Partial<Cluster> = {}): Cluster {
  return {
    name: 'test',
    version: '1.36.3',
    method: 'static-pods',
    install: 'binaries',
    runtime: 'containerd',
    network: {
      ...{ plugin: 'flannel', encapsulation: 'vxlan', mtu: null, manifest: null },
      ...{ podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/12', dnsDomain: 'cluster.local' },
    },
    proxyMode: 'iptables',
    endpoint: { host: nodes[0]?.internalAddress ?? '192.0.2.1', port: 6443 },
    pki: { algorithm: 'RSA-2048', certSans: [] },
    mirrors: aMirrors(),
    components: noSettings,
    nodes,
    ignorePreflight: [],
    hardware: null,
    ...over,
  };
}

/** Only the parts of the machine that a test names matter; asking for another is a mistake of the test. */
export function aMachine(over: Partial<MachineFacts> = {}): MachineFacts {
  return { hostname: 'h1', arch: 'amd64', clusterCa: null, networkManagerIgnores: null, ...over } as MachineFacts;
}

export function aSetting(cluster: Cluster, over: Partial<Setting> = {}): Setting {
  return { cluster, release: {} as Release, trust: {} as Trust, leader: cluster.nodes[0]?.name ?? 'h1', ...over };
}

export const circumstances: Circumstances = {
  newToken: () => ({ id: 'abcdef', secret: new Secret('0123456789abcdef') }),
  superAdminKubeconfig: () => new Secret('kubeconfig'),
};

export function aStep(id: string, desire: Step['desire'], over: Partial<Step> = {}): Step {
  return { id, title: `Do ${id}`, on: () => true, desire, ...over };
}

export type { Facts };
