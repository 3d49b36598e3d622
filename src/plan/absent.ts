import type { Action, Cluster, HostStage, MembershipResource, Node, Plan, Release, Stage } from '../model/index.js';
import { hasEtcd, isControlPlane } from '../model/index.js';
import { keyOf } from '../resources/index.js';
import { backwards, factsOf, removal } from './present.js';
import type { FactsByHost } from './scene.js';

export interface AbsentInput {
  readonly cluster: Cluster;
  readonly release: Pick<Release, 'kubectl'>;
  /** The nodes that go. */
  readonly nodes: readonly Node[];
  readonly facts: FactsByHost;
  /** A control plane that stays and answers, or null: then nobody is left to be told. */
  readonly survivor: string | null;
}

/** What provision owns on the nodes that go, newest first; before it, their leave from the cluster that stays. */
export function planAbsent(input: AbsentInput): Plan {
  const leaving = new Map<string, HostStage>();
  const giving = new Map<string, HostStage>();
  for (const node of input.nodes) {
    const ledger = factsOf(input.facts, node.name).ledger;
    if (ledger.length === 0) continue;
    const joined = ledger.some((entry) => entry.kind === 'kubelet-identity');
    if (joined && input.survivor !== null)
      leaving.set(node.name, { actions: leave(input, node, input.survivor), gates: [] });
    giving.set(node.name, { actions: backwards(ledger).map(removal), gates: [] });
  }
  const stages: Stage[] = [
    { step: 'leave', title: 'Leave the cluster', after: [], behind: [], hosts: leaving },
    { step: 'give-back', title: 'Give the host back as it was', after: [], behind: [], hosts: giving },
  ];
  return { cluster: input.cluster.name, goal: 'absent', stages: stages.filter((stage) => stage.hosts.size > 0) };
}

function leave({ cluster, release }: AbsentInput, node: Node, survivor: string): readonly Action[] {
  const { deleteEmptyDirData } = release.kubectl;
  const resource: MembershipResource = { kind: 'membership', node: node.name, deleteEmptyDirData };
  const part = (name: string, summary: string, because: string): Action => ({
    verb: '-',
    key: keyOf(resource),
    kind: resource.kind,
    part: name,
    summary,
    because: [because],
    resource,
    order: 0,
    before: null,
    via: survivor,
  });
  return [
    part('drain', `drain node ${node.name}`, 'its pods move to other nodes first'),
    part('delete', `delete node ${node.name}`, 'it leaves the cluster'),
    ...(isControlPlane(node) && hasEtcd(cluster, node)
      ? [part('etcd-leave', `remove etcd member ${node.name}`, 'a dead member would count against quorum')]
      : []),
  ];
}
