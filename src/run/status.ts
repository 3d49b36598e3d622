import { apiReady, listNodes, listPods } from '../resources/index.js';
import { withLeader } from './leader.js';
import type { Surroundings } from './session.js';

export interface NodeStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly address: string;
  readonly runtime: string;
  readonly os: string;
  readonly inInventory: boolean;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly leader: string;
  readonly api: 'ready' | 'not ready';
  readonly nodes: readonly NodeStatus[];
  /** Nodes of the inventory that the API does not know. */
  readonly missing: readonly string[];
  /** Pods of kube-system and kube-flannel that are not ready. */
  readonly unwell: readonly string[];
}

interface ListedNode {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo: {
      readonly kubeletVersion: string;
      readonly containerRuntimeVersion: string;
      readonly osImage: string;
    };
  };
}

interface ListedPod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: { readonly phase: string; readonly containerStatuses?: readonly { readonly ready: boolean }[] };
}

export function clusterStatus(around: Surroundings): Promise<ClusterStatus> {
  return withLeader(around, async (leader) => {
    const [ready, nodes, ...pods] = [
      await leader.ask(apiReady()),
      await leader.ask(listNodes()),
      await leader.ask(listPods('kube-system')),
      await leader.ask(listPods('kube-flannel')),
    ];
    const listed = (JSON.parse(nodes) as { items: readonly ListedNode[] }).items.map((node) =>
      nodeStatus(node, around),
    );
    return {
      cluster: around.cluster.name,
      leader: leader.name,
      api: ready.trim() === 'ok' ? 'ready' : 'not ready',
      nodes: listed,
      missing: around.cluster.nodes
        .filter((node) => !listed.some((n) => n.name === node.name))
        .map((node) => node.name),
      unwell: pods.flatMap((list) =>
        (JSON.parse(list) as { items: readonly ListedPod[] }).items.filter(isUnwell).map(told),
      ),
    };
  });
}

function nodeStatus(node: ListedNode, around: Surroundings): NodeStatus {
  const ready = node.status.conditions?.find((condition) => condition.type === 'Ready');
  return {
    name: node.metadata.name,
    ready: ready?.status === 'True',
    reason: ready?.status === 'True' ? '' : (ready?.message ?? ready?.reason ?? 'the kubelet has not reported'),
    roles: Object.keys(node.metadata.labels ?? {}).flatMap((label) =>
      label.startsWith('node-role.kubernetes.io/') ? [label.slice('node-role.kubernetes.io/'.length)] : [],
    ),
    version: node.status.nodeInfo.kubeletVersion,
    address: node.status.addresses?.find((address) => address.type === 'InternalIP')?.address ?? '',
    runtime: node.status.nodeInfo.containerRuntimeVersion,
    os: node.status.nodeInfo.osImage,
    inInventory: around.cluster.nodes.some((n) => n.name === node.metadata.name),
  };
}

const isUnwell = (pod: ListedPod): boolean =>
  pod.status.phase !== 'Succeeded' && !(pod.status.containerStatuses?.every((container) => container.ready) ?? false);

const told = (pod: ListedPod): string => `${pod.metadata.namespace}/${pod.metadata.name} (${pod.status.phase})`;
