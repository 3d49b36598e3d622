/** excluded: of yum's and dnf's configuration on stdin, what repositories hide from an update, one name a line. */
export const EXCLUDED_WORD = `excluded() { awk '
    /^[^ \\t]/ { on = 0 }
    /^(exclude|excludepkgs)[ \\t]*=/ { on = 1; sub(/^[^=]*=/, "") }
    on { gsub(/,/, " "); for (i = 1; i <= NF; i++) print $i }'; }
`;

/**
 * package_source URL: for what follows there is this repository and no other. For apt, who serves it vouches for it (a way back through
 * SSH); yum and dnf look at the signature of every package as ever, by the keys that rpm trusts and those that the host's own repositories name.
 * package_repos ID…: for what follows, these are on and hide nothing (yum, dnf).
 * install_packages NAME|NAME=VERSION…: remembers what really came in ("$entry.was") and what had to go for it ("$entry.was.gone"), by
 * comparing the lists of installed packages. "$entry.was.before" stays while an installation is under way, so that a cut one is not
 * forgotten. VERSION is upstream's: the repositories' newest package of it is taken, and whether it is there is looked at afterwards, because
 * yum ends well when it found only some of what it was asked for.
 * remove_packages: exactly what came in, and the folders, groups and keys that came with it when nothing is left in them; a package that something
 * else needs by now is kept.
 * can_hold, hold_packages / release_packages NAME…: by dpkg's hold, or the versionlock plugin where there is one; which of them are ours is in "$entry.was.held".
 * A list that could not be made, or only in part, would make every package of the host ours: it ends the work.
 */
export const PACKAGE_WORDS = `
${EXCLUDED_WORD}installed_packages() { # FILE: becomes the list, whole or not at all. Keys that rpm trusts look like packages; they belong to repositories.
  if have apt-get; then dpkg-query -W -f='\${db:Status-Status} \${binary:Package}\\n' >"$1.raw"
  else rpm -qa --qf 'installed %{NAME}\\n' >"$1.raw"; fi &&
    sed -n '/^installed gpg-pubkey$/d; s/^installed //p' "$1.raw" >"$1.part" && LC_ALL=C sort -u -o "$1.part" "$1.part" && [ -s "$1.part" ] &&
    rm -f -- "$1.raw" && mv -f -- "$1.part" "$1" || { say 'could not list the installed packages'; return 1; }
}
apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \${_source-} "$@"; }
red() { # dnf where there is one, else yum
  if have dnf; then dnf -y --setopt=install_weak_deps=False \${_repos-} "$@"
  elif have yum; then yum -y \${_repos-} "$@"
  else say 'neither apt nor dnf nor yum is on this host'; return 1; fi
}
package_source() {
  if have apt-get; then
    mkdir -p "$PROVISION_TMP/lists/partial" && printf 'deb [trusted=yes] %s ./\\n' "$1" >"$PROVISION_TMP/sources.list" || return 1
    _source="-o Dir::Etc::sourcelist=$PROVISION_TMP/sources.list -o Dir::Etc::sourceparts=- -o Dir::State::lists=$PROVISION_TMP/lists"
    _source="$_source -o APT::Sandbox::User=root -o Acquire::http::Proxy::127.0.0.1=DIRECT -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
  else
    {
      printf '[main]\\nreposdir=/dev/null\\ncachedir=%s\\nkeepcache=0\\nobsoletes=1\\ngpgcheck=1\\n' "$PROVISION_TMP/cache"
      # Modules were chosen when the bundle was made; what says nothing of them would hide their packages (dnf, module_hotfixes).
      printf '[provision-bundle]\\nname=provision-bundle\\nbaseurl=%s\\ngpgcheck=1\\nproxy=_none_\\nmodule_hotfixes=1\\n' "$1"
      printf 'gpgkey=%s\\n' "$(own_keys | tr '\\n' ' ')"
    } >"$PROVISION_TMP/yum.conf" || return 1
    _repos="-c $PROVISION_TMP/yum.conf"
  fi
}
own_keys() { # key files that the host's repositories name; a variable in a name may stand for anything
  cat /etc/yum.repos.d/*.repo 2>/dev/null | awk '
    /^[^ \\t]/ { on = 0 }
    /^gpgkey[ \\t]*=/ { on = 1; sub(/^[^=]*=/, "") }
    on { gsub(/,/, " "); for (i = 1; i <= NF; i++) if (sub(/^file:\\/\\//, "", $i)) print $i }' | sed 's/[$]{\\{0,1\\}[a-z]*}\\{0,1\\}/*/g' |
    while IFS= read -r _k; do for _f in $_k; do [ ! -f "$_f" ] || printf 'file://%s\\n' "$_f"; done; done | LC_ALL=C sort -u
}
package_repos() { _repos=; _erasing=; for _r; do _repos="$_repos --enablerepo=$_r --disableexcludes=$_r"; _erasing=--allowerasing; done; }
is_version() { # INSTALLED WANTED, without epochs
  case $1 in "$2" | "$2"-* | "$2"+* | "$2"^* | "$2"~[0-9]*) return 0 ;; *) return 1 ;; esac
}
versions_there() { # NAME: installed ones, one a line
  if have apt-get; then dpkg-query -W -f='\${db:Status-Status} \${Version}\\n' -- "$1" 2>/dev/null | sed -n 's/^installed \\([0-9]*:\\)\\{0,1\\}//p'
  else rpm -q --qf '%{VERSION}-%{RELEASE}\\n' "$1" 2>/dev/null | grep -v ' is not installed$'; fi || :
}
versions_offered() { # NAME: what the repositories have, newest first for apt
  if have apt-get; then apt-cache \${_source-} madison -- "$1" | awk -F' *[|] *' '{ print $2 }'
  else red -q --showduplicates list "$1" 2>/dev/null | awk 'NF == 3 { print $2 }'; fi || :
}
has_version() { # NAME WANTED
  for _v in $(versions_there "$1"); do if is_version "$_v" "$2"; then return 0; fi; done
  return 1
}
no_version() { # NAME WANTED
  say "no repository of this host offers $1 $2; of $1 there is:"
  _offer=$(versions_offered "$1" | tail -n 12 | tr '\\n' ' '); say "  \${_offer:-nothing}"
  return 1
}
package_spec() { # NAME[=WANTED]: as the package manager wants it
  case $1 in *=*) ;; *) printf '%s\\n' "$1"; return ;; esac
  if ! have apt-get; then printf '%s-%s\\n' "\${1%%=*}" "\${1#*=}"; return; fi
  for _v in $(versions_offered "\${1%%=*}"); do
    if is_version "\${_v#*:}" "\${1#*=}"; then printf '%s=%s\\n' "\${1%%=*}" "$_v"; return; fi
  done
  no_version "\${1%%=*}" "\${1#*=}" >&2; return 1
}
folders_now() { { find /etc /opt /usr/lib /usr/libexec -xdev -type d; find /var -xdev -maxdepth 3 -type d; } 2>/dev/null | LC_ALL=C sort; }
groups_now() { cut -d: -f1 /etc/group | LC_ALL=C sort; }
install_packages() {
  if [ -e "$entry.was.before" ]; then
    ! have dpkg || DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a
  else
    folders_now >"$entry.was.folders-before"; groups_now >"$entry.was.groups-before"
    have apt-get || trusted_keys >"$entry.was.keys-before" || return 1
    installed_packages "$entry.was.before" || return 1
  fi
  if have apt-get; then apt update || say 'apt-get update failed: trying with the package lists that are there'; fi
  bring_in "$@" || return 1
  note_packages
}
bring_in() {
  _wanted=$*; _n=$#
  while [ "$_n" -gt 0 ]; do _spec=$(package_spec "$1") || return 1; shift; set -- "$@" "$_spec"; _n=$((_n - 1)); done
  if have apt-get; then
    _unlocked=$(apt-mark showhold -- $(printf '%s\n' $_wanted | sed 's/=.*//')) || return 1
    apt --no-install-recommends --allow-downgrades --allow-change-held-packages install -- "$@" || return 1
    # Another version is no longer held.
    [ -z "$_unlocked" ] || apt-mark hold -- $_unlocked >/dev/null
  else
    _unlocked=
    for _p in $_wanted; do case $_p in *=*)
      if is_locked "\${_p%%=*}"; then unlock "\${_p%%=*}" || return 1; _unlocked="$_unlocked \${_p%%=*}"; fi ;;
    esac; done
    _some=; if have dnf; then _some=\${_erasing-}; fi
    red $_some install "$@" || _some=failed
    for _p in $_wanted; do case $_p in *=*)
      _name=\${_p%%=*}; _version=\${_p#*=}
      # yum does not go back by "install".
      if ! has_version "$_name" "$_version" && [ "$_some" != failed ] && ! have dnf; then red downgrade "$_name-$_version" || :; fi
      if ! has_version "$_name" "$_version" && ! versions_offered "$_name" | is_offered "$_version"; then no_version "$_name" "$_version"; return 1; fi
      [ "$_some" != failed ] || return 1
      has_version "$_name" "$_version" || { say "$_name is not $_version afterwards, but: $(versions_there "$_name")"; return 1; } ;;
    esac; done
    for _p in $_unlocked; do lock "$_p" || return 1; done
    [ "$_some" != failed ] || return 1
  fi
}
is_offered() { # WANTED, offers on stdin
  while IFS= read -r _v; do if is_version "\${_v#*:}" "$1"; then return 0; fi; done
  return 1
}
note_packages() { # what came and went since "$entry.was.before"
  [ -e "$entry.was.before" ] || return 0
  installed_packages "$entry.was.after" &&
    LC_ALL=C comm -13 "$entry.was.before" "$entry.was.after" >>"$entry.was" &&
    LC_ALL=C comm -23 "$entry.was.before" "$entry.was.after" >>"$entry.was.gone" || return 1
  # A folder on the way to a package's file belongs to no package: rpm leaves it behind.
  [ ! -e "$entry.was.folders-before" ] || folders_now | LC_ALL=C comm -13 "$entry.was.folders-before" - >>"$entry.was.folders"
  [ ! -e "$entry.was.groups-before" ] || groups_now | LC_ALL=C comm -13 "$entry.was.groups-before" - >>"$entry.was.groups"
  # dnf and yum make rpm trust the keys that a repository names when they meet the first package of it.
  [ ! -e "$entry.was.keys-before" ] || trusted_keys | LC_ALL=C comm -13 "$entry.was.keys-before" - >>"$entry.was.keys"
  rm -f -- "$entry.was.before" "$entry.was.after" "$entry.was.folders-before" "$entry.was.groups-before" "$entry.was.keys-before"
}
remove_packages() {
  note_packages || return 1
  if [ -s "$entry.was" ]; then
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
  fi
  [ ! -e "$entry.was.folders" ] || LC_ALL=C sort -ru "$entry.was.folders" | while IFS= read -r _d; do rmdir -- "$_d" 2>/dev/null || :; done
  # Docker's package makes a group and leaves it. Whoever has put somebody into it since keeps it.
  [ ! -s "$entry.was.groups" ] || for _g in $(sort -u "$entry.was.groups"); do
    if grep -q "^$_g:[^:]*:[^:]*:$" /etc/group && have groupdel; then groupdel "$_g" 2>/dev/null || say "the group $_g stays"; fi
  done
  [ ! -s "$entry.was.gone" ] || {
    if have apt-get; then apt --no-install-recommends install -- $(cat "$entry.was.gone"); else red install $(cat "$entry.was.gone"); fi
  } || say "could not bring back $(tr '\\n' ' ' <"$entry.was.gone")"
  forget_keys
}
put_back_versions() { # NAME=VERSION…: of packages that were there before and were changed
  for _was; do
    if [ -z "$(versions_there "\${_was%%=*}")" ] || has_version "\${_was%%=*}" "\${_was#*=}"; then continue; fi
    ( bring_in "$_was" ) || say "\${_was%%=*} stays as it is: its former version \${_was#*=} is not to be had"
  done
}
locks_file() {
  for _f in /etc/dnf/plugins/versionlock.conf /etc/yum/pluginconf.d/versionlock.conf; do
    if [ -e "$_f" ]; then printf '%s\\n' "\${_f%.conf}.list"; return 0; fi
  done
  return 1
}
is_locked() { # NAME: by the versionlock plugin
  _list=$(locks_file) && [ -e "$_list" ] && sed 's/^[0-9]*://' "$_list" | n="$1-" awk 'index($0, ENVIRON["n"]) == 1 && substr($0, length(ENVIRON["n"]) + 1) ~ /^[0-9]/ { f = 1 } END { exit !f }'
}
lock() { if have dnf; then dnf -q -y versionlock add "$1"; else yum -q -y versionlock add "$1"; fi; }
unlock() { if have dnf; then dnf -q -y versionlock delete "$1"; else yum -q -y versionlock delete "$1"; fi; }
is_excluded() { # NAME: by a repository, whose file may have come only in this run
  cat /etc/yum.repos.d/*.repo /etc/dnf/dnf.conf /etc/yum.conf 2>/dev/null | excluded | grep -qxF -e "$1"
}
can_hold() { # NAME…: asked before anything is installed
  if have apt-get || locks_file >/dev/null; then return 0; fi
  for _p; do is_excluded "$_p" || { _p=; break; }; done
  [ -z "$_p" ] || return 0
  say "cannot hold $*: no repository excludes them and the versionlock plugin is not there"
  say "install python3-dnf-plugin-versionlock (yum: yum-plugin-versionlock)"; return 1
}
hold_packages() {
  for _p; do
    note "$entry.was.held" "$_p" || return 1
    if have apt-get; then apt-mark hold -- "$_p" >/dev/null || return 1
    elif is_locked "$_p" || is_excluded "$_p"; then :
    else lock "$_p" || return 1; fi
  done
}
release_packages() {
  [ ! -e "$entry.was.held" ] || while IFS= read -r _p; do
    if have apt-get; then apt-mark unhold -- "$_p" >/dev/null
    elif is_locked "$_p"; then unlock "$_p"; fi || say "$_p stays held"
  done <"$entry.was.held"
}
`;
