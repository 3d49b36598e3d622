import type { Complaint } from './explain.js';
import type { Path } from './problem.js';
import type { Inventory } from './schema.js';

type Draft<T> = T extends readonly (infer E)[]
  ? readonly (Draft<E> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T;

/**
 * The inventory without the pieces that the schema refused, so that the checks that need several pieces
 * run in the same pass and everything is reported together. What is left has its type; anything may be missing.
 */
export type DraftInventory = Draft<Inventory>;
export type DraftNode = Draft<Inventory['nodes'][number]>;
export type DraftSettings = Pick<
  Draft<NonNullable<Inventory['groups']>[string]>,
  'ssh' | 'system' | 'labels' | 'taints'
>;

export function draftOf(value: unknown, complaints: readonly Complaint[]): DraftInventory {
  const draft: unknown = structuredClone(value);
  for (const { path, sound } of complaints) if (sound !== true) cut(draft, path);
  return (isMap(draft) ? draft : {}) as DraftInventory;
}

const isMap = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** List positions are kept, so that later problems still name the right one. */
function cut(root: unknown, path: Path): void {
  let inner = root;
  for (const part of path.slice(0, -1)) {
    if (typeof inner !== 'object' || inner === null) return;
    inner = (inner as Record<string | number, unknown>)[part];
  }
  const last = path.at(-1);
  if (last !== undefined && typeof inner === 'object' && inner !== null) {
    (inner as Record<string | number, unknown>)[last] = undefined;
  }
}

export interface PlacedNode {
  readonly node: DraftNode;
  readonly path: Path;
}

export const nodesOf = (draft: DraftInventory): PlacedNode[] =>
  (draft.nodes ?? []).flatMap((node, index) => (node === undefined ? [] : { node, path: ['nodes', index] }));

/** False when a piece of some node was refused, so that what is missing may only be unreadable. */
export const nodesAreWhole = (draft: DraftInventory): boolean =>
  draft.nodes?.every((node) => node?.name !== undefined && node.roles?.includes(undefined) === false) ?? false;

export const groupsOf = (
  draft: DraftInventory,
): [string, DraftSettings & { nodes?: readonly (string | undefined)[] | undefined }][] =>
  Object.entries(draft.groups ?? {}).flatMap(([name, group]) => (group === undefined ? [] : [[name, group]]));

/** What is said about a node, the least specific first: top level, its groups, itself. */
export function layersOf(draft: DraftInventory, node: DraftNode): DraftSettings[] {
  const groups = groupsOf(draft).filter(([, group]) => node.name !== undefined && group.nodes?.includes(node.name));
  return [{ ssh: draft.ssh, system: draft.system }, ...groups.map(([, group]) => group), node];
}
