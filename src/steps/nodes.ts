import { isControlPlane, isWorker, type Scene, type Step } from '../model/index.js';
import { podNetworkGates } from './flannel.js';
import { nodeIsReady } from './kubelet.js';
import { socketOf } from './places.js';

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
  gates: ({ node, cluster }) => [nodeIsReady(node), ...podNetworkGates(cluster)],
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
