import type { BlockResource, LedgerEntry } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { lineDiff } from './diff.js';
import type { Kind } from './kind.js';
import { readersOf } from './readers.js';
import { heredoc, word, words } from './shell.js';

export interface BlockAnswer {
  /** Is there such a file at all? */
  readonly file: boolean;
  /** Does its last line end with a newline? An empty file's does. */
  readonly newline: boolean;
  /** The lines between the marks; null: there are no marks. */
  readonly content: string | null;
}

export const BEGIN = '# BEGIN provision';
export const END = '# END provision';

const lines = (content: string): string => (content === '' || content.endsWith('\n') ? content : `${content}\n`);

/** Lines between two marks in somebody else's file: everything around them stays as it is. */
export const block: Kind<BlockResource, BlockAnswer> = {
  kind: 'block',
  name: (r) => r.path,

  // A mark without its partner is reported, not repaired: nobody can tell where the block ended.
  ask: (rs) => `need awk tail
for f in ${words(rs.map((r) => r.path))}; do
  [ -e "$f" ] || continue
  [ -f "$f" ] || { echo "odd $f"; continue; }
  [ -z "$(tail -c 1 -- "$f")" ] && echo "file $f" || echo "bare $f"
  case $(grep -xE '${BEGIN}|${END}' -- "$f" | tr '\\n' ,) in
    '') ;;
    '${BEGIN},${END},') printf 'block %s ' "$f"; awk '/^${END}$/ { on = 0 } on; /^${BEGIN}$/ { on = 1 }' "$f" | b64 ;;
    *) echo "torn $f" ;;
  esac || exit 1
done`,

  read(output, rs) {
    const files = new Map<string, boolean>();
    const contents = new Map<string, string>();
    for (const line of output.split('\n')) {
      const [, tag = '', rest = ''] = /^(file|bare|block|torn|odd) (.*)$/.exec(line) ?? [];
      if (tag === 'torn' || tag === 'odd') throw unusable(rest, tag);
      if (tag === 'file' || tag === 'bare') files.set(rest, tag === 'file');
      const [, path = '', text = ''] = tag === 'block' ? (/^(.*) (\S*)$/.exec(rest) ?? []) : [];
      if (path !== '') contents.set(path, Buffer.from(text, 'base64').toString('utf8'));
    }
    return rs.map(({ path }) => ({
      file: files.has(path),
      newline: files.get(path) ?? true,
      content: contents.get(path) ?? null,
    }));
  },

  appear(r, answer) {
    if (answer.content === lines(r.content)) return [];
    const diff = lineDiff(answer.content ?? '', lines(r.content));
    const summary = `write our lines in ${r.path}`;
    return answer.content === null
      ? [{ verb: '+', summary, because: [answer.file ? 'our lines are not in it' : 'it is not there'], diff }]
      : [{ verb: '~', summary, because: ['our lines differ'], diff }];
  },

  satisfied: (r) => ({ file: true, newline: true, content: lines(r.content) }),

  make: (r) => `[ -e ${word(r.path)} ] || install_file ${word(r.path)} 0644 </dev/null
${heredoc('cat >"$entry.was.new"', lines(r.content))}edit_file ${word(r.path)} put_block "$entry.was.new"
rm -f -- "$entry.was.new"`,

  ledger: {
    remember: (r) => ({ path: r.path }),
    vanish: (entry) => ({
      verb: '-',
      summary: `take our lines out of ${pathOf(entry)}`,
      because: ['provision wrote them'],
    }),
    unmake(entry) {
      const former = entry.former as BlockAnswer;
      const path = word(pathOf(entry));
      return `if [ -f ${path} ]; then
  edit_file ${path} drop_block ${former.newline ? 'newline' : 'bare'}
  ${former.file ? ':' : `[ -s ${path} ] || rm -f -- ${path}`}
fi
forget_dirs
${readersOf(pathOf(entry))}`;
    },
  },
};

/**
 * put_block FILE: stdin with FILE as the block, in its old place or at the end.
 * drop_block newline|bare: stdin without the block; `bare`: a last line that had no newline loses it again if the block was last.
 * A mark without its partner is dropped alone: the lines beside it may be somebody else's.
 */
export const BLOCK_WORDS = `
put_block() {
  new="$1" awk '
    function put() { if (done++) return; print "${BEGIN}"; while ((getline line < ENVIRON["new"]) > 0) print line; print "${END}" }
    { all[NR] = $0 } /^${END}$/ { last = NR }
    END {
      for (i = 1; i <= NR; i++) {
        if (all[i] == "${BEGIN}" && i < last) { put(); while (all[i] != "${END}") i++ }
        else if (all[i] != "${BEGIN}" && all[i] != "${END}") print all[i]
      }
      put()
    }'
}
drop_block() {
  how="$1" awk '
    { all[NR] = $0 } /^${END}$/ { last = NR }
    END {
      for (i = 1; i <= NR; i++) {
        if (all[i] == "${BEGIN}" && i < last) while (all[i] != "${END}") i++
        else if (all[i] != "${BEGIN}" && all[i] != "${END}") left[++n] = all[i]
      }
      for (i = 1; i <= n; i++) printf "%s%s", left[i], (i == n && ENVIRON["how"] == "bare" && last == NR ? "" : "\\n")
    }'
}
`;

const pathOf = (entry: LedgerEntry): string => (entry.resource as { path: string }).path;

function unusable(path: string, tag: string): ProvisionError {
  return tag === 'odd'
    ? new ProvisionError('FACTS', `${path} is there, but it is not a regular file`, {
        hint: `look at it (ls -ld ${path}) and move it away, then run again`,
      })
    : new ProvisionError(
        'FACTS',
        `${path} has a mark of ours without its partner, so our lines cannot be told from others`,
        {
          hint: `put "${BEGIN}" and "${END}" back around our lines, once each, or delete both marks, then run again`,
        },
      );
}
