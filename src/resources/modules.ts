import type { Action, LedgerEntry, ModuleResource } from '../model/index.js';
import { lineDiff } from './diff.js';
import { sha256 } from './file.js';
import type { Kind } from './kind.js';
import { askOwnFiles, ownFile, readOwnFiles } from './own-file.js';
import { heredoc, word, words } from './shell.js';

export type ModuleState = 'loaded' | 'builtin' | 'loadable' | 'absent';

export interface ModulesAnswer {
  /** Content of the file; null: there is none. */
  readonly file: string | null;
  readonly modules: Readonly<Record<string, ModuleState>>;
}

const fileOf = (name: string): string => `/etc/modules-load.d/${name}.conf`;
const HERE: ReadonlySet<ModuleState> = new Set(['loaded', 'builtin']);

/**
 * What a kernel shows when it has the thing built in and says nothing in /sys/module: names in /proc/filesystems, files in /proc.
 * The schedulers of IPVS show nothing of their own; the kernel's configuration and its symbols are asked for those.
 */
const EVIDENCE: Readonly<Record<string, string>> = {
  overlay: 'grep -qw overlay /proc/filesystems',
  br_netfilter: '[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]',
  nf_conntrack: '[ -e /proc/net/nf_conntrack ] || [ -e /proc/sys/net/netfilter/nf_conntrack_max ]',
  ip_vs: '[ -e /proc/net/ip_vs ]',
  ip_vs_rr: 'kernel_has CONFIG_IP_VS_RR ip_vs_rr_schedule',
  ip_vs_wrr: 'kernel_has CONFIG_IP_VS_WRR ip_vs_wrr_schedule',
  ip_vs_sh: 'kernel_has CONFIG_IP_VS_SH ip_vs_sh_schedule',
};

/** Kernel modules, now and at boot. What is built in counts, and is then left out of the file: systemd could not load it. */
export const modules: Kind<ModuleResource, ModulesAnswer> = {
  kind: 'modules',
  name: (r) => r.name,

  ask: (rs) => `need grep base64
${askOwnFiles(rs.map((r) => fileOf(r.name)))}
kernel_has() {
  { [ ! -e /proc/config.gz ] || zcat /proc/config.gz | grep -qx "$1=y"; } && { [ -e /proc/config.gz ] || grep -qw "$2" /proc/kallsyms; }
}
evident() { case $1 in
${Object.entries(EVIDENCE)
  .map(([name, test]) => `${name}) ${test} ;;`)
  .join('\n')}
*) false ;; esac; }
for m in ${words([...new Set(rs.flatMap((r) => r.modules))])}; do
  n=$(printf %s "$m" | tr - _); k=/lib/modules/$(uname -r)
  if grep -qs "^$n " /proc/modules; then s=loaded
  elif [ -d "/sys/module/$n" ]; then s=builtin
  elif [ -e "$k/modules.builtin" ] && tr - _ <"$k/modules.builtin" | grep -q "/$n\\.ko"; then s=builtin
  elif evident "$n"; then s=builtin
  elif [ -e /proc/modules ] && have modprobe && modprobe -n -q -- "$m"; then s=loadable
  else s=absent; fi
  echo "module $m $s"
done`,

  read(output, rs) {
    const files = readOwnFiles(output);
    const states = new Map<string, ModuleState>();
    for (const line of output.split('\n')) {
      const [, name = '', state = ''] = /^module (\S+) (loaded|builtin|loadable|absent)$/.exec(line) ?? [];
      if (name !== '') states.set(name, state as ModuleState);
    }
    return rs.map((r) => ({
      file: files.get(fileOf(r.name)) ?? null,
      modules: Object.fromEntries(r.modules.map((name) => [name, states.get(name) ?? 'absent'])),
    }));
  },

  appear(r, answer) {
    const wanted = modulesFile(r, answer);
    const asleep = r.modules.filter((name) => !HERE.has(answer.modules[name] ?? 'absent'));
    const because = [
      ...(answer.file === wanted ? [] : [`${fileOf(r.name)} ${answer.file === null ? 'is not there' : 'differs'}`]),
      ...asleep.map((name) =>
        answer.modules[name] === 'loadable' ? `${name} is not loaded` : `this kernel shows no ${name}`,
      ),
    ];
    if (because.length === 0) return [];
    const diff = answer.file === wanted ? undefined : lineDiff(answer.file ?? '', wanted ?? '');
    const summary = asleep.length === 0 ? `write ${fileOf(r.name)}` : `load ${asleep.join(', ')}`;
    return [{ verb: answer.file === null ? '+' : '~', summary, because, diff }];
  },

  satisfied: (r, answer) => ({
    file: modulesFile(r, answer),
    modules: Object.fromEntries(
      r.modules.map((name) => [name, answer.modules[name] === 'builtin' ? 'builtin' : ('loaded' as ModuleState)]),
    ),
  }),

  make(r, action: Action) {
    const answer = action.before as ModulesAnswer;
    const file = modulesFile(r, answer);
    const asleep = r.modules.filter((name) => !HERE.has(answer.modules[name] ?? 'absent'));
    return [
      ...asleep.map((name) => `load_module ${word(name)}\n`),
      file === null
        ? `rm -f -- ${word(fileOf(r.name))}`
        : heredoc(`install_file ${word(fileOf(r.name))} 0644 ${sha256(file)}`, file),
    ].join('');
  },

  ledger: {
    remember: (r) => ({ name: r.name }),
    keep: (r) => `keep_file ${word(fileOf(r.name))}`,
    vanish: (entry) => ({
      verb: '-',
      summary: `load the modules ${nameOf(entry)} no longer`,
      because: ['provision asked for them'],
    }),
    unmake: (entry) =>
      `give_back_file ${word(fileOf(nameOf(entry)))} ${(entry.former as ModulesAnswer).file === null ? 'new' : 'had'}
unload_modules`,
  },
};

/** load_module NAME: remembers that it was us. unload_modules: those, when nothing uses them; what is in use stays until the next boot. */
export const MODULE_WORDS = `
load_module() {
  if [ -e /proc/modules ] && have modprobe && note "$entry.was.loaded" "$1" && modprobe -- "$1"; then return 0; fi
  say "this kernel ($(uname -r)) has no module $1, neither loadable nor built in:"
  say "install the package with the rest of its modules (Debian: linux-image-$(uname -r); EL: kernel-modules-extra), or boot another kernel"
  return 1
}
unload_modules() {
  [ ! -e "$entry.was.loaded" ] || sed '1!G;h;$!d' "$entry.was.loaded" | while IFS= read -r _m; do
    modprobe -r -- "$_m" 2>/dev/null || say "module $_m is in use: it stays until the next boot"
  done
}
`;

const nameOf = (entry: LedgerEntry): string => (entry.resource as { name: string }).name;

/** null: nothing is left to load at boot. */
function modulesFile(r: ModuleResource, answer: ModulesAnswer): string | null {
  const names = r.modules.filter((name) => answer.modules[name] !== 'builtin');
  if (names.length === 0) return null;
  return ownFile(names);
}
