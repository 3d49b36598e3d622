// docs/seeds.md as data: which operation of the runbooks is proven by which test. Held by test/unit/docs (the test exists)
// and by test/run.mjs (it ran).

export interface SeedRow {
  /** Letters of the runbooks that have the operation. */
  readonly runbooks: readonly string[];
  readonly operation: string;
  readonly answer: string;
  /** The test that proves it; null where the row says why there is none. */
  readonly proof: Proof | null;
  readonly line: number;
}

export interface Proof {
  /** Below the checkout: `test/lab/06-reset.scenario.ts`. */
  readonly file: string;
  /** Its sentence, without those around it. */
  readonly title: string;
}

/** Throws on a row that can be neither read as proven nor as not proven. */
export function seedRows(text: string): SeedRow[] {
  return text.split('\n').flatMap((source, index) => {
    const cells = source.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, runbooks = '', operation = '', answer = '', proof = ''] = cells;
    if (!/^[A-Z](, [A-Z])*$/.test(runbooks)) return [];
    if (cells.length !== 6 || operation === '' || answer === '')
      throw new Error(`line ${index + 1}: a row has four cells`);
    return [{ runbooks: runbooks.split(', '), operation, answer, proof: proofOf(proof, index + 1), line: index + 1 }];
  });
}

function proofOf(cell: string, line: number): Proof | null {
  const [, file, title] = /^`(test\/[\w./-]+\.ts)` › (.+)$/.exec(cell) ?? [];
  if (file !== undefined && title !== undefined) return { file, title };
  if (/^\*\*not shown\*\*: .{10,}/.test(cell)) return null;
  throw new Error(`line ${line}: the last cell is neither \`test/…\` › a sentence nor **not shown**: a reason`);
}
