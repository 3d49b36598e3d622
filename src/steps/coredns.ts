import { type KubernetesObject, nthAddress, type Probe, type Scene, type Step } from '../model/index.js';
import { render } from '../templates.js';
import { configMap } from './cluster-objects.js';
import { ADMIN_CONF, KUBECTL } from './places.js';
import { bindCluster, serviceAccount } from './rbac.js';

// The same objects as kubeadm's addon. Source: kubernetes v1.36.3, cmd/kubeadm/app/phases/addons/dns/manifests.go; other releases:
// src/release/traits.ts.

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'kube-dns' };

export const coredns: Step = {
  id: 'coredns',
  title: 'Answer names',
  on: (node, _, leader) => node.name === leader,
  // Its pods are the first ones to need the pod network, on whichever node they land.
  behind: ['join', 'node'],
  desire: (scene) => [
    {
      kind: 'objects',
      name: 'CoreDNS',
      manifests: [
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'coredns', namespace: NAMESPACE } },
        clusterRole(scene),
        bindCluster('system:coredns', 'system:coredns', serviceAccount('coredns', NAMESPACE)),
        configMap('coredns', NAMESPACE, {
          Corefile: corefile(scene),
        }),
        service(scene),
        deployment(scene),
      ],
    },
  ],
  gates: () => [namesResolve],
};

/** Only a first build has to be waited for. */
const namesResolve: Probe = {
  id: 'dns',
  title: 'CoreDNS answers',
  command: [
    ...KUBECTL,
    `--kubeconfig=${ADMIN_CONF}`,
    'rollout',
    'status',
    'deployment/coredns',
    '--namespace=kube-system',
    '--timeout=10s',
  ],
  expect: 'successfully rolled out$',
  within: 300,
  hint: 'ask why: kubectl -n kube-system describe pods -l k8s-app=kube-dns',
};

const corefile = ({ cluster, release }: Scene): string =>
  render('coredns/Corefile', {
    dnsDomain: cluster.network.dnsDomain,
    maxConcurrent: release.coreDns.maxConcurrent,
    cachesClusterNames: release.coreDns.cachesClusterNames,
  });

const clusterRole = ({ release }: Scene): KubernetesObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'system:coredns' },
  rules: [
    { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
    ...(release.coreDns.readsNodes ? [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }] : []),
    ...(release.coreDns.readsEndpointSlices
      ? [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }]
      : []),
  ],
});

const service = ({ cluster }: Scene): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kube-dns',
    namespace: NAMESPACE,
    annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
    labels: { ...LABELS, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
  },
  spec: {
    clusterIP: nthAddress(cluster.network.serviceCidr, 10),
    selector: LABELS,
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
    ],
  },
});

/** Two copies, as kubeadm has it: one host may be away. */
const REPLICAS = 2;

const deployment = (scene: Scene): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'coredns', namespace: NAMESPACE, labels: LABELS },
  spec: {
    replicas: REPLICAS,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: 'coredns',
        dnsPolicy: 'Default',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          ...scene.release.marks.tolerated.map((key) => ({ key, effect: 'NoSchedule' })),
        ],
        ...(scene.release.coreDns.spread ? { affinity: APART } : {}),
        containers: [container(scene)],
        volumes: [
          { name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } },
        ],
      },
    },
  },
});

const APART = {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] },
        },
      },
    ],
  },
};

const HEALTH_PORT = 8080;
const READY_PORT = 8181;

/**
 * Where kubeadm leaves it at the API's ten seconds, the first question comes before CoreDNS has read the cluster, and a new cluster has
 * no names for ten seconds more. Not ready after 30 s without an answer, as there.
 */
const READINESS = { periodSeconds: 2, failureThreshold: 15 };

const container = ({ release }: Scene) => ({
  name: 'coredns',
  image: release.images.coredns,
  imagePullPolicy: 'IfNotPresent',
  args: ['-conf', '/etc/coredns/Corefile'],
  resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
  volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
  ports: [
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
    { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
    { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
    ...(release.coreDns.probePorts
      ? [
          { name: 'liveness-probe', containerPort: HEALTH_PORT, protocol: 'TCP' },
          { name: 'readiness-probe', containerPort: READY_PORT, protocol: 'TCP' },
        ]
      : []),
  ],
  livenessProbe: {
    httpGet: { path: '/health', port: release.coreDns.probePorts ? 'liveness-probe' : HEALTH_PORT, scheme: 'HTTP' },
    initialDelaySeconds: 60,
    timeoutSeconds: 5,
    successThreshold: 1,
    failureThreshold: 5,
  },
  readinessProbe: {
    httpGet: { path: '/ready', port: release.coreDns.probePorts ? 'readiness-probe' : READY_PORT, scheme: 'HTTP' },
    ...READINESS,
  },
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { add: ['NET_BIND_SERVICE'], drop: [release.coreDns.dropped] },
    readOnlyRootFilesystem: true,
  },
});
