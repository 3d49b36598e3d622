import type { KernelResource, LedgerEntry } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Draft, Kind } from './kind.js';
import { word, words } from './shell.js';
import { STAMP_DIR } from './unit.js';

export interface KernelAnswer {
  /** Release of the kernel that runs: uname -r. */
  readonly running: string;
  /** Release that the newest installed version of the package boots; null: the package is not installed. */
  readonly newest: string | null;
  /** Whose kernel provision has brought; null: none. */
  readonly stamp: string | null;
}

const STAMP = `${STAMP_DIR}/kernel`;
/** What a host is asked to boot next; in memory, so that a boot forgets it. */
const REQUEST = '/run/provision.boot';

/**
 * newest_kernel PACKAGE: rpm's kernels carry their release as version; Debian's package of that name only depends on the one that does.
 */
const LOOK = `
newest_kernel() {
  if have dpkg-query; then
    dpkg-query -W -f='\${db:Status-Status} \${Depends}\\n' -- "$1" 2>/dev/null | sed -n 's/^installed //p' | tr ',|' '\\n\\n' |
      sed -n 's/^ *linux-image-\\([0-9][^ (]*\\).*/\\1/p' | head -n 1
  else rpm -q --qf '%{VERSION}-%{RELEASE}.%{ARCH}\\n' "$1" 2>/dev/null | grep -v ' is not installed$' | sort -V | tail -n 1; fi
}
`;

/**
 * The newest kernel of a package runs. It is brought once: a kernel that comes out later is an update of the system, which is its
 * operator's. The boot is an action that the lane carries out by itself, one host at a time.
 */
export const kernel: Kind<KernelResource, KernelAnswer> = {
  kind: 'kernel',
  name: () => 'host',

  ask: (rs) => `need uname sort sed
have dpkg-query || have rpm || { echo 'neither dpkg nor rpm is on this host' >&2; exit 69; }${LOOK}
echo "running $(uname -r)"
[ ! -e ${STAMP} ] || echo "stamp $(cat ${STAMP})"
for p in ${words(rs.map((r) => r.package))}; do echo "newest $(newest_kernel "$p")"; done`,

  read(output, rs) {
    const value = (tag: string): string | null => new RegExp(`^${tag} (\\S+)$`, 'm').exec(output)?.[1] ?? null;
    const running = value('running');
    if (running === null) throw new ProvisionError('FACTS', 'the host did not say which kernel runs', { said: output });
    return rs.map(() => ({ running, newest: value('newest'), stamp: value('stamp') }));
  },

  appear(r, { running, newest, stamp }) {
    const isNew = stamp !== r.source;
    const boot: Draft = {
      verb: '!',
      part: 'boot',
      boot: true,
      summary: isNew ? `boot the newest kernel of ${r.package}` : `boot kernel ${newest}`,
      because: [`${running} runs`],
    };
    if (isNew) {
      const because = [newest === null ? `${r.package} is not installed` : `${newest} may not be the newest`];
      const bring: Draft = {
        verb: newest === null ? '+' : '~',
        part: 'bring',
        summary: `install the newest ${r.package}`,
        because,
      };
      return [bring, boot];
    }
    return newest === null || newest === running ? [] : [boot];
  },

  satisfied: (r, { running, newest }) => ({ running: newest ?? running, newest, stamp: r.source }),

  make: (r, action) =>
    action.part === 'boot'
      ? `ready_to_boot ${word(r.package)}`
      : `package_repos ${words(r.enableRepos)}\nbring_kernel ${words([r.package, r.source])}`,

  ledger: {
    // Steps ask for a kernel only until the host is a node: no node is restarted for a change of the inventory.
    byResetOnly: true,
    remember: (r) => ({ package: r.package }),
    vanish: () => ({
      verb: '-',
      summary: 'boot the former kernel by default again, and remove the new one unless it runs',
      because: ['provision installed it'],
    }),
    unmake: (entry) => `give_back_kernel ${word(packageOf(entry))}`,
  },
};

const packageOf = (entry: LedgerEntry): string => (entry.resource as { package: string }).package;

/** What is asked of a host around a boot: which boot it is, what runs, and what it was asked to boot. */
export const BOOT_QUESTION = `
printf 'boot %s\\n' "$(cat /proc/sys/kernel/random/boot_id)"
printf 'kernel %s\\n' "$(uname -r)"
if [ -e ${REQUEST} ]; then printf 'wanted %s\\n' "$(cat ${REQUEST})"; fi`;

/** Until what starts with the system has started, or half of it would be missing when the work goes on; two minutes at most. */
export const SETTLE_QUESTION = `
_left=120
while [ "$_left" -gt 0 ]; do
  case $(systemctl is-system-running) in initializing | starting) sleep 1; _left=$((_left - 1)) ;; *) break ;; esac
done`;

/** The shell that says it goes down with the host, so it says nothing when all is well. */
export const REBOOT = `sync
systemctl reboot || shutdown -r now`;

export interface BootState {
  readonly boot: string;
  readonly kernel: string;
  /** null: nothing needs to be booted. */
  readonly wanted: string | null;
}

export function readBootState(output: string): BootState {
  const value = (tag: string): string | null => new RegExp(`^${tag} (\\S+)$`, 'm').exec(output)?.[1] ?? null;
  const [boot, running] = [value('boot'), value('kernel')];
  if (boot === null || running === null) {
    throw new ProvisionError('FACTS', 'the host did not say which boot this is', { said: output });
  }
  return { boot, kernel: running, wanted: value('wanted') };
}

/**
 * bring_kernel PACKAGE SOURCE: its newest version, remembered as packages are. ready_to_boot PACKAGE: the boot loader's default is the
 * newest one, and the request lies there, unless it runs already. give_back_kernel PACKAGE.
 * Debian's update-grub puts the newest first, which GRUB_DEFAULT=0 boots; a saved default has to be told. EL has grubby.
 */
export const KERNEL_WORDS = `${LOOK}
bring_kernel() {
  [ -e "$entry.was.before" ] || installed_packages "$entry.was.before" || return 1
  if have apt-get; then
    apt update || say 'apt-get update failed: trying with the package lists that are there'
    apt --no-install-recommends install -- "$1" || return 1
  else
    # Many hosts exclude kernels from updates; this one is asked for.
    _repos="\${_repos-} --disableexcludes=main"
    if [ -n "$(newest_kernel "$1")" ]; then red update "$1" || return 1; else red install "$1" || return 1; fi
  fi
  note_packages || return 1
  [ -n "$(newest_kernel "$1")" ] || { say "the package manager ended well, and $1 is not installed"; return 1; }
  mkdir -p -m 0755 ${STAMP_DIR} && printf %s "$2" | install_file ${STAMP} 0644
}
image_of() { # RELEASE: where its image lies
  for _image in "/boot/vmlinuz-$1" "/lib/modules/$1/vmlinuz" "/usr/lib/modules/$1/vmlinuz"; do
    if [ -e "$_image" ]; then printf '%s\\n' "$_image"; return 0; fi
  done
  say "kernel $1 is installed, but its image is neither in /boot nor in /lib/modules/$1"; return 1
}
saved_entry() { sed -n 's/^saved_entry=//p' /boot/grub2/grubenv /boot/grub/grubenv 2>/dev/null | head -n 1; }
saves_default() { grep -Eqs '^GRUB_DEFAULT="?saved' /etc/default/grub; }
ready_to_boot() {
  rm -f -- ${REQUEST}
  _release=$(newest_kernel "$1")
  [ -n "$_release" ] || { say "the package $1 is not installed"; return 1; }
  [ "$_release" != "$(uname -r)" ] || return 0
  _image=$(image_of "$_release") || { say "$_image"; return 1; }
  if have grubby; then
    [ -e "$entry.was.default" ] || grubby --default-kernel >"$entry.was.default" || return 1
    grubby --set-default "$_image" || { say "grubby could not make $_image the default"; return 1; }
  elif saves_default; then
    [ -e "$entry.was.saved" ] || saved_entry >"$entry.was.saved"
    if have grub2-set-default; then grub2-set-default 0; else grub-set-default 0; fi || return 1
  fi
  printf '%s\\n' "$_release" >${REQUEST}
}
give_back_kernel() {
  rm -f -- ${REQUEST} ${STAMP}
  forget_dir ${STAMP_DIR}
  if [ -s "$entry.was.default" ] && have grubby && [ -e "$(cat "$entry.was.default")" ]; then
    grubby --set-default "$(cat "$entry.was.default")" || say "the boot loader's default stays as it is"
  elif [ -e "$entry.was.saved" ]; then
    _set=grub-set-default; ! have grub2-set-default || _set=grub2-set-default
    _saved=$(cat "$entry.was.saved")
    "$_set" "\${_saved:-0}" || say "the boot loader's default stays as it is"
  fi
  if [ "$(newest_kernel "$1")" = "$(uname -r)" ]; then say "kernel $(uname -r) runs: its packages stay until another one does"
  else remove_packages; fi
}
`;
