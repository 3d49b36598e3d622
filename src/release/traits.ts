import type {
  ControlPlaneTraits,
  CoreDnsTraits,
  HostTraits,
  KubeadmTraits,
  KubeletTraits,
  ReleaseTraits,
} from '../model/index.js';

// Data only: how releases differ in what they take. A family of releases shares a constant; a row of the table puts them together.
// Read in kubernetes v1.17.17, v1.18.20, v1.19.16, v1.23.17, v1.34.3, v1.35.4 and v1.36.3, below cmd/kubeadm/app where nothing else is said.

const MASTER = 'node-role.kubernetes.io/master';
const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const NO_BALANCER = 'node.kubernetes.io/exclude-from-external-load-balancers';

const noFlags = { 'kube-apiserver': {}, 'kube-controller-manager': {}, 'kube-scheduler': {}, etcd: {} };
/** phases/controlplane/manifests.go until 1.19: ports without TLS are on unless they are said to be off. */
const noInsecurePorts = {
  ...noFlags,
  'kube-apiserver': { 'insecure-port': '0' },
  'kube-controller-manager': { port: '0' },
  'kube-scheduler': { port: '0' },
};

/** 1.17 and 1.18: liveness probes alone, of /healthz. */
const controlPlane117: ControlPlaneTraits = {
  flags: noInsecurePorts,
  issuesTokens: false,
  flexVolumes: true,
  probes: {
    'kube-apiserver': { liveness: '/healthz', readiness: null, startup: null },
    'kube-controller-manager': { liveness: '/healthz', readiness: null, startup: null },
    'kube-scheduler': { liveness: '/healthz', readiness: null, startup: null },
    etcd: { liveness: '/health', readiness: null, startup: null },
  },
  // util/staticpod/utils.go
  pod: {
    priorityClass: 'system-cluster-critical',
    priority: null,
    seccomp: false,
    probePort: false,
    livenessDelay: 15,
  },
};

/** 1.19: startup probes, /livez and /readyz. */
const controlPlane119: ControlPlaneTraits = {
  ...controlPlane117,
  probes: {
    'kube-apiserver': { liveness: '/livez', readiness: '/readyz', startup: '/livez' },
    'kube-controller-manager': { liveness: '/healthz', readiness: null, startup: '/healthz' },
    'kube-scheduler': { liveness: '/healthz', readiness: null, startup: '/healthz' },
    etcd: { liveness: '/health', readiness: null, startup: '/health' },
  },
  pod: { ...controlPlane117.pod, priorityClass: 'system-node-critical', livenessDelay: 10 },
};

/** 1.23: the API server issues service account tokens itself (since 1.20), and etcd 3.5 looks for damage when it starts. */
const controlPlane123: ControlPlaneTraits = {
  ...controlPlane119,
  flags: { ...noFlags, etcd: { 'experimental-initial-corrupt-check': 'true' } },
  issuesTokens: true,
  pod: { ...controlPlane119.pod, seccomp: true },
};

/** From 1.34: etcd 3.6, whose health is asked like that of the others. */
const controlPlane134: ControlPlaneTraits = {
  ...controlPlane123,
  flags: {
    ...noFlags,
    etcd: { 'feature-gates': 'InitialCorruptCheck=true', 'watch-progress-notify-interval': '5s' },
  },
  probes: {
    ...controlPlane123.probes,
    'kube-scheduler': { liveness: '/livez', readiness: '/readyz', startup: '/livez' },
    etcd: { liveness: '/livez', readiness: '/readyz', startup: '/readyz' },
  },
  pod: { ...controlPlane123.pod, priority: 2_000_001_000, probePort: true },
};

/** phases/controlplane/volumes.go: no FlexVolume any more. */
const controlPlane136: ControlPlaneTraits = { ...controlPlane134, flexVolumes: false };

/** phases/kubelet/flags.go. The field containerRuntimeEndpoint came with 1.27, the flags of dockershim left with 1.24. */
const kubeletOfDockershim = (minor: string, pauseFor: readonly ('containerd' | 'docker')[]): KubeletTraits => {
  const pause = (runtime: 'containerd' | 'docker') =>
    pauseFor.includes(runtime) ? ['--pod-infra-container-image={pause}'] : [];
  return {
    endpoint: 'flag',
    flags: {
      containerd: ['--container-runtime=remote', ...pause('containerd')],
      docker: ['--network-plugin=cni', ...pause('docker')],
    },
    // phases/kubelet/config.go: with its minor in the name until 1.23.
    configMap: `kubelet-config-${minor}`,
    instanceConfig: false,
  };
};
const kubelet134: KubeletTraits = {
  endpoint: 'config',
  flags: { containerd: [], docker: [] },
  configMap: 'kubelet-config',
  instanceConfig: true,
};

/** apis/kubeadm, phases/uploadconfig. ClusterStatus left with 1.22, dns.type with v1beta3. */
const kubeadm117: KubeadmTraits = {
  api: 'kubeadm.k8s.io/v1beta2',
  extraArgs: 'map',
  certificateFields: false,
  dnsType: true,
  clusterStatus: true,
};
const kubeadm123: KubeadmTraits = {
  ...kubeadm117,
  api: 'kubeadm.k8s.io/v1beta3',
  dnsType: false,
  clusterStatus: false,
};
const kubeadm134: KubeadmTraits = {
  ...kubeadm123,
  api: 'kubeadm.k8s.io/v1beta4',
  extraArgs: 'list',
  certificateFields: true,
};

/** phases/addons/dns/manifests.go; images/images.go: in a folder of its own and with a `v` from 1.21. */
const coreDns117: CoreDnsTraits = {
  image: 'coredns',
  readsEndpointSlices: false,
  readsNodes: true,
  spread: false,
  probePorts: false,
  dropped: 'all',
  maxConcurrent: false,
  cachesClusterNames: true,
};
const coreDns119: CoreDnsTraits = { ...coreDns117, maxConcurrent: true };
const coreDns123: CoreDnsTraits = { ...coreDns119, image: 'coredns/coredns', readsEndpointSlices: true };
const coreDns134: CoreDnsTraits = {
  ...coreDns123,
  readsNodes: false,
  spread: true,
  probePorts: true,
  dropped: 'ALL',
  cachesClusterNames: false,
};

/** k8s.io/system-validators v1.0.4 to v1.6.0. cgroup v2: pkg/kubelet/cm knows it from 1.19. */
const host117: HostTraits = {
  leastKernel: '3.10',
  namedKernels: null,
  cgroupV1: 'taken',
  cgroupV2: false,
  conntrack: true,
  leastContainerd: 1,
};
const host119: HostTraits = { ...host117, cgroupV2: true };
/** k8s.io/system-validators v1.10.2 (1.34), v1.12.1 (1.35, 1.36); conntrack: preflight/checks_linux.go, until 1.31. */
const host134: HostTraits = {
  ...host119,
  leastKernel: '5.4',
  namedKernels: ['5.4', '5.10', '5.15'],
  cgroupV1: 'leaving',
  conntrack: false,
};
/** https://kubernetes.io/blog/2025/12/17/kubernetes-v1-35-release/: cgroup v1 only when asked for; the last one for containerd 1. */
const host135: HostTraits = { ...host134, cgroupV1: 'refused' };
const host136: HostTraits = { ...host135, leastContainerd: 2 };

const traits117: ReleaseTraits = {
  cri: 'dockershim',
  criApis: ['v1alpha2'],
  kubelet: kubeletOfDockershim('1.17', ['docker']),
  kubeadm: kubeadm117,
  controlPlane: controlPlane117,
  // phases/markcontrolplane; the second label came with 1.20, the second taint with 1.24.
  marks: { labels: [MASTER], taints: [MASTER], tolerated: [MASTER] },
  coreDns: coreDns117,
  proxyModes: ['iptables', 'ipvs'],
  host: host117,
  // k8s.io/kubectl pkg/cmd/drain: renamed in 1.20.
  kubectl: { deleteEmptyDirData: '--delete-local-data' },
  spreadHonoursTaints: false,
};

const traits123: ReleaseTraits = {
  ...traits117,
  // pkg/kubelet/cri/remote: v1 first, v1alpha2 when the runtime has no other.
  criApis: ['v1', 'v1alpha2'],
  kubelet: kubeletOfDockershim('1.23', ['containerd', 'docker']),
  kubeadm: kubeadm123,
  controlPlane: controlPlane123,
  marks: { labels: [MASTER, CONTROL_PLANE, NO_BALANCER], taints: [MASTER], tolerated: [MASTER, CONTROL_PLANE] },
  coreDns: coreDns123,
  host: host119,
  kubectl: { deleteEmptyDirData: '--delete-emptydir-data' },
};

const traits134: ReleaseTraits = {
  ...traits123,
  cri: 'cri',
  criApis: ['v1'],
  kubelet: kubelet134,
  kubeadm: kubeadm134,
  controlPlane: controlPlane134,
  marks: { labels: [CONTROL_PLANE, NO_BALANCER], taints: [CONTROL_PLANE], tolerated: [CONTROL_PLANE] },
  coreDns: coreDns134,
  proxyModes: ['iptables', 'ipvs', 'nftables'],
  host: host134,
  spreadHonoursTaints: true,
};

/** By minor version. */
export const traits = Object.freeze({
  '1.17': traits117,
  '1.18': { ...traits117, kubelet: kubeletOfDockershim('1.18', ['docker']) },
  '1.19': {
    ...traits117,
    kubelet: kubeletOfDockershim('1.19', ['docker']),
    controlPlane: controlPlane119,
    coreDns: coreDns119,
    host: host119,
  },
  '1.23': traits123,
  '1.34': traits134,
  '1.35': { ...traits134, host: host135 },
  '1.36': { ...traits134, controlPlane: controlPlane136, host: host136 },
} satisfies Readonly<Record<string, ReleaseTraits>>);
