// Every kind of thing that can be true of a host: its key, its question, its answer's parser, its actions, its shell.
// All shell of the product lives in this room; it knows no transport and runs nothing.
import { ProvisionError, type Resource, type ResourceKey, type ResourceKind } from '../model/index.js';
import { file } from './file.js';
import type { Kind } from './kind.js';
import { kubeletIdentity } from './kubelet-identity.js';
import { node } from './node.js';
import { objects } from './objects.js';

export { sha256 } from './file.js';
export type { Circumstances, Draft, Keeping, Kind } from './kind.js';
export { leaveScripts } from './leave.js';
export { ACTION_PRELUDE, heredoc, LEDGER_DIR, QUESTION_PRELUDE, word, words } from './shell.js';

/** Each kind is typed by its own resource and answer; here they meet as one, and only the registry knows that they match. */
type AnyKind = Kind<Resource, unknown>;
const registry: ReadonlyMap<ResourceKind, AnyKind> = new Map(
  [file, kubeletIdentity, node, objects].map((kind) => [kind.kind, kind as unknown as AnyKind]),
);

export function kindOf(kind: ResourceKind): AnyKind {
  const found = registry.get(kind);
  if (found === undefined) throw new ProvisionError('INTERNAL', `no such kind of resource: ${kind}`);
  return found;
}

export const keyOf = (resource: Resource): ResourceKey => `${resource.kind} ${kindOf(resource.kind).name(resource)}`;
