/** Lines of context kept around a change. */
const CONTEXT = 2;
/** Above this many line pairs the table of the longest common subsequence costs more than the reader gains. */
const MOST_CELLS = 4_000_000;

/** A unified difference of two texts, without file headers: lines starting with ' ', '-', '+'; '…' where equal lines are left out. */
export function lineDiff(before: string, after: string): string {
  const a = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const b = after === '' ? [] : after.replace(/\n$/, '').split('\n');
  const marked = a.length * b.length > MOST_CELLS ? replaced(a, b) : edits(a, b);
  const near = marked.map((_, i) => marked.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((l) => l[0] !== ' '));
  const lines: string[] = [];
  for (const [i, line] of marked.entries()) {
    if (near[i]) lines.push(line);
    else if (lines.at(-1) !== '…') lines.push('…');
  }
  return lines.join('\n');
}

const replaced = (a: readonly string[], b: readonly string[]): string[] => [
  ...a.map((l) => `-${l}`),
  ...b.map((l) => `+${l}`),
];

function edits(a: readonly string[], b: readonly string[]): string[] {
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(` ${a[i]}`);
      i++;
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`-${a[i++]}`);
    } else {
      lines.push(`+${b[j++]}`);
    }
  }
  return lines;
}
