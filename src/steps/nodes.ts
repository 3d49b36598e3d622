import { isControlPlane, isWorker, type Scene, type Step } from '../model/index.js';
import { nodeIsReady } from './kubelet.js';
import { ADMIN_CONF, KUBECTL, socketOf } from './places.js';

export const nodeMarks: Step = {
  id: 'node',
  title: 'Label the node and see it Ready',
  on: () => true,
  after: ['cluster-objects'],
  desire: (scene) => [
    {
      kind: 'node',
      name: scene.node.name,
      labels: { ...(isControlPlane(scene.node) ? controlPlaneLabels(scene) : {}), ...scene.node.labels },
      annotations: criSocket(scene),
      taints: [...controlPlaneTaints(scene), ...scene.node.taints],
    },
  ],
  gates: ({ node, leader }) => [nodeIsReady(node), ...(node.name === leader ? [namesResolve] : [])],
};

/** The last of the add-ons: its pods wait for a Ready node and a pod network. Only a first build has to be waited for. */
const namesResolve = {
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

/** Where kubeadm looks for the runtime's socket before it had a file for it (cmd/kubeadm/app/phases/patchnode/patchnode.go). */
const criSocket = (scene: Scene): Readonly<Record<string, string>> =>
  scene.release.kubelet.instanceConfig ? {} : { 'kubeadm.alpha.kubernetes.io/cri-socket': socketOf(scene) };

/** kubeadm's markcontrolplane.go. */
const controlPlaneLabels = ({ release }: Scene): Readonly<Record<string, string>> =>
  Object.fromEntries(release.marks.labels.map((label) => [label, '']));

/** A control plane that is a worker too takes pods. */
const controlPlaneTaints = ({ node, release }: Scene) =>
  isControlPlane(node) && !isWorker(node)
    ? release.marks.taints.map((key) => ({ key, effect: 'NoSchedule' as const }))
    : [];
