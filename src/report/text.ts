/** How text is written for people: colours or none, how wide, how much. */
export interface Style {
  readonly colour: boolean;
  /** Columns of the terminal; absent: lines are as long as they are. */
  readonly columns?: number;
  readonly verbose?: boolean;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';
const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

export function paint(style: Pick<Style, 'colour'>, colour: Colour, text: string): string {
  const [on, off] = CODES[colour];
  return style.colour && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** What a host said, without anything that could move a cursor or change a terminal. Tabs and newlines stay. */
export const printable = (text: string): string =>
  text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)?/g, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');

/** Columns that one character takes: 0 for marks that sit on another, 2 for wide scripts and pictures. */
function columnsOf(character: string): number {
  if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    character,
  )
    ? 2
    : 1;
}

/** Columns that a text takes, colours not counted. */
export function width(text: string): number {
  let sum = 0;
  for (const character of text.replace(/\u001b\[[0-9;]*m/g, '')) sum += columnsOf(character);
  return sum;
}

export const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - width(text)));

/** The text cut to the columns there are, with `…` where it was cut. Give it text without colours. */
export function clip(text: string, columns: number | undefined): string {
  if (columns === undefined || width(text) <= columns) return text;
  let sum = 0;
  let kept = '';
  for (const character of text) {
    sum += columnsOf(character);
    if (sum > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The text in lines of at most so many columns, broken at spaces; a word that is longer stays whole, so that it can be copied. */
export function wrap(text: string, columns: number | undefined): readonly string[] {
  if (columns === undefined || width(text) <= columns) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const part of text.trim().split(' ')) {
    if (line.trim() !== '' && width(`${line} ${part}`) > columns) {
      lines.push(line);
      line = indent;
    }
    line = line.trim() === '' ? `${indent}${part}` : `${line} ${part}`;
  }
  return [...lines, line];
}

/** `0.4s`, `12.3s`, `3m04s`. */
export function duration(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
}

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Columns under headers, two spaces apart; no trailing spaces. Where the terminal is too narrow, the widest cells are cut. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, 'columns'> = {},
): string {
  const clean = [headers, ...rows].map((row) => row.map((cell) => printable(cell).replaceAll('\n', ' ')));
  const widths = narrowed(
    headers.map((_, i) => Math.max(...clean.map((row) => width(row[i] ?? '')))),
    style.columns,
  );
  return clean
    .map((row) =>
      widths
        .map((w, i) => pad(clip(row[i] ?? '', w), w))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A column narrower than this says nothing. */
const NARROWEST = 6;

function narrowed(widths: readonly number[], columns: number | undefined): readonly number[] {
  const all = [...widths];
  const room = (columns ?? Number.POSITIVE_INFINITY) - 2 * (all.length - 1);
  while (all.reduce((sum, w) => sum + w, 0) > room) {
    const widest = Math.max(...all);
    if (widest <= NARROWEST) break;
    all[all.lastIndexOf(widest)] = widest - 1;
  }
  return all;
}
