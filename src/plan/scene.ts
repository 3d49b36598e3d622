import type { Cluster, Facts, MachineFacts, Node, Release, Resource, Scene, Step, Trust } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { keyOf } from '../resources/index.js';

/** What is the same for every node of a plan. */
export interface Setting {
  readonly cluster: Cluster;
  readonly release: Release;
  readonly trust: Trust;
  readonly leader: string;
}

/** A resource with the step that declares it and its place in the life of the host. */
export interface Wish {
  readonly step: Step;
  readonly resource: Resource;
  readonly key: string;
  readonly order: number;
}

/** Room between two steps for their resources. */
const STEP_WIDTH = 1000;

export function sceneOf(setting: Setting, node: Node, machine: MachineFacts): Scene {
  return { ...setting, node, machine };
}

/** Everything that should be true of a node, in the order of the list. Two owners of one thing are a bug of ours. */
export function wishesFor(
  steps: readonly Step[],
  setting: Setting,
  node: Node,
  machine: MachineFacts,
): readonly Wish[] {
  const scene = sceneOf(setting, node, machine);
  const owners = new Map<string, string>();
  const wishes: Wish[] = [];
  for (const [position, step] of steps.entries()) {
    if (!step.on(node, setting.cluster, setting.leader)) continue;
    for (const [index, resource] of step.desire(scene).entries()) {
      const key = keyOf(resource);
      const owner = owners.get(key);
      if (owner !== undefined) {
        throw new ProvisionError('INTERNAL', `steps ${owner} and ${step.id} both declare ${key} on ${node.name}`, {
          host: node.name,
          hint: 'this is a bug in provision: please report it with your inventory',
        });
      }
      owners.set(key, step.id);
      wishes.push({ step, resource, key, order: position * STEP_WIDTH + index });
    }
  }
  return wishes;
}

export const resourcesOf = (wishes: readonly Wish[]): readonly Resource[] => wishes.map((w) => w.resource);

export type FactsByHost = ReadonlyMap<string, Facts>;
