import type { Action, Probe } from './action.js';
import type { Cluster, Node } from './cluster.js';
import type { Facts } from './facts.js';
import type { Release } from './release.js';
import type { Resource } from './resource.js';
import type { Trust } from './trust.js';

export type Goal = 'present' | 'absent';

/** Everything that a step may know. */
export interface Scene {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly release: Release;
  readonly trust: Trust;
  /** Facts about the machine of this node. */
  readonly machine: Facts['machine'];
  /** The live control plane that talks to the API for the others. */
  readonly leader: string;
}

/** A sentence of the build, about one node; pure. */
export interface Step {
  /** kebab-case; what `--only` and `--from` accept. */
  readonly id: string;
  readonly title: string;
  on(node: Node, cluster: Cluster, leader: string): boolean;
  desire(scene: Scene): readonly Resource[];
  /** Steps that must be done on every host that has them before this one begins anywhere. */
  readonly after?: readonly string[] | undefined;
  /** Steps that are let go first wherever they are still to be done; a host that fails in one of them is not waited for. */
  readonly behind?: readonly string[] | undefined;
  /** What must answer before the host goes on. Only run when the step changed something or `verify` asks. */
  gates?(scene: Scene): readonly Probe[];
}

export interface Plan {
  readonly cluster: string;
  readonly goal: Goal;
  readonly stages: readonly Stage[];
}

/** One step, with what each host does in it. */
export interface Stage {
  readonly step: string;
  readonly title: string;
  readonly after: readonly string[];
  readonly behind: readonly string[];
  readonly hosts: ReadonlyMap<string, HostStage>;
}

export interface HostStage {
  readonly actions: readonly Action[];
  readonly gates: readonly Probe[];
}
