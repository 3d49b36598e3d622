// Every kind of thing that can be true of a host: its key, its question, its answer's parser, its actions, its shell.
// All shell of the product lives in this room; it knows no transport and runs nothing.
import { ProvisionError, type Resource, type ResourceKey, type ResourceKind } from '../model/index.js';
import { artifact } from './artifact.js';
import { block } from './block.js';
import { directory } from './directory.js';
import { file } from './file.js';
import { firewall } from './firewall.js';
import { hostname } from './hostname.js';
import { jsonSettings } from './json-settings.js';
import { kernel } from './kernel.js';
import type { Kind } from './kind.js';
import { kubeletIdentity } from './kubelet-identity.js';
import { membership } from './membership.js';
import { modules } from './modules.js';
import { muted } from './muted.js';
import { node } from './node.js';
import { objects } from './objects.js';
import { packages } from './packages.js';
import { pods } from './pods.js';
import { repository } from './repository.js';
import { selinux } from './selinux.js';
import { staticPod } from './static-pod.js';
import { swap } from './swap.js';
import { sysctl } from './sysctl.js';
import { timezone } from './timezone.js';
import { traces } from './traces.js';
import { unit } from './unit.js';
import { userFile } from './user-file.js';

export { ETCD_MANIFEST, initialMembers, readInitialMembers } from './etcd.js';
export { sha256 } from './file.js';
export { listImages, readImages } from './images.js';
export { BOOT_QUESTION, type BootState, REBOOT, readBootState, SETTLE_QUESTION } from './kernel.js';
export type { Circumstances, Draft, Keeping, Kind } from './kind.js';
export {
  apiReady,
  applyObjects,
  bootstrapTokenManifest,
  deleteToken,
  listNodes,
  listPods,
  listTokens,
  parseFiles,
  readFiles,
} from './kubectl.js';
export type { PackagesAnswer } from './packages.js';
export { FORGET, readResidue, residueQuestion } from './residue.js';
export { HOST_DIR, heredoc, heredocOfLines, LEDGER_DIR, QUESTION_PRELUDE, word, words } from './shell.js';
export { askInside, askNodePort, endSmoke, smokeObjects, startSmoke } from './smoke.js';
export { ACTION_PRELUDE } from './words.js';

/** Each kind is typed by its own resource and answer; here they meet as one, and only the registry knows that they match. */
type AnyKind = Kind<Resource, unknown>;
const registry: ReadonlyMap<ResourceKind, AnyKind> = new Map(
  [
    artifact,
    block,
    directory,
    file,
    firewall,
    hostname,
    jsonSettings,
    kernel,
    kubeletIdentity,
    membership,
    modules,
    muted,
    node,
    objects,
    packages,
    pods,
    repository,
    selinux,
    staticPod,
    swap,
    sysctl,
    timezone,
    traces,
    unit,
    userFile,
  ].map((kind) => [kind.kind, kind as unknown as AnyKind]),
);

export function kindOf(kind: ResourceKind): AnyKind {
  const found = registry.get(kind);
  if (found === undefined) throw new ProvisionError('INTERNAL', `no such kind of resource: ${kind}`);
  return found;
}

export const keyOf = (resource: Resource): ResourceKey => `${resource.kind} ${kindOf(resource.kind).name(resource)}`;
