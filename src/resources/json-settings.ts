import type { Action, JsonSettingsResource, LedgerEntry } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { lineDiff } from './diff.js';
import { sha256 } from './file.js';
import type { Kind } from './kind.js';
import { HOST_DIR, heredoc, word } from './shell.js';

export interface JsonSettingsAnswer {
  /** The file as it is; null: there is none. */
  readonly content: string | null;
  readonly mode: number;
  /** What provision set last, as JSON; null: nothing yet. */
  readonly last: string | null;
}

/** One stamp per file: the sum of what was written, and below it the settings that were ours in it. */
const STAMPS = `${HOST_DIR}/settings`;
const stampOf = (path: string): string => `${STAMPS}/${path.slice(1).replaceAll('/', '-')}`;

/**
 * Our settings in a JSON file that may be somebody else's: theirs stay, ours win, and what was ours the last time and is no more goes.
 * JSON holds no comments that could mark lines, and hosts have no tool for it: so the merging is done here.
 */
export const jsonSettings: Kind<JsonSettingsResource, JsonSettingsAnswer> = {
  kind: 'json-settings',
  name: (r) => r.path,

  ask: (rs) => `need stat base64
look() { # PATH STAMP
  if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; }; then echo "odd $1"; return; fi
  if [ -e "$1" ]; then printf 'text %s %s ' "$1" "$(stat -c %a -- "$1")"; b64 <"$1" || return 1; fi
  [ ! -e "$2" ] || { printf 'last %s ' "$1"; sed 1d "$2" | b64; }
}
${rs.map((r) => `look ${word(r.path)} ${word(stampOf(r.path))} || exit 1`).join('\n')}`,

  read(output, rs) {
    const odd = /^odd (.*)$/m.exec(output)?.[1];
    if (odd !== undefined) {
      throw new ProvisionError('FACTS', `${odd} is there, but it is not a regular file`, {
        hint: `look at it (ls -ld ${odd}) and move it away, then run again`,
      });
    }
    const texts = new Map([...output.matchAll(/^text (.*) (\d+) (\S*)$/gm)].map((m) => [m[1], m]));
    const lasts = new Map([...output.matchAll(/^last (.*) (\S*)$/gm)].map((m) => [m[1], decoded(m[2])]));
    return rs.map(({ path }) => {
      const [, , mode, text] = texts.get(path) ?? [];
      const content = text === undefined ? null : decoded(text);
      if (content !== null) objectIn(path, content);
      return { content, mode: Number.parseInt(mode ?? '644', 8), last: lasts.get(path) ?? null };
    });
  },

  appear(r, answer) {
    const wanted = wantedIn(r, answer);
    if (wanted === null) return [];
    const summary = `set ${Object.keys(r.settings).sort().join(', ')} in ${r.path}`;
    const diff = withoutPasswords(lineDiff(answer.content ?? '', wanted));
    return answer.content === null
      ? [{ verb: '+', summary, because: ['it is not there'], diff }]
      : [{ verb: '~', summary, because: ['our settings differ'], diff }];
  },

  satisfied: (r, answer) => ({
    content: wantedIn(r, answer) ?? answer.content,
    mode: answer.mode,
    last: JSON.stringify(r.settings),
  }),

  make(r, action: Action) {
    const answer = action.before as JsonSettingsAnswer;
    const content = wantedIn(r, answer) ?? answer.content ?? '{}\n';
    const [path, stamp, sum] = [word(r.path), word(stampOf(r.path)), sha256(content)];
    return `${heredoc(`install_file ${path} 0${answer.mode.toString(8)} ${sum}`, content)}mkdir -p -m 0755 ${STAMPS}
${heredoc(`install_file ${stamp} 0600`, `${sum}\n${JSON.stringify(r.settings)}`)}`;
  },

  ledger: {
    remember: (r) => ({ path: r.path, unit: r.unit }),
    keep: (r) => `keep_file ${word(r.path)}`,
    vanish: (entry) => ({
      verb: '-',
      summary: `${formerOf(entry) === null ? 'remove' : 'restore'} ${pathOf(entry)}`,
      because: [formerOf(entry) === null ? 'provision wrote it' : 'it was there before'],
    }),
    unmake: (entry) =>
      `give_back_settings ${word(pathOf(entry))} ${word(stampOf(pathOf(entry)))} ${formerOf(entry) === null ? 'new' : 'had'} ${word(unitOf(entry))}`,
  },
};

/**
 * give_back_settings PATH STAMP had|new UNIT: the former file. What somebody else wrote into it after us cannot be told from ours by a
 * host, so such a file stays beside it. UNIT reads it: one that goes on running does so with its former settings.
 */
export const JSON_SETTINGS_WORDS = `
give_back_settings() {
  if [ -e "$1" ] && [ -e "$2" ] && [ "$(sum_of "$1")" != "$(sed -n 1p "$2")" ]; then
    cp -p -- "$1" "$1.changed" && say "$1 was changed after provision wrote it: that content is in $1.changed"
  fi
  give_back_file "$1" "$3" && rm -f -- "$2" && forget_dir ${STAMPS}
  ! have systemctl || ! systemctl is-active --quiet -- "$4" || systemctl restart -- "$4"
}
`;

type Json = Readonly<Record<string, unknown>>;

/** The text that the file should have; null when it says what it should already, however it is written. */
function wantedIn(r: JsonSettingsResource, answer: JsonSettingsAnswer): string | null {
  const current = answer.content === null ? {} : objectIn(r.path, answer.content);
  const last = answer.last === null ? {} : objectIn(stampOf(r.path), answer.last);
  const wanted = withSettings(withoutSettings(current, last), r.settings);
  if (answer.content !== null && canonical(wanted) === canonical(current)) return null;
  return `${JSON.stringify(wanted, null, 2)}\n`;
}

/** Ours first in a list; of theirs in it, what says something else under the same `name=` goes. */
export function withSettings(theirs: Json, ours: Json): Json {
  const merged: Record<string, unknown> = { ...theirs };
  for (const [key, value] of Object.entries(ours)) {
    const before = theirs[key];
    if (isObject(value) && isObject(before)) merged[key] = withSettings(before, value);
    else if (Array.isArray(value) && Array.isArray(before)) merged[key] = [...value, ...before.filter(notIn(value))];
    else merged[key] = value;
  }
  return merged;
}

/** What is left when we take ours out: emptied lists and maps go too. */
export function withoutSettings(all: Json, ours: Json): Json {
  const left: Record<string, unknown> = { ...all };
  for (const [key, value] of Object.entries(ours)) {
    const now = all[key];
    if (isObject(value) && isObject(now)) left[key] = withoutSettings(now, value);
    else if (Array.isArray(value) && Array.isArray(now)) left[key] = now.filter(notIn(value));
    else delete left[key];
    const rest = left[key];
    if ((isObject(rest) && Object.keys(rest).length === 0) || (Array.isArray(rest) && rest.length === 0)) {
      delete left[key];
    }
  }
  return left;
}

const notIn = (values: readonly unknown[]) => {
  const taken = new Set(values.map(itemName));
  return (item: unknown): boolean => !taken.has(itemName(item));
};
/** `native.cgroupdriver=systemd` and `…=cgroupfs` are one item. */
const itemName = (item: unknown): string =>
  typeof item === 'string' ? item.replace(/^([\w.-]+)=.*$/s, '$1=') : canonical(item);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The order of keys says nothing. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

/** An empty file is an empty object: Docker takes it so. */
function objectIn(path: string, text: string): Json {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause));
  }
  if (!isObject(value)) throw unreadable(path, 'it holds no object');
  return value;
}

const unreadable = (path: string, said: string): ProvisionError =>
  new ProvisionError('FACTS', `${path} is there, but it is not JSON that settings can be merged into`, {
    said,
    hint: `correct it, or move it away (mv ${path} ${path}.old), then run again`,
  });

const decoded = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');
/** A proxy's password stays on the host. */
const withoutPasswords = (text: string): string => text.replace(/\/\/[^/@\s"]+@/g, '//«secret»@');

const pathOf = (entry: LedgerEntry): string => (entry.resource as { path: string }).path;
const unitOf = (entry: LedgerEntry): string => (entry.resource as { unit: string }).unit;
const formerOf = (entry: LedgerEntry): string | null => (entry.former as JsonSettingsAnswer).content;
