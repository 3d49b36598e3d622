import { isControlPlane, isWorker, type Scene, type Step } from '../model/index.js';
import { nodeIsReady } from './kubelet.js';

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
      annotations: {},
      taints: [...controlPlaneTaints(scene), ...scene.node.taints],
    },
  ],
  gates: ({ node }) => [nodeIsReady(node)],
};

/** kubeadm's markcontrolplane.go. */
const controlPlaneLabels = ({ release }: Scene): Readonly<Record<string, string>> => ({
  [release.controlPlaneLabel]: '',
  'node.kubernetes.io/exclude-from-external-load-balancers': '',
});

/** A control plane that is a worker too takes pods. */
const controlPlaneTaints = ({ node, release }: Scene) =>
  isControlPlane(node) && !isWorker(node) ? [{ key: release.controlPlaneLabel, effect: 'NoSchedule' as const }] : [];
