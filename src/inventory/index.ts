// Owns the way from the operator's YAML to a validated, defaulted, frozen Cluster, and every word about what is wrong
// with it. Must not know hosts, steps or the release table: the known releases, what does not go with them and the file reader are handed in.
import type { Cluster } from '../model/index.js';
import { checkNetwork } from './check-network.js';
import { checkLabels, checkNodes } from './check-nodes.js';
import { checkPodNetwork } from './check-pod-network.js';
import { checkRuntime } from './check-runtime.js';
import { checkServices } from './check-services.js';
import { checkGroups, checkRelease, checkValues } from './check-settings.js';
import { readChecksums } from './checksums.js';
import { readDocument, type Source } from './document.js';
import { draftOf } from './draft.js';
import { type Complaint, explain } from './explain.js';
import { deepFreeze } from './freeze.js';
import { readNetworkManifest } from './network-manifest.js';
import { formatPath, InventoryError, type InventoryProblem } from './problem.js';
import { resolveCluster, resolvePath } from './resolve.js';
import { inventorySchema } from './schema.js';

export { inventoryJsonSchema } from './json-schema.js';
export { describeProblem, InventoryError, type InventoryProblem } from './problem.js';
export { inventoryReference } from './reference.js';

export interface InventoryContext {
  /** Exact Kubernetes versions that can be built: `1.36.3`. */
  readonly releases: readonly string[];
  /** Absolute path -> text. Throws when there is no such file. */
  readonly readFile: (path: string) => string;
  /** What `~` stands for. */
  readonly homeDir: string;
  /** What of the cluster cannot work on any host, by the release that it asks for. */
  readonly misfits: (cluster: Cluster) => readonly Pick<Complaint, 'path' | 'message' | 'cure'>[];
}

/**
 * YAML text -> Cluster, frozen. `file` is the path of the inventory; relative paths in it are relative to it.
 * Throws InventoryError (code INVENTORY) with all problems at once.
 */
export function readInventory(text: string, file: string, context: InventoryContext): { cluster: Cluster } {
  const { problems, cluster } = checkInventory(text, file, context);
  if (cluster === undefined) throw new InventoryError(file, problems);
  return { cluster };
}

/** The same without throwing: either problems, in the order of the file, or a cluster. */
export function checkInventory(
  text: string,
  file: string,
  context: InventoryContext,
): { problems: readonly InventoryProblem[]; cluster?: Cluster } {
  const { source, problems } = readDocument(text, file);
  if (problems.length > 0) return { problems: inOrder(problems) };
  const shape = checkTop(source);
  if (shape !== null) return { problems: [locate(shape, source)] };

  const parsed = inventorySchema.safeParse(source.value);
  const complaints = explain(parsed.error?.issues ?? [], source);
  const draft = draftOf(source.value, complaints);
  const places = { file, homeDir: context.homeDir };
  const { mirrors } = draft.cluster ?? {};
  const list = typeof mirrors === 'object' ? mirrors.checksums : undefined;
  const { checksums, complaints: unreadable } =
    list === undefined
      ? { checksums: {}, complaints: [] }
      : readChecksums(resolvePath(list, places), ['cluster', 'mirrors', 'checksums'], context.readFile);
  const { manifest, complaints: unusable } = readNetworkManifest(draft, checksums, places, context.readFile);
  complaints.push(
    ...checkRelease(draft, context.releases),
    ...checkNodes(draft),
    ...checkLabels(draft),
    ...checkNetwork(draft),
    ...checkGroups(draft),
    ...checkServices(draft),
    ...checkRuntime(draft),
    ...checkValues(draft, source),
    ...checkPodNetwork(draft),
    ...unreadable,
    ...unusable,
  );
  if (complaints.length > 0 || !parsed.success) {
    return { problems: inOrder(complaints.map((complaint) => locate(complaint, source))) };
  }
  const cluster = deepFreeze(resolveCluster(parsed.data, checksums, context.releases, places, manifest));
  const misfits = context.misfits(cluster).map((complaint) => locate(complaint, source));
  return misfits.length > 0 ? { problems: inOrder(misfits) } : { problems: [], cluster };
}

const MINIMAL = 'begin with `cluster: {name: lab, release: "1.36"}` and `nodes:`; inventories/ has examples';

function checkTop({ value }: Source): Complaint | null {
  if (value === undefined || value === null) return { path: [], message: 'the inventory is empty', cure: MINIMAL };
  if (Array.isArray(value)) return { path: [], message: 'the inventory is a list; it should be a map', cure: MINIMAL };
  if (typeof value !== 'object')
    return { path: [], message: 'the inventory is one word; it should be a map', cure: MINIMAL };
  return null;
}

function locate({ path, message, cure, atKey, first }: Complaint, source: Source): InventoryProblem {
  const { line, column } = atKey === true ? source.keyAt(path) : source.at(path);
  const other = first === undefined ? '' : ` (the other on line ${source.at(first).line})`;
  return { file: source.file, line, column, path: formatPath(path), message: message + other, cure };
}

const inOrder = (problems: readonly InventoryProblem[]): InventoryProblem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
