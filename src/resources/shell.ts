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

/** Text as a here-document on the command's stdin, byte-exact through base64: `heredoc('install_file …', text)`. */
export function heredoc(command: string, text: string): string {
  const body = Buffer.from(text, 'utf8')
    .toString('base64')
    .replace(/.{1,1000}/g, '$&\n');
  return `base64 -d <<'__PROVISION__' | ${command}\n${body}__PROVISION__\n`;
}

/** Where provision remembers on the host what was there before it. */
export const LEDGER_DIR = '/var/lib/provision/ledger';

/** Words for questions. Nothing here writes. */
export const QUESTION_PRELUDE = `
have() { command -v "$1" >/dev/null 2>&1; }
b64() { base64 | tr -d '\\n'; echo; }
`;

/**
 * Words for actions.
 * install_file PATH MODE: stdin becomes PATH, whole or not at all (temp beside it with a leading dot, which the kubelet and
 * run-parts skip; fsync; rename). A full disk leaves the old file.
 * keep_file PATH / give_back_file PATH: the former file in the ledger, with owner, mode and times.
 */
export const ACTION_PRELUDE = `
have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\\n' "$*"; }
install_file() {
  _dir=$(dirname -- "$1"); _tmp="$_dir/.$(basename -- "$1").provision-$$"
  [ -d "$_dir" ] || mkdir -p -m 0755 -- "$_dir"
  if ! cat >"$_tmp"; then rm -f -- "$_tmp"; say "could not write $1"; return 1; fi
  chmod "$2" -- "$_tmp"; sync -- "$_tmp" 2>/dev/null || sync; mv -f -- "$_tmp" "$1"
}
keep_file() { if [ -e "$1" ] && [ ! -e "$entry.was" ]; then cp -p -- "$1" "$entry.was.part"; mv -- "$entry.was.part" "$entry.was"; fi; }
give_back_file() {
  if [ -e "$entry.was" ]; then cp -p -- "$entry.was" "$1.provision-back"; mv -f -- "$1.provision-back" "$1"; else rm -f -- "$1"; fi
}
# Removes a directory that provision made, when nothing is left in it.
forget_dir() { [ ! -d "$1" ] || rmdir -- "$1" 2>/dev/null || true; }
wait_for() { # SECONDS COMMAND…: until it succeeds, looking five times a second
  _until=$(( $(date +%s) + $1 )); shift
  until "$@" >/dev/null 2>&1; do [ "$(date +%s)" -lt "$_until" ] || return 1; sleep 0.2; done
}
`;
