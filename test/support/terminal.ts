import { spawn } from 'node:child_process';
import { provisionWords } from './lab.js';

const ROWS = 30;
const COLUMNS = 80;

/** What a person sees of a stream of characters and cursor movements: as much of a terminal as inquirer and listr2 make use of. */
export function screen(columns: number) {
  let lines: string[][] = [[]];
  let [row, column] = [0, 0];
  let hasCursor = true;
  let rest = '';
  const lineAt = (at: number): string[] => {
    while (lines.length <= at) lines.push([]);
    return lines[at] as string[];
  };
  const put = (character: string): void => {
    if (column >= columns) [row, column] = [row + 1, 0];
    const line = lineAt(row);
    while (line.length < column) line.push(' ');
    line[column++] = character;
  };
  const control = (numbers: string, word: string): void => {
    const n = Number(numbers.replace('?', '') || (word === 'K' || word === 'J' ? 0 : 1));
    if (word === 'A') row = Math.max(0, row - n);
    else if (word === 'B') row += n;
    else if (word === 'C') column += n;
    else if (word === 'D') column = Math.max(0, column - n);
    else if (word === 'G') column = n - 1;
    else if (word === 'K') lineAt(row).splice(n === 2 ? 0 : column);
    else if (word === 'J') {
      lineAt(row).splice(column);
      lines = lines.slice(0, row + 1);
    } else if (numbers === '?25') hasCursor = word === 'h';
  };
  return {
    write(text: string): void {
      // A sequence may be cut between two pieces of the stream.
      const whole = rest + text;
      const cut = /\u001b(\[[0-9;?]*)?$/.exec(whole)?.index ?? whole.length;
      rest = whole.slice(cut);
      for (const [part, numbers = '', word] of whole
        .slice(0, cut)
        .matchAll(/\u001b\[([0-9;?]*)([A-Za-z])|\u001b.|./gsu)) {
        if (word !== undefined) control(numbers, word);
        else if (part === '\r') column = 0;
        else if (part === '\n') row += 1;
        else if (part === '\b') column = Math.max(0, column - 1);
        else if (!part.startsWith('\u001b') && part >= ' ') put(part);
        lineAt(row);
      }
    },
    text: (): string => lines.map((line) => line.join('').trimEnd()).join('\n'),
    hasCursor: (): boolean => hasCursor,
  };
}

export interface Ended {
  readonly code: number | null;
  readonly screen: string;
  readonly hasCursor: boolean;
}

/**
 * provision at a terminal of its own. `script` (bsdutils, which Debian calls essential) makes the pseudo-terminal; Node cannot make one, and
 * python3 is not on every machine that this project asks for.
 */
export function atTerminal(args: readonly string[], cwd: string, seenColumns = COLUMNS) {
  const command = `stty cols ${COLUMNS} rows ${ROWS}; exec ${provisionWords(args)
    .map((word) => `'${word}'`)
    .join(' ')}`;
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd,
    env: { ...process.env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', NO_COLOR: '', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const seen = screen(seenColumns);
  let changed = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen.write(text);
    changed();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, screen: seen.text(), hasCursor: seen.hasCursor() }));
  });
  return {
    ended,
    /** Waits until the screen shows it, then types. */
    async when(shown: RegExp, keys: string, withinS = 120): Promise<void> {
      await new Promise<void>((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`${why} ${shown}; on the screen:\n${seen.text()}`));
        const timer = setTimeout(() => fail(`within ${withinS} s there was no`), withinS * 1000);
        void ended.then(() => fail('it ended without'));
        changed = () => {
          if (!shown.test(seen.text())) return;
          clearTimeout(timer);
          resolve();
        };
        changed();
      });
      changed = () => {};
      child.stdin.write(keys);
    },
  };
}
