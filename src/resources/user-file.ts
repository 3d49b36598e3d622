import type { LedgerEntry, UserFileResource } from '../model/index.js';
import { ProvisionError, reveal } from '../model/index.js';
import { octal, sha256 } from './file.js';
import type { Kind } from './kind.js';
import { heredoc, word, words } from './shell.js';

export interface UserFileAnswer {
  readonly sha256: string;
  readonly mode: number;
  readonly owner: string;
}

/**
 * A file in somebody's home, owned by them. Whatever touches it runs as that user: a link that they laid there must not make root
 * write elsewhere, and a home on NFS may know no root.
 */
export const userFile: Kind<UserFileResource, UserFileAnswer | null> = {
  kind: 'user-file',
  name: (r) => `~${r.user}/${r.path}`,

  ask: (rs) => `need getent cut runuser stat sha256sum
of_user() {
  _line=$(getent passwd "$1") || { [ $? -eq 2 ] || return 1; echo "nobody $1"; return 0; }
  runuser -u "$1" -- sh -c 'cd "$1" 2>/dev/null && [ -e "$2" ] || exit 0
    [ -f "$2" ] || { echo "odd $3"; exit 0; }
    echo "there $3 $(stat -L -c "%a %U" "$2") $(sha256sum <"$2" | cut -c1-64)"' sh "$(printf '%s\\n' "$_line" | cut -d: -f6)" "$2" "$3"
}
${rs.map((r, index) => `of_user ${words([r.user, r.path, index])} || exit 1`).join('\n')}`,

  read(output, rs) {
    const lines = output.split('\n');
    return rs.map((r, index) => {
      if (lines.includes(`nobody ${r.user}`)) {
        throw new ProvisionError('FACTS', `there is no user ${r.user}, who should get ~/${r.path}`, {
          hint: `make the user first (useradd --create-home ${r.user}), or take ${r.user} out of the inventory`,
        });
      }
      if (lines.includes(`odd ${index}`)) {
        throw new ProvisionError('FACTS', `~${r.user}/${r.path} is there, but it is not a regular file`, {
          hint: 'look at it and move it away, then run again',
        });
      }
      const found = lines.map((line) => /^there (\d+) (\d+) (\S+) ([0-9a-f]{64})$/.exec(line));
      const [, , mode = '', owner = '', sum = ''] = found.find((match) => match?.[1] === String(index)) ?? [];
      return sum === '' ? null : { sha256: sum, mode: Number.parseInt(mode, 8), owner };
    });
  },

  appear(r, answer) {
    const summary = `write ~${r.user}/${r.path}`;
    if (answer === null) return [{ verb: '+', summary, because: ['it is not there'] }];
    const because = [
      ...(answer.sha256 === sha256(reveal(r.content)) ? [] : ['content differs']),
      ...(answer.mode === r.mode ? [] : [`mode ${octal(answer.mode)} -> ${octal(r.mode)}`]),
      ...(answer.owner === r.user ? [] : [`owner ${answer.owner} -> ${r.user}`]),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary, because }];
  },

  satisfied: (r) => ({ sha256: sha256(reveal(r.content)), mode: r.mode, owner: r.user }),

  make: (r) => heredoc(`write_as ${words([r.user, r.path, octal(r.mode)])}`, reveal(r.content)),

  ledger: {
    remember: (r) => ({ user: r.user, path: r.path }),
    keep: (r) => `keep_as ${words([r.user, r.path])}`,
    vanish: (entry) => {
      const { user, path } = placeOf(entry);
      return entry.former === null
        ? { verb: '-', summary: `remove ~${user}/${path}`, because: ['provision wrote it'] }
        : { verb: '-', summary: `restore ~${user}/${path}`, because: ['it was there before'] };
    },
    unmake(entry) {
      const { user, path } = placeOf(entry);
      const former = entry.former as UserFileAnswer | null;
      // A user who is gone has taken the home along, or left it to somebody who shall not be surprised.
      return `if home_of ${word(user)} >/dev/null; then give_back_as ${words([user, path, former === null ? '' : octal(former.mode)])}; fi`;
    },
  },
};

const placeOf = (entry: LedgerEntry): Pick<UserFileResource, 'user' | 'path'> =>
  entry.resource as Pick<UserFileResource, 'user' | 'path'>;

/**
 * write_as USER PATH MODE: stdin becomes PATH below the user's home, whole or not at all. keep_as USER PATH: its content into the
 * ledger. give_back_as USER PATH MODE|'': as it was, or away, with the folder that was made for it and kubectl's cache in there.
 */
export const USER_FILE_WORDS = `
home_of() { _line=$(getent passwd "$1") && printf '%s\\n' "$_line" | cut -d: -f6; }
inside_home() { # USER SCRIPT ARGUMENT…: in the user's home, as that user
  _user=$1; _script=$2; shift 2
  _home=$(home_of "$_user") || { say "there is no user $_user"; return 1; }
  runuser -u "$_user" -- sh -c 'umask 077; cd "$0" || exit 1; '"$_script" "$_home" "$@"
}
write_as() {
  _folder=$(dirname -- "$2")
  inside_home "$1" '[ -d "$1" ]' "$_folder" || note "$entry.was.made" "$_folder" || return 1
  inside_home "$1" 'mkdir -p -- "$(dirname -- "$1")" && cat >"$1.provision" && chmod "$2" "$1.provision" && mv -fT -- "$1.provision" "$1"' "$2" "$3" ||
    { say "could not write $2 in the home of $1"; return 1; }
}
keep_as() {
  if inside_home "$1" '[ -e "$1" ]' "$2" && [ ! -e "$entry.was" ]; then
    ( umask 077; inside_home "$1" 'cat -- "$1"' "$2" >"$entry.was.part" ) && to_disk "$entry.was.part" && mv -- "$entry.was.part" "$entry.was"
  fi
}
give_back_as() {
  if [ -e "$entry.was" ]; then write_as "$1" "$2" "$3" <"$entry.was"; return; fi
  [ -z "$3" ] || { say "the ledger lost its copy of $2 of $1: the file stays as it is"; return 0; }
  inside_home "$1" 'rm -f -- "$1" "$1.provision"' "$2" || return 1
  [ ! -e "$entry.was.made" ] || inside_home "$1" 'rm -rf -- "$1/cache"; rmdir -- "$1" 2>/dev/null || :' "$(head -n 1 "$entry.was.made")"
}
`;
