import type { Action, PackagesResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { words } from './shell.js';

/** Installed version per package; null: not installed, or only half. */
export type PackagesAnswer = Readonly<Record<string, string | null>>;

/** Packages of the host's distribution. Only the missing ones are installed, and only what that brought in is removed again. */
export const packages: Kind<PackagesResource, PackagesAnswer> = {
  kind: 'packages',
  name: (r) => r.name,

  // A name that rpm does not know may still be provided by a package of another name (EL9: iptables by iptables-nft).
  ask: (rs) => `set -- ${words(namesOf(rs))}
if have apt-get; then
  need dpkg-query
  dpkg-query -W -f='have \${Package} \${db:Status-Status} \${Version}\\n' -- "$@" 2>/dev/null || [ $? -eq 1 ]
elif have rpm; then
  rpm -q rpm >/dev/null || exit 1
  found=$(LC_ALL=C rpm -q --qf 'have %{NAME} installed %{VERSION}-%{RELEASE}\\n' "$@")
  printf '%s\\n' "$found" | grep '^have '
  for p in $(printf '%s\\n' "$found" | sed -n 's/^package \\(.*\\) is not installed$/\\1/p'); do
    rpm -q --whatprovides --qf "have $p installed %{VERSION}-%{RELEASE}\\n" "$p" | grep '^have ' | head -n 1
  done
else echo 'neither apt nor rpm is on this host' >&2; exit 69
fi`,

  read(output, rs) {
    const versions = new Map<string, string>();
    for (const [, name = '', version = ''] of output.matchAll(/^have (\S+) installed (\S+)$/gm))
      versions.set(name, version);
    return rs.map((r) => Object.fromEntries(r.packages.map((name) => [name, versions.get(name) ?? null])));
  },

  appear(_, answer) {
    const missing = missingIn(answer);
    if (missing.length === 0) return [];
    return [
      {
        verb: '+',
        summary: `install ${missing.join(', ')}`,
        because: missing.map((name) => `${name} is not installed`),
      },
    ];
  },

  satisfied: (r, answer) =>
    Object.fromEntries(r.packages.map((name) => [name, answer[name] ?? 'installed'])) as PackagesAnswer,

  make: (r, action: Action) => {
    const missing = missingIn((action.before ?? {}) as PackagesAnswer);
    return `install_packages ${words(checked(missing.length > 0 ? missing : r.packages))}`;
  },

  ledger: {
    remember: (r) => ({ packages: r.packages }),
    vanish: (entry) => ({
      verb: '-',
      summary: `remove ${missingIn((entry.former ?? {}) as PackagesAnswer).join(', ')} and what came with them`,
      because: ['they were not there before'],
    }),
    unmake: () => 'remove_packages',
  },
};

/**
 * install_packages NAME…: remembers what really came in ("$entry.was") and what had to go for it ("$entry.was.gone"), by comparing
 * the lists of installed packages. "$entry.was.before" stays while an installation is under way, so that a cut one is not forgotten.
 * remove_packages: exactly those; a package that something else needs by now is kept.
 * A list that could not be made, or only in part, would make every package of the host ours: it ends the work.
 */
export const PACKAGE_WORDS = `
installed_packages() { # FILE: becomes the list, whole or not at all
  if have apt-get; then dpkg-query -W -f='\${db:Status-Status} \${binary:Package}\\n' >"$1.raw"
  else rpm -qa --qf 'installed %{NAME}\\n' >"$1.raw"; fi &&
    sed -n 's/^installed //p' "$1.raw" >"$1.part" && LC_ALL=C sort -u -o "$1.part" "$1.part" && [ -s "$1.part" ] &&
    rm -f -- "$1.raw" && mv -f -- "$1.part" "$1" || { say 'could not list the installed packages'; return 1; }
}
apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }
install_packages() {
  if [ -e "$entry.was.before" ]; then
    ! have dpkg || DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a
  else installed_packages "$entry.was.before" || return 1; fi
  if have apt-get; then
    apt update || say 'apt-get update failed: trying with the package lists that are there'
    apt --no-install-recommends install -- "$@" || return 1
  elif have dnf; then dnf -y --setopt=install_weak_deps=False install "$@" || return 1
  elif have yum; then yum -y install "$@" || return 1
  else say 'neither apt nor dnf nor yum is on this host'; return 1; fi
  note_packages
}
note_packages() { # what came and went since "$entry.was.before"
  [ -e "$entry.was.before" ] || return 0
  installed_packages "$entry.was.after" &&
    LC_ALL=C comm -13 "$entry.was.before" "$entry.was.after" >>"$entry.was" &&
    LC_ALL=C comm -23 "$entry.was.before" "$entry.was.after" >>"$entry.was.gone" || return 1
  rm -f -- "$entry.was.before" "$entry.was.after"
}
remove_packages() {
  note_packages || return 1
  [ -s "$entry.was" ] || return 0
  installed_packages "$entry.was.now" || return 1
  LC_ALL=C sort -u "$entry.was" | LC_ALL=C comm -12 - "$entry.was.now" >"$entry.was.ours"
  set -- $(cat "$entry.was.ours")
  if [ $# -eq 0 ]; then :
  elif ! have apt-get; then rpm -e -- "$@" || for _p; do rpm -e -- "$_p" || say "$_p stays: something needs it"; done
  elif _would=$(apt -s purge -- "$@") &&
    [ -z "$(printf '%s\\n' "$_would" | sed -nE 's/^(Remv|Purg) ([^ ]+).*/\\2/p' | LC_ALL=C sort -u | sed 's/:.*//' | grep -vxF "$(sed 's/:.*//' "$entry.was.ours")")" ]; then
    apt purge -- "$@"
  else for _p; do dpkg --purge -- "$_p" || say "$_p stays: something needs it"; done
  fi
  [ ! -s "$entry.was.gone" ] || ! have apt-get || apt --no-install-recommends install -- $(cat "$entry.was.gone") ||
    say "could not bring back $(tr '\\n' ' ' <"$entry.was.gone")"
}
`;

const missingIn = (answer: PackagesAnswer): readonly string[] =>
  Object.keys(answer).filter((name) => answer[name] === null);

const namesOf = (rs: readonly PackagesResource[]): readonly string[] =>
  checked([...new Set(rs.flatMap((r) => r.packages))]);

/** dnf and yum take no `--`, so a name that could be an option is refused here. */
function checked(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/.test(name)) {
      throw new ProvisionError('INVENTORY', `not a package name: ${JSON.stringify(name)}`);
    }
  }
  return names;
}
