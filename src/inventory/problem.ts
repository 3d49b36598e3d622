import { ProvisionError } from '../model/index.js';

/** Keys and list positions from the top of the inventory down: `['nodes', 2, 'address']`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with an inventory, with where it stands and what to do about it. */
export interface InventoryProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `nodes[2].address`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, with the value seen. */
  readonly message: string;
  /** What to write instead. */
  readonly cure: string;
}

/** Code INVENTORY, exit code 3. The message lists every problem; `problems` has them as data for `validate --json`. */
export class InventoryError extends ProvisionError {
  readonly problems: readonly InventoryProblem[];

  constructor(file: string, problems: readonly InventoryProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('INVENTORY', `${file} has ${count}, so nothing was touched\n${problems.map(describeProblem).join('\n')}`, {
      hint: `mend the inventory, then look again: provision validate -i ${file}`,
    });
    this.name = 'InventoryError';
    this.problems = problems;
  }
}

/** `lab.yaml:12:5: nodes[2].address: is missing. Add …` */
export function describeProblem(problem: InventoryProblem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `  ${where}: ${path}${problem.message}\n      ${problem.cure}`;
}

/** As an operator would write it; keys that are not plain words are quoted: `labels["example.com/disk"]`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${show(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

/** A value as it may stand in a message: one line, at most 60 characters, nothing that a terminal would act on. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = (JSON.stringify(value) ?? 'nothing').replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length <= 60 ? text : `${text.slice(0, 57)}…"`;
}
