import type { Cluster, Node } from '../model/index.js';
import { ProvisionError } from '../model/index.js';

/** Flags that most commands share, as commander gives them. */
export interface CommonFlags {
  readonly inventory: string;
  readonly limit?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly verbose?: boolean;
  readonly ignorePreflight?: string;
}

/** The nodes that `--limit a,b` names; all of them without it. */
export function limited(cluster: Cluster, limit: string | undefined): readonly Node[] {
  if (limit === undefined) return cluster.nodes;
  const names = limit.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !cluster.nodes.some((node) => node.name === name));
  if (unknown.length > 0) {
    throw new ProvisionError('USAGE', `--limit names no node of the inventory: ${unknown.join(', ')}`, {
      hint: `nodes: ${cluster.nodes.map((node) => node.name).join(', ')}`,
    });
  }
  return cluster.nodes.filter((node) => names.includes(node.name));
}
