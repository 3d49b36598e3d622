import { createHash } from 'node:crypto';
import { type Resource, type Scene, Secret } from '../../../src/model/index.js';
import { steps } from '../../../src/steps/index.js';
import { bareYaml } from '../../../src/templates.js';

export type Tree = ReadonlyMap<string, string>;

/** Every file that the node would get under its path, and `resources.txt`: all other things in their order. */
export function treeOf(scene: Scene): Tree {
  const tree = new Map<string, string>();
  const lines: string[] = [];
  for (const step of steps) {
    if (!step.on(scene.node, scene.cluster, scene.leader)) continue;
    lines.push(`${step.id}: ${step.title}${waits('after', step.after)}${waits('behind', step.behind)}`);
    for (const resource of step.desire(scene)) {
      if (resource.kind === 'file') tree.set(`root${resource.path}`, shown(resource.content));
      if (resource.kind === 'objects') {
        const documents = resource.manifests.map((manifest) => bareYaml(manifest)).join('---\n');
        tree.set(`api/${resource.name.replaceAll(' ', '-')}.yaml`, documents);
      }
      lines.push(`  ${line(resource)}`);
    }
    for (const gate of step.gates?.(scene) ?? []) lines.push(`  wait ${gate.within} s until ${gate.title}`);
  }
  return tree.set('resources.txt', `${lines.join('\n')}\n`);
}

const waits = (word: string, others: readonly string[] | undefined): string =>
  others === undefined ? '' : ` (${word} ${others.join(', ')})`;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const shown = (content: string | Secret): string =>
  content instanceof Secret ? `«secret ${digest(content.reveal())}»\n` : content;

function line(resource: Resource): string {
  switch (resource.kind) {
    case 'file':
      return `file ${resource.mode.toString(8).padStart(4, '0')} ${resource.path}`;
    case 'objects':
      return `objects ${resource.name}: ${resource.manifests.map((m) => `${m.kind} ${m.metadata.name}`).join(', ')}`;
    default: {
      const { kind, ...rest } = resource;
      return `${kind} ${JSON.stringify(rest, octalModes)}`;
    }
  }
}

const octalModes = (key: string, value: unknown): unknown =>
  key === 'mode' && typeof value === 'number' ? value.toString(8).padStart(4, '0') : value;

/** Line by line, path by path: `-` only the first has it, `+` only the second. Paths that are the same are left out. */
export function treeDifference(from: Tree, to: Tree): string {
  const paths = [...new Set([...from.keys(), ...to.keys()])].sort();
  return paths
    .map((path) => [path, lineDifference(linesOf(from.get(path)), linesOf(to.get(path)))])
    .filter(([, lines]) => lines !== '')
    .map(([path, lines]) => `## ${path}\n${lines}\n`)
    .join('\n');
}

/** Digests follow from what else differs. */
const linesOf = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : text
        .trimEnd()
        .replace(/[0-9a-f]{64}/g, '…')
        .split('\n');

/** By the longest common subsequence; lines of both are left out. */
function lineDifference(from: readonly string[], to: readonly string[]): string {
  // Most files are the same, and those that are not begin alike.
  let begin = 0;
  while (begin < from.length && from[begin] === to[begin]) begin++;
  const [a, b] = [from.slice(begin), to.slice(begin)];
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = table[i] ?? [];
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const told: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) told.push(`- ${a[i++]}`);
    else told.push(`+ ${b[j++]}`);
  }
  return told.join('\n');
}
