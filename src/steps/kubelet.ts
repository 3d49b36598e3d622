import { familyById } from '../family/index.js';
import {
  isControlPlane,
  type Node,
  nthAddress,
  type Remedy,
  type Resource,
  type Scene,
  type Step,
} from '../model/index.js';
import { MARK, render, toYaml } from '../templates.js';
import { cgroupDriver, kubeletCgroups } from './cgroups.js';
import { containerdCgroups } from './containerd.js';
import { dockerCgroups } from './docker.js';
import { podNetworkGates } from './flannel.js';
import { firstPulls, imageGates } from './images.js';
import { API_PORT, CA, endpointOf, KUBECTL, KUBELET, KUBELET_CONF, KUBERNETES, MANIFESTS } from './places.js';
import { bootstrapGroundwork } from './rbac.js';
import { binaries } from './runtime.js';
import { runningPods } from './static-pods.js';
import { directory, file, httpsUrl, merge, unit } from './words.js';

/** What kubeadm writes for every node (v1.36.3, componentconfigs/kubelet.go), with the operator's settings over it. */
export function kubeletConfig({ cluster }: Pick<Scene, 'cluster'>): unknown {
  return merge(
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: CA },
      },
      authorization: { mode: 'Webhook' },
      cgroupDriver: cgroupDriver(cluster),
      clusterDNS: [nthAddress(cluster.network.serviceCidr, 10)],
      clusterDomain: cluster.network.dnsDomain,
      healthzBindAddress: '127.0.0.1',
      healthzPort: 10_248,
      rotateCertificates: true,
      staticPodPath: MANIFESTS,
    },
    cluster.components.kubelet,
  );
}

/** The same with what differs from host to host; kubeadm keeps it out of the shared ConfigMap. */
function hostConfig(scene: Scene): unknown {
  return merge(kubeletConfig(scene), {
    ...(scene.release.kubelet.endpoint === 'config' ? { containerRuntimeEndpoint: endpointOf(scene) } : {}),
    // Pods would inherit a resolver on the host's loopback, which is not theirs.
    ...(scene.machine.resolvConf.some((line) => line.includes('127.0.0.53'))
      ? { resolvConf: '/run/systemd/resolve/resolv.conf' }
      : {}),
  });
}

export const kubelet: Step = {
  id: 'kubelet',
  title: 'Configure the kubelet',
  on: () => true,
  desire: (scene) => [
    directory(KUBELET, 0o700),
    { kind: 'traces', name: 'kubelet', paths: KUBELET_TRACES, links: [], chains: [], ipvs: false },
    // On every node: the kubelet warns for ever about a path that it shall watch and cannot find.
    ...(isControlPlane(scene.node) ? [] : [directory(MANIFESTS, 0o700)]),
    ...kubeletFiles(scene),
  ],
  // While the control plane comes up, a new worker has nothing else to do. Later the kubelet pulls what it needs itself.
  gates: (scene) => [
    scene.cluster.runtime === 'docker' ? dockerCgroups(scene) : containerdCgroups(scene),
    ...imageGates(scene, !isControlPlane(scene.node) && scene.machine.owner === null),
  ],
};

/** Born on the host: certificates, volumes, checkpoints, plugins' sockets. */
const KUBELET_TRACES = [
  KUBELET,
  KUBELET_CONF,
  `${KUBERNETES}/bootstrap-kubelet.conf`,
  '/etc/kubernetes/tmp',
  '/usr/libexec/kubernetes',
];

function kubeletFiles(scene: Scene): readonly Resource[] {
  const { cluster, release, machine } = scene;
  const { kubeletDefaults } = familyById(machine.family);
  const extra = Object.entries(cluster.components.kubeletExtraArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    file(`${KUBELET}/config.yaml`, toYaml(hostConfig(scene))),
    // kubeadm upgrade merges this one over the shared configuration (feature NodeLocalCRISocket).
    ...(release.kubelet.instanceConfig
      ? [file(`${KUBELET}/instance-config.yaml`, toYaml({ containerRuntimeEndpoint: endpointOf(scene) }))]
      : []),
    file(`${KUBELET}/kubeadm-flags.env`, `${MARK}\nKUBELET_KUBEADM_ARGS="${kubeletFlags(scene).join(' ')}"\n`),
    ...(extra.length === 0
      ? []
      : [
          file(
            kubeletDefaults,
            `${MARK}\nKUBELET_EXTRA_ARGS="${extra.map(([name, value]) => `--${name}=${value}`).join(' ')}"\n`,
          ),
        ]),
    // A package has its own, which reads the same files (kubernetes/release, cmd/krel/templates/latest).
    ...(cluster.install === 'packages'
      ? []
      : [
          file(
            '/etc/systemd/system/kubelet.service',
            render('systemd/kubelet.service', { runtimeUnit: `${cluster.runtime}.service`, kubeletDefaults }),
            0o600,
          ),
        ]),
  ];
}

/** As kubeadm has them (phases/kubelet/flags.go): from the inventory alone, never from what the host is called just now. */
const kubeletFlags = (scene: Scene): readonly string[] => {
  const { cluster, node, release } = scene;
  const byFlag = release.kubelet.endpoint === 'flag' && cluster.runtime === 'containerd';
  return [
    ...release.kubelet.flags[cluster.runtime],
    ...(byFlag ? [`--container-runtime-endpoint=${endpointOf(scene)}`] : []),
    ...(node.system.hostname ? [] : [`--hostname-override=${node.name}`]),
    `--node-ip=${node.internalAddress}`,
  ];
};

/** The identity comes first: it starts the kubelet with its token. The unit keeps it running and knows what it was started from. */
function runningKubelet(scene: Scene): readonly Resource[] {
  const { cluster, node, trust } = scene;
  const service = unit('kubelet.service', [...binaries(scene).slice(0, 1), ...kubeletFiles(scene)], 120);
  return [
    {
      kind: 'kubelet-identity',
      node: node.name,
      server: httpsUrl(cluster.endpoint.host, cluster.endpoint.port),
      caHash: trust.caHash,
      ownApi: isControlPlane(node)
        ? {
            server: httpsUrl(node.internalAddress, API_PORT),
            groundwork: bootstrapGroundwork(),
            meanwhile: firstPulls(scene),
          }
        : null,
      unit: service,
    },
    service,
  ];
}

/**
 * The kubelet asks for its certificate in the background and runs static pods meanwhile (cmd/kubelet/app/server.go,
 * buildKubeletClientConfig), so even a control plane's kubelet joins by a bootstrap token: its own API server hands it out.
 */
export const bootstrap: Step = {
  id: 'bootstrap',
  title: 'Start the control plane',
  on: isControlPlane,
  desire: (scene) => [...runningKubelet(scene), ...runningPods(scene)],
  gates: (scene) => [
    kubeletCgroups(scene),
    {
      id: 'api',
      title: `the API server on ${scene.node.name} answers`,
      command: ['curl', '-sS', '--cacert', CA, `${httpsUrl(scene.node.internalAddress, API_PORT)}/readyz`],
      expect: '^ok$',
      within: 300,
      hint: `look at its containers: ${tool(scene)} ps -a; ${tool(scene)} logs <id>; journalctl -u kubelet`,
    },
  ],
};

const tool = ({ cluster }: Scene): string => (cluster.runtime === 'docker' ? 'docker' : 'crictl');

export const join: Step = {
  id: 'join',
  title: 'Join the cluster',
  on: (node) => !isControlPlane(node),
  desire: runningKubelet,
  after: ['cluster-objects'],
  gates: (scene) => [kubeletCgroups(scene), nodeIsReady(scene.node), ...podNetworkGates(scene.cluster)],
};

/** `wait` watches: asking again and again would cost the hosts of a small cluster a good part of a processor. */
export const nodeIsReady = (node: Node) => ({
  id: 'node-ready',
  title: `node ${node.name} is Ready`,
  command: [
    ...KUBECTL,
    `--kubeconfig=${KUBELET_CONF}`,
    'wait',
    '--for=condition=Ready',
    `node/${node.name}`,
    '--timeout=10s',
  ],
  expect: 'condition met$',
  within: 300,
  hint: `ask why: kubectl describe node ${node.name}; on the host: journalctl -u kubelet`,
  remedy: unseenNode,
  why: whyNotReady(node),
});

/** What the kubelet says of itself, and what its pods wait for: without the pod network's images no node gets Ready. */
function whyNotReady({ name }: Node): readonly (readonly string[])[] {
  const ask = [...KUBECTL, `--kubeconfig=${KUBELET_CONF}`, 'get'];
  const waiting = (list: string): string =>
    `{range .status.${list}[?(@.state.waiting.message)]}{.image}{": "}{.state.waiting.message}{"\\n"}{end}`;
  const pods = `{range .items[*]}${waiting('initContainerStatuses')}${waiting('containerStatuses')}{end}`;
  return [
    [...ask, 'node', name, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'],
    // A kubelet may see its own pods only.
    [...ask, 'pods', '--all-namespaces', `--field-selector=spec.nodeName=${name}`, '-o', `jsonpath=${pods}`],
  ];
}

/**
 * A kubelet that looks for its own Node before the API server shows it goes on failing for 140 seconds, and then ends itself to
 * begin anew (pkg/volume/csi/csi_plugin.go, initializeCSINode, v1.36.3); meanwhile the node is not Ready. Seen on busy hosts.
 */
const unseenNode: Remedy = {
  after: 45,
  look: ['journalctl', '--unit=kubelet.service', '--since=-60s', '--no-pager', '--quiet', '--output=cat'],
  fault: 'initialize CSINode.*nodes? .*not found',
  cure: ['systemctl', 'restart', 'kubelet.service'],
  says: 'the kubelet does not find its own Node and would retry for minutes (failed to initialize CSINode): restarted it',
};
