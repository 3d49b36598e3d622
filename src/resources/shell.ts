import { ProvisionError } from '../model/index.js';

/**
 * The one quoting function. Inventory values reach a shell only through it.
 * POSIX single quotes; NUL and newline never occur in a word of ours, so they are refused rather than passed on.
 */
export function word(value: string | number): string {
  const text = String(value);
  if (text.includes('\0') || text.includes('\n')) {
    throw new ProvisionError(
      'INTERNAL',
      `a shell word may not hold NUL or newline: ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export const words = (values: readonly (string | number)[]): string => values.map(word).join(' ');

const END = '__PROVISION__';

/** Text as a here-document on the command's stdin, byte-exact through base64: `heredoc('install_file …', text)`. */
export function heredoc(command: string, text: string): string {
  const body = Buffer.from(text, 'utf8')
    .toString('base64')
    .replace(/.{1,1000}/g, '$&\n');
  return `base64 -d <<'${END}' | ${command}\n${body}${END}\n`;
}

/** The same of lines that are nobody's but ours, which are exact without base64: it spares two processes. */
export const heredocOfLines = (command: string, lines: string): string => `${command} <<'${END}'\n${lines}${END}\n`;

/** Everything that provision keeps on a host; the last reset removes it. */
export const HOST_DIR = '/var/lib/provision';
/** Where provision remembers on the host what was there before it. */
export const LEDGER_DIR = `${HOST_DIR}/ledger`;

/** Words for questions. Nothing here writes. */
export const QUESTION_PRELUDE = `
have() { command -v "$1" >/dev/null 2>&1; }
need() { for _c; do have "$_c" || { echo "there is no $_c on this host" >&2; exit 69; }; done; }
b64() { base64 | tr -d '\\n'; echo; }
# KEY: has the ledger an entry for it? The key is part of an awk program's data, never of a pattern.
owned() { cat ${LEDGER_DIR}/*.json 2>/dev/null | k="$1" awk 'index($0, "\\"key\\":\\"" ENVIRON["k"] "\\"") { f = 1 } END { exit !f }'; }
`;

/**
 * Words for actions. `$entry` is the ledger's path for the thing at hand; what a kind keeps beside it is named "$entry.was…".
 * install_file PATH MODE [SHA256]: stdin becomes PATH, whole or not at all (temp beside it with a leading dot, which the kubelet
 * and run-parts skip; fsync; rename). A full disk leaves the old file; missing directories are made and remembered.
 * edit_file PATH COMMAND…: the command's output (PATH is its stdin) replaces PATH; owner, mode, and with no change the times, stay.
 * All paths are absolute; what the shell can do itself costs no process: a build writes a hundred files.
 * keep_file PATH / give_back_file PATH had|new: the former file in the ledger, with owner, mode and times.
 *
 * sum_of FILE: openssl has the processor's own instructions for SHA-256; coreutils, as Debian and CentOS build it, takes five times as long.
 *
 * `set -e` does not hear a command that fails in the middle of `a && b`, nor anything inside a function that is called with `||`:
 * so each chain that others follow ends in `|| return 1`, and what must come before a change is joined to it by `&&`.
 */
export const BASE_WORDS = `
umask 022
have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\\n' "$*"; }
sum_of() { { openssl dgst -sha256 -r <"$1" 2>/dev/null || sha256sum <"$1"; } | cut -c1-64; }
note() { grep -qxF -e "$2" -- "$1" 2>/dev/null || printf '%s\\n' "$2" >>"$1"; } # FILE LINE: once
relabel() { [ ! -e /sys/fs/selinux/enforce ] || ! have restorecon || restorecon -F -- "$@" >/dev/null 2>&1 || :; }
sweep() { for _swept; do if [ -e "$_swept" ] || [ -L "$_swept" ]; then rm -rf -- "$_swept"; fi; done; } # what a pattern found, if anything
make_dirs() { # DIR: with its parents, 0755; which of them are ours is remembered before they exist
  [ ! -d "\${1:-/}" ] || return 0
  make_dirs "\${1%/*}" || return 1
  [ -d "$1" ] || { note "$entry.was.dirs" "$1" && mkdir -m 0755 -- "$1"; }
}
forget_dirs() { # those that make_dirs made for this entry, when nothing is left in them
  [ ! -e "$entry.was.dirs" ] || sed '1!G;h;$!d' "$entry.was.dirs" | while IFS= read -r _d; do rmdir -- "$_d" 2>/dev/null || :; done
}
temp_beside() { # PATH: sets _tmp; leavings of a run that was cut are swept
  sweep "\${1%/*}/.\${1##*/}.provision-"*
  _tmp="\${1%/*}/.\${1##*/}.provision-$$"
}
to_disk() { sync -- "$1" 2>/dev/null || sync; }
into_place() { to_disk "$_tmp" && mv -f -- "$_tmp" "$1" && relabel "$1"; }
install_file() {
  make_dirs "\${1%/*}" || return 1
  temp_beside "$1"
  umask 077
  if ! cat >"$_tmp"; then umask 022; rm -f -- "$_tmp"; say "could not write $1"; df -h -- "\${1%/*}/" || :; return 1; fi
  umask 022
  # openssl is the faster one with what is large, and the slower one to start.
  _arrived=\${3-}
  [ -z "$_arrived" ] || _arrived=$(sha256sum <"$_tmp") || :
  if [ "\${_arrived%% *}" != "\${3-}" ]; then
    rm -f -- "$_tmp"; say "$1 arrived damaged, the old file is untouched"; return 1
  fi
  { [ "$2" = 0600 ] || chmod "$2" "$_tmp"; } && into_place "$1"
}
edit_file() {
  _path=$(readlink -f -- "$1"); shift; temp_beside "$_path"
  if ! { cp -p -- "$_path" "$_tmp" && "$@" <"$_path" >"$_tmp"; }; then rm -f -- "$_tmp"; say "could not edit $_path"; return 1; fi
  if [ "$(sum_of "$_path")" = "$(sum_of "$_tmp")" ]; then rm -f -- "$_tmp"; return 0; fi
  # A bind-mounted file cannot be renamed over: then it is written in place.
  into_place "$_path" 2>/dev/null || { cat "$_tmp" >"$_path" && rm -f -- "$_tmp"; }
}
keep_file() {
  if [ -e "$1" ] && [ ! -e "$entry.was" ]; then
    cp -p -- "$1" "$entry.was.part" && to_disk "$entry.was.part" && mv -- "$entry.was.part" "$entry.was"
  fi
}
put_back() { # COPY PATH: whole or not at all; the copy goes with the ledger's entry, so a failure must be heard
  mkdir -p -- "\${2%/*}/" && temp_beside "$2" && cp -pP -- "$1" "$_tmp" && into_place "$2" ||
    { say "could not put $2 back"; return 1; }
}
give_back_file() {
  if [ -e "$entry.was" ]; then put_back "$entry.was" "$1" || return 1
  elif [ "$2" = had ]; then say "the ledger lost its copy of $1: the file stays as it is"
  else rm -f -- "$1"; fi
  forget_dirs
}
reload_systemd() { [ ! -d /run/systemd/system ] || systemctl daemon-reload; }
# Removes a directory that provision made, when nothing is left in it.
forget_dir() { [ ! -d "$1" ] || rmdir -- "$1" 2>/dev/null || :; }
wait_for() { # SECONDS COMMAND…: until it succeeds, looking five times a second
  _until=$(( $(date +%s) + $1 )); shift
  until "$@" >/dev/null 2>&1; do [ "$(date +%s)" -lt "$_until" ] || return 1; sleep 0.2; done
}
mounts_below() { # PATH: the mount points inside it (not itself), youngest first
  p="\${1%/}/" awk 'index($5, ENVIRON["p"]) == 1 { m[n++] = $5 } END { while (n-- > 0) print m[n] }' /proc/self/mountinfo
}
unmount() { umount -- "$1" 2>/dev/null || umount -f -- "$1" 2>/dev/null || umount -l -- "$1"; }
unmount_below() {
  mounts_below "$1" | while IFS= read -r _m; do unmount "$(printf '%b' "$_m")" || say "could not unmount $_m"; done
  [ -z "$(mounts_below "$1")" ] || { say "something is still mounted below $1:"; mounts_below "$1"; return 1; }
}
`;
