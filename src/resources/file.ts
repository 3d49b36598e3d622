import { createHash } from 'node:crypto';
import type { FileResource, LedgerEntry } from '../model/index.js';
import { ProvisionError, reveal, Secret } from '../model/index.js';
import { lineDiff } from './diff.js';
import type { Draft, Kind } from './kind.js';
import { readersOf } from './readers.js';
import { heredoc, word, words } from './shell.js';

export interface FileAnswer {
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
  /** Sent back only when it differs, holds no secret and is small: for the diff. */
  readonly content?: string | undefined;
}

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
export const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Past this size a differing file is named, not shown. */
const SHOWN_BYTES = 65_536;

/** A file with this content, mode and root:root. */
export const file: Kind<FileResource, FileAnswer | null> = {
  kind: 'file',
  name: (r) => r.path,

  // One stat and one sha256sum for all of them; then the content of those that differ, are no secret and are small.
  ask: (rs) => `need stat sha256sum base64
differs() {
  [ -f "$1" ] && [ "$(stat -c %s -- "$1")" -le ${SHOWN_BYTES} ] || return 0
  [ "$(sha256sum <"$1" | cut -c1-64)" = "$2" ] || { printf 'text %s ' "$1"; b64 <"$1"; }
}
set -- ${words(rs.map((r) => r.path))}
for f; do if [ -L "$f" ] || { [ -e "$f" ] && [ ! -f "$f" ]; }; then echo "odd $f"; fi; done
stat -c 'stat %a %U:%G %n' -- "$@" 2>/dev/null || true
sha256sum -- "$@" 2>/dev/null | sed 's/^/sum /' || true
${rs
  .filter((r) => !(r.content instanceof Secret))
  .map((r) => `differs ${word(r.path)} ${sha256(reveal(r.content))}`)
  .join('\n')}`,

  read(output, rs) {
    const modes = new Map<string, { mode: number; owner: string }>();
    const sums = readSums(output);
    const texts = new Map<string, string>();
    for (const line of output.split('\n')) {
      const [, tag, rest = ''] = /^(odd|stat|text) (.*)$/.exec(line) ?? [];
      if (tag === 'odd') {
        throw new ProvisionError('FACTS', `${rest} is there, but it is not a regular file`, {
          hint: `look at it (ls -ld ${rest}) and move it away, then run again`,
        });
      }
      const stat = tag === 'stat' ? /^(\d+) (\S+) (.*)$/.exec(rest) : null;
      if (stat) modes.set(stat[3] ?? '', { mode: Number.parseInt(stat[1] ?? '', 8), owner: stat[2] ?? '' });
      const text = tag === 'text' ? /^(.*) (\S*)$/.exec(rest) : null;
      if (text) texts.set(text[1] ?? '', Buffer.from(text[2] ?? '', 'base64').toString('utf8'));
    }
    return rs.map((r) => {
      const stat = modes.get(r.path);
      const sum = sums.get(r.path);
      if (stat === undefined) return null;
      if (sum === undefined)
        throw new ProvisionError('FACTS', `could not read ${r.path}, which is there`, { said: output });
      const content = texts.get(r.path);
      return { sha256: sum, ...stat, ...(content === undefined ? {} : { content }) };
    });
  },

  appear(r, answer) {
    const wanted = sha256(reveal(r.content));
    if (answer === null) {
      return [{ verb: '+', summary: `write ${r.path}`, because: ['it is not there'], diff: shown(r, '') }];
    }
    const because = [
      ...(answer.sha256 === wanted ? [] : ['content differs']),
      ...(answer.mode === r.mode ? [] : [`mode ${octal(answer.mode)} -> ${octal(r.mode)}`]),
      ...(answer.owner === 'root:root' ? [] : [`owner ${answer.owner} -> root:root`]),
    ];
    if (because.length === 0) return [];
    const draft: Draft = { verb: '~', summary: `write ${r.path}`, because };
    return [answer.content === undefined ? draft : { ...draft, diff: shown(r, answer.content) }];
  },

  satisfied: (r) => ({ sha256: sha256(reveal(r.content)), mode: r.mode, owner: 'root:root' }),

  make: (r) => {
    const content = reveal(r.content);
    return `${heredoc(`install_file ${word(r.path)} ${octal(r.mode)} ${sha256(content)}`, content)}${reloadFor(r.path)}`;
  },

  ledger: {
    remember: (r) => ({ path: r.path }),
    keep: (r) => `keep_file ${word(r.path)}`,
    vanish: (entry) =>
      entry.former === null
        ? { verb: '-', summary: `remove ${pathOf(entry)}`, because: ['provision wrote it'] }
        : { verb: '-', summary: `restore ${pathOf(entry)}`, because: ['it was there before'] },
    unmake: (entry) =>
      `give_back_file ${word(pathOf(entry))} ${entry.former === null ? 'new' : 'had'}\n${readersOf(pathOf(entry))}`,
  },
};

/** systemd goes by what it read last: a unit file that changes or goes is told to it at once. */
const reloadFor = (path: string): string => (path.startsWith('/etc/systemd/system/') ? 'reload_systemd' : '');

/** Lines `sum <sha256sum's line>`: path -> digest. sha256sum marks a name that holds a backslash with one in front, and doubles it. */
export function readSums(output: string): ReadonlyMap<string, string> {
  const sums = [...output.matchAll(/^sum (\\?)([0-9a-f]{64}) [ *](.*)$/gm)];
  return new Map(sums.map(([, escaped, sum = '', path = '']) => [escaped ? path.replaceAll('\\\\', '\\') : path, sum]));
}

const pathOf = (entry: LedgerEntry): string => (entry.resource as { path: string }).path;

function shown(r: FileResource, before: string): string | undefined {
  return r.content instanceof Secret ? undefined : lineDiff(before, r.content);
}
