import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, MachineFacts, Node, Release, Resource, Scene, Trust } from '../../../src/model/index.js';
import { Secret } from '../../../src/model/index.js';
import { releaseFor } from '../../../src/release/index.js';
import { steps } from '../../../src/steps/index.js';
import { aCluster, aMachine, aNode } from '../../support/scene.js';

/** The checkout, from wherever the compiled test runs. */
export const root = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!readdirSync(folder).includes('test') || !readdirSync(folder).includes('templates')) folder = dirname(folder);
  return folder;
})();

/** The parts of flannel's manifest that the product touches or must leave alone; the real one is never copied into git. */
const FLANNEL = `---
kind: Namespace
apiVersion: v1
metadata:
  name: kube-flannel
---
kind: ConfigMap
apiVersion: v1
metadata:
  name: kube-flannel-cfg
  namespace: kube-flannel
data:
  cni-conf.json: |
    { "name": "cbr0" }
  net-conf.json: |
    { "Network": "10.244.0.0/16", "EnableNFTables": false, "Backend": { "Type": "vxlan" } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: kube-flannel-ds
  namespace: kube-flannel
spec:
  template:
    spec:
      containers:
      - name: kube-flannel
        image: ghcr.io/flannel-io/flannel:tag
`;

/** The parts of calico's manifest that the product touches or must leave alone. */
const CALICO = `---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: calico-node
  namespace: kube-system
---
kind: ConfigMap
apiVersion: v1
metadata:
  name: calico-config
  namespace: kube-system
data:
  typha_service_name: "none"
  calico_backend: "bird"
  veth_mtu: "0"
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ippools.crd.projectcalico.org
spec:
  group: crd.projectcalico.org
---
kind: DaemonSet
apiVersion: apps/v1
metadata:
  name: calico-node
  namespace: kube-system
spec:
  template:
    spec:
      hostNetwork: true
      initContainers:
        - name: upgrade-ipam
          image: quay.io/calico/cni:tag
          env:
            - {name: CALICO_NETWORKING_BACKEND, valueFrom: {configMapKeyRef: {name: calico-config, key: calico_backend}}}
        - name: install-cni
          image: quay.io/calico/cni:tag
          env:
            - {name: CNI_CONF_NAME, value: 10-calico.conflist}
      containers:
        - name: calico-node
          image: quay.io/calico/node:tag
          env:
            - {name: DATASTORE_TYPE, value: kubernetes}
            - {name: CALICO_IPV4POOL_IPIP, value: Always}
            - {name: CALICO_IPV4POOL_VXLAN, value: Never}
          livenessProbe:
            exec: {command: [/bin/calico-node, -felix-live, -bird-live]}
            periodSeconds: 10
          readinessProbe:
            exec: {command: [/bin/calico-node, -felix-ready, -bird-ready]}
`;

export function aRelease(cluster: Cluster, flannel: string | null = FLANNEL): Release {
  const release = releaseFor(cluster);
  const { podNetwork } = release;
  if (podNetwork === null) throw new Error('no pod network goes with this release');
  const text = { flannel, calico: CALICO, manifest: podNetwork.text }[cluster.network.plugin];
  return { ...release, podNetwork: { ...podNetwork, text } };
}

/** Says of every key and certificate which one it is: a golden tree shows who gets what. */
export const fakeTrust: Trust = {
  authority: (name) => ({ cert: `certificate of ${name}\n`, key: new Secret(`key of ${name}\n`) }),
  certificate: (name, node) => ({
    cert: `certificate ${name} for ${node.name}\n`,
    key: new Secret(`key ${name} for ${node.name}\n`),
  }),
  serviceAccount: { publicKey: 'service account public key\n', privateKey: new Secret('service account key\n') },
  caHash: `sha256:${createHash('sha256').update('ca').digest('hex')}`,
  superAdmin: () => ({ cert: 'super admin', key: new Secret('super admin key') }),
  newToken: () => ({ id: 'abcdef', secret: new Secret('0123456789abcdef') }),
};

export const aDebian = (over: Partial<MachineFacts> = {}): MachineFacts =>
  aMachine({
    os: { id: 'debian', like: [], version: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
    family: 'debian',
    packageManager: 'apt',
    resolvConf: ['192.0.2.1'],
    ...over,
  });

export const aCentOs = (version: '7' | '8' | '9'): MachineFacts =>
  aMachine({
    os: { id: 'centos', like: ['rhel', 'fedora'], version, name: `CentOS ${version}` },
    family: `el${version}`,
    packageManager: version === '7' ? 'yum' : 'dnf',
    resolvConf: ['192.0.2.1'],
  });

export function aScene(
  over: { readonly nodes?: readonly Node[]; readonly cluster?: Partial<Cluster>; readonly at?: string } = {},
  machine: MachineFacts = aDebian(),
): Scene {
  const nodes = over.nodes ?? [aNode('cp-1', { roles: ['control-plane'] }), aNode('worker-2')];
  const cluster = aCluster(nodes, over.cluster);
  const node = nodes.find((n) => n.name === over.at) ?? nodes[0];
  if (node === undefined) throw new Error('a scene needs a node');
  const leader = nodes.find((n) => n.roles.includes('control-plane')) ?? node;
  return { cluster, node, release: aRelease(cluster), trust: fakeTrust, machine, leader: leader.name };
}

const known = new WeakMap<Scene, readonly Resource[]>();

/** All that the list says for a node. Steps are pure, so a scene is asked once. */
export function wishes(scene: Scene): readonly Resource[] {
  const found =
    known.get(scene) ??
    steps.filter((s) => s.on(scene.node, scene.cluster, scene.leader)).flatMap((s) => s.desire(scene));
  known.set(scene, found);
  return found;
}
