import type { LedgerEntry, MutedResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { BEGIN, END } from './block.js';
import type { Kind } from './kind.js';
import { readersOf } from './readers.js';
import { word, words } from './shell.js';

export interface MutedAnswer {
  readonly file: boolean;
  /** Lines that still say something. */
  readonly on: readonly string[];
}

/** Lines of somebody else's file that begin with one of these words are switched off by a mark in front of them; our own block is not meant. */
export const muted: Kind<MutedResource, MutedAnswer> = {
  kind: 'muted',
  name: (r) => r.path,

  ask: (rs) => `need awk
speaking() {
  [ -e "$1" ] || return 0
  [ -f "$1" ] || { echo "odd $1"; return 0; }
  echo "file $1"
  path="$1" off="$2" awk '${LISTED}
    !ours && ($1 in off) { print "on " ENVIRON["path"] " " $0 }' "$1"
}
${rs.map((r) => `speaking ${words([r.path, r.words.join(' ')])} || exit 1`).join('\n')}`,

  read(output, rs) {
    const lines = output.split('\n');
    return rs.map(({ path }) => {
      if (lines.includes(`odd ${path}`)) {
        throw new ProvisionError('FACTS', `${path} is there, but it is not a regular file`, {
          hint: `look at it (ls -ld ${path}) and move it away, then run again`,
        });
      }
      const on = lines.filter((line) => line.startsWith(`on ${path} `)).map((line) => line.slice(path.length + 4));
      return { file: lines.includes(`file ${path}`), on };
    });
  },

  // What is not there yet comes with a package of this very run.
  appear(r, answer) {
    if (answer.file && answer.on.length === 0) return [];
    const because = answer.file ? answer.on.map((line) => `it says: ${line}`) : ['it is not there yet'];
    return [{ verb: '~', summary: `switch off ${r.words.join(', ')} in ${r.path}`, because }];
  },

  satisfied: () => ({ file: true, on: [] }),

  make: (r) => `[ ! -f ${word(r.path)} ] || edit_file ${word(r.path)} mute_lines ${word(r.words.join(' '))}`,

  ledger: {
    remember: (r) => ({ path: r.path, words: r.words }),
    vanish: (entry) => ({
      verb: '-',
      summary: `switch ${mutedOf(entry).words.join(', ')} in ${mutedOf(entry).path} on again`,
      because: ['they said so before'],
    }),
    unmake(entry) {
      const { path, words: off } = mutedOf(entry);
      return `[ ! -f ${word(path)} ] || edit_file ${word(path)} unmute_lines ${word(off.join(' '))}
${readersOf(path)}`;
    },
  },
};

/** The words of the environment's `off` as an array, and whether the line stands in our own block. */
const LISTED = `
    BEGIN { n = split(ENVIRON["off"], names, " "); for (i = 1; i <= n; i++) off[names[i]] = 1 }
    /^${BEGIN}$/ { ours = 1 } /^${END}$/ { ours = 0 }`;

/** mute_lines WORDS, unmute_lines WORDS: stdin with those lines behind our mark, or without it again. */
export const MUTED_WORDS = `
mute_lines() {
  off="$1" awk '${LISTED}
    !ours && ($1 in off) { print "#provision# " $0; next }
    { print }'
}
unmute_lines() {
  off="$1" awk '${LISTED}
    $1 == "#provision#" && ($2 in off) { sub(/^#provision# /, "") }
    { print }'
}
`;

const mutedOf = (entry: LedgerEntry): Pick<MutedResource, 'path' | 'words'> =>
  entry.resource as Pick<MutedResource, 'path' | 'words'>;
