import type { LedgerEntry, SysctlResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { lineDiff } from './diff.js';
import { sha256 } from './file.js';
import type { Kind } from './kind.js';
import { askOwnFiles, ownFile, readOwnFiles } from './own-file.js';
import { heredoc, word, words } from './shell.js';

export interface SysctlAnswer {
  /** Content of the file; null: there is none. */
  readonly file: string | null;
  /** Live values, blanks as single spaces; null: this kernel has no such key. */
  readonly live: Readonly<Record<string, string | null>>;
}

const fileOf = (name: string): string => `/etc/sysctl.d/${name}.conf`;
const normal = (value: string): string => value.trim().replace(/\s+/g, ' ');

/** `net.ipv4.conf.eth0/100.rp_filter` -> `net/ipv4/conf/eth0.100/rp_filter`: sysctl.d(5), the first separator decides which way it reads. */
export function sysctlPath(key: string): string {
  const dotted = (/[./]/.exec(key)?.[0] ?? '.') === '.';
  const path = dotted ? key.replace(/[./]/g, (c) => (c === '.' ? '/' : '.')) : key;
  if (!/^[\w@:.-]+(\/[\w@:.-]+)*$/.test(path) || path.split('/').some((part) => part === '.' || part === '..')) {
    throw new ProvisionError('INVENTORY', `not a sysctl key: ${JSON.stringify(key)}`);
  }
  return path;
}

/** Sorted, so that the same values always give the same bytes. */
export function sysctlFile(values: Readonly<Record<string, string>>): string {
  const keys = Object.keys(values).sort();
  const lines = keys.map((key) => `${key} = ${normal(values[key] ?? '')}`);
  return ownFile(lines);
}

/** Kernel settings now and at boot. */
export const sysctl: Kind<SysctlResource, SysctlAnswer> = {
  kind: 'sysctl',
  name: (r) => r.name,

  // grep and not the shell's `read`: the kernel answers such a file only to a read from its start, and dash reads byte by byte.
  ask: (rs) => `need grep base64
${askOwnFiles(rs.map((r) => fileOf(r.name)))}
set --
for k in ${words([...new Set(rs.flatMap((r) => Object.keys(r.values).map(sysctlPath)))])}; do
  [ ! -e "/proc/sys/$k" ] || { echo "there $k"; set -- "$@" "/proc/sys/$k"; }
done
[ $# -eq 0 ] || grep -H '' -- "$@" || [ $? -eq 1 ]`,

  read(output, rs) {
    const files = readOwnFiles(output);
    const live = new Map<string, string>();
    for (const line of output.split('\n')) {
      if (line.startsWith('there ')) live.set(line.slice(6), '');
      const key = [...live.keys()].find((k) => line.startsWith(`/proc/sys/${k}:`));
      if (key !== undefined) live.set(key, normal(`${live.get(key)} ${line.slice(key.length + 11)}`));
    }
    return rs.map((r) => ({
      file: files.get(fileOf(r.name)) ?? null,
      live: Object.fromEntries(Object.keys(r.values).map((key) => [key, live.get(sysctlPath(key)) ?? null])),
    }));
  },

  appear(r, answer) {
    const wanted = sysctlFile(r.values);
    const because = Object.entries(r.values).flatMap(([key, value]) => {
      const now = answer.live[key] ?? null;
      if (now === normal(value)) return [];
      return [now === null ? `${key}: the kernel has no such key yet` : `${key} ${now} -> ${normal(value)}`];
    });
    if (answer.file !== wanted)
      because.unshift(`${fileOf(r.name)} ${answer.file === null ? 'is not there' : 'differs'}`);
    if (because.length === 0) return [];
    const diff = answer.file === wanted ? undefined : lineDiff(answer.file ?? '', wanted);
    return [{ verb: answer.file === null ? '+' : '~', summary: `set the kernel settings ${r.name}`, because, diff }];
  },

  satisfied: (r) => ({
    file: sysctlFile(r.values),
    live: Object.fromEntries(Object.entries(r.values).map(([key, value]) => [key, normal(value)])),
  }),

  make(r) {
    const file = sysctlFile(r.values);
    return [
      heredoc(`install_file ${word(fileOf(r.name))} 0644 ${sha256(file)}`, file),
      ...Object.entries(r.values).map(([key, value]) => `set_sysctl ${words([sysctlPath(key), normal(value)])}\n`),
    ].join('');
  },

  ledger: {
    remember: (r) => ({ name: r.name }),
    keep: (r) => `keep_file ${word(fileOf(r.name))}`,
    vanish: (entry) => ({
      verb: '-',
      summary: `put the kernel settings ${nameOf(entry)} back`,
      because: ['provision set them'],
    }),
    unmake: (entry) =>
      `give_back_file ${word(fileOf(nameOf(entry)))} ${(entry.former as SysctlAnswer).file === null ? 'new' : 'had'}
unset_sysctls`,
  },
};

/**
 * set_sysctl PATH VALUE: below /proc/sys; remembers the former value before the first change and looks whether the kernel took it.
 * Written directly: procps, and with it sysctl(8), is not on every minimal host.
 */
export const SYSCTL_WORDS = `
sysctl_now() { tr -s '[:space:]' ' ' <"/proc/sys/$1" | sed 's/^ //; s/ $//'; }
set_sysctl() {
  [ -e "/proc/sys/$1" ] || {
    say "this kernel has no setting $(printf %s "$1" | tr / .): load the module that brings it, or take it out of the inventory"; return 1
  }
  _now=$(sysctl_now "$1")
  [ "$_now" != "$2" ] || return 0
  grep -q "^$1 " "$entry.was.live" 2>/dev/null || printf '%s %s\\n' "$1" "$_now" >>"$entry.was.live"
  printf '%s\\n' "$2" >"/proc/sys/$1" || { say "the kernel refused $1 = $2"; return 1; }
  [ "$(sysctl_now "$1")" = "$2" ] || { say "the kernel made $(sysctl_now "$1") of $1 = $2"; return 1; }
}
unset_sysctls() {
  [ ! -e "$entry.was.live" ] || while read -r _key _value; do
    [ ! -e "/proc/sys/$_key" ] || printf '%s\\n' "$_value" >"/proc/sys/$_key" || say "could not put $_key back to $_value"
  done <"$entry.was.live"
}
`;

const nameOf = (entry: LedgerEntry): string => (entry.resource as { name: string }).name;
