// A file that is all ours: asked for whole, compared whole. Several kinds keep one beside what they set live.
import { words } from './shell.js';

/** The text of such a file: `lines` below the note that says whose it is. */
export const ownFile = (lines: readonly string[]): string =>
  `${['# Written by provision; edits are undone by the next apply.', ...lines].join('\n')}\n`;

/** Question: every file of `paths` that is there. Needs `base64`. */
export const askOwnFiles = (paths: readonly string[]): string => `for f in ${words(paths)}; do
  [ ! -e "$f" ] || { printf 'file %s ' "$f"; b64 <"$f"; } || exit 1
done`;

/** The answer to it, path -> text; a file that is not there is not in it. */
export const readOwnFiles = (output: string): ReadonlyMap<string, string> =>
  new Map(
    [...output.matchAll(/^file (.*) (\S*)$/gm)].map(([, path = '', text = '']) => [
      path,
      Buffer.from(text, 'base64').toString('utf8'),
    ]),
  );
