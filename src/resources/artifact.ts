import type { ArtifactResource, LedgerEntry } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { readSums } from './file.js';
import type { Kind } from './kind.js';
import { HOST_DIR, word, words } from './shell.js';

/** `good`: as the stamp says, executable · `changed`: ours once, but other bytes or another mode now · `foreign`: not put there by us. */
export type InstalledState = 'good' | 'changed' | 'foreign' | 'absent';

export interface ArtifactAnswer {
  /** Sum of the download that was installed last; null: none by provision. */
  readonly sha256: string | null;
  readonly version: string | null;
  readonly files: Readonly<Record<string, InstalledState>>;
}

const STAMPS = `${HOST_DIR}/artifacts`;
const DOWNLOADS = `${HOST_DIR}/downloads`;

/** A download, verified before anything is unpacked or made executable, and the named files of it in place. */
export const artifact: Kind<ArtifactResource, ArtifactAnswer> = {
  kind: 'artifact',
  name: (r) => r.name,

  // The files are summed every time: a binary that a crash emptied has the right name, owner and mode. They are a quarter of a GiB and
  // more: by openssl where it is there (see sum_of), which says them as sha256sum does.
  ask: (rs) => `need sha256sum stat
for n in ${words(rs.map((r) => r.name))}; do
  [ ! -f "${STAMPS}/$n" ] || { echo "stamp $n"; cat -- "${STAMPS}/$n"; } || exit 1
done
set -- ${words(rs.flatMap((r) => r.install.map((i) => i.path)))}
stat -L -c 'mode %a %n' -- "$@" 2>/dev/null
{ openssl dgst -sha256 -r "$@" || sha256sum -- "$@"; } 2>/dev/null | sed 's/^/sum /'`,

  read(output, rs) {
    const modes = new Map([...output.matchAll(/^mode (\d+) (.*)$/gm)].map((m) => [m[2] ?? '', m[1] ?? '']));
    const seen = readSums(output);
    const stamps = readStamps(output);
    for (const path of modes.keys()) {
      if (!seen.has(path))
        throw new ProvisionError('FACTS', `could not read ${path}, which is there`, { said: output });
    }
    return rs.map((r) => {
      const stamp = stamps.get(r.name);
      const state = (path: string): InstalledState => {
        const sum = seen.get(path);
        const ours = stamp?.files.get(path);
        if (sum === undefined) return 'absent';
        if (ours === undefined) return 'foreign';
        return ours === sum && modes.get(path) === '755' ? 'good' : 'changed';
      };
      return {
        sha256: stamp?.sha256 ?? null,
        version: stamp?.version ?? null,
        files: Object.fromEntries(r.install.map(({ path }) => [path, state(path)])),
      };
    });
  },

  appear(r, answer) {
    const same = answer.sha256 === r.sha256;
    const wrong = r.install.map((i) => i.path).filter((path) => answer.files[path] !== 'good');
    if (same && wrong.length === 0) return [];
    const because = same
      ? wrong.map((path) => `${path} ${whatIs(answer.files[path] ?? 'absent')}`)
      : [answer.sha256 === null ? 'it was not installed by provision' : `${answer.version} -> ${r.version}`];
    const summary = `install ${r.name} ${r.version}`;
    return [{ verb: answer.sha256 === null ? '+' : '~', summary, because }];
  },

  satisfied: (r) => ({
    sha256: r.sha256,
    version: r.version,
    files: Object.fromEntries(r.install.map(({ path }) => [path, 'good' as const])),
  }),

  make: (r) =>
    `install_artifact ${words([r.name, r.version, r.sha256, r.url, r.format])} ${words(
      r.install.flatMap((i) => [i.member, i.path]),
    )}`,

  ledger: {
    remember: (r) => ({ name: r.name }),
    vanish: (entry) => ({ verb: '-', summary: `remove ${nameOf(entry)}`, because: ['provision installed it'] }),
    unmake: (entry) => `remove_artifact ${word(nameOf(entry))}`,
  },
};

/**
 * install_artifact NAME VERSION SHA256 URL FORMAT (MEMBER PATH)…
 * What stood at a path before goes to "$entry.was.N", listed in "$entry.was.paths" as `N PATH`, or `- PATH` when there was nothing.
 * A download lies under its own sum until it is in place, so that a cut one goes on where it stopped and never under a wrong name.
 */
export const ARTIFACT_WORDS = `
fetch() { # URL FILE: goes on with what FILE holds already
  if have curl; then
    curl --fail --silent --show-error --location --retry 5 --retry-delay 1 --retry-connrefused --connect-timeout 15 \\
      --speed-limit 1024 --speed-time 60 --max-filesize 2147483648 --continue-at - --output "$2" -- "$1"
  elif have wget; then wget -q -c --tries=5 --timeout=60 -O "$2" -- "$1"
  elif have python3; then
    python3 -c 'import shutil,sys,urllib.request as u
with u.urlopen(sys.argv[1], timeout=60) as r, open(sys.argv[2], "wb") as f: shutil.copyfileobj(r, f)' "$1" "$2"
  else say 'there is no curl, wget or python3 to download with'; return 1; fi
}
download() { # URL SHA256: sets _file
  mkdir -p -m 0755 ${HOST_DIR} && mkdir -p -m 0700 ${DOWNLOADS} || return 1
  _file=${DOWNLOADS}/$2; _seen=
  for _try in 1 2 3; do
    _begun=; if [ -e "$_file" ]; then _begun=yes; [ "$(sum_of "$_file")" != "$2" ] || return 0; fi
    if fetch "$1" "$_file"; then
      _seen=$(sum_of "$_file"); [ "$_seen" != "$2" ] || return 0
      rm -f -- "$_file"; [ -n "$_begun" ] || break # whole and wrong: no use in asking again
    elif [ -n "$_begun" ]; then rm -f -- "$_file"; fi
    [ "$_try" = 3 ] || sleep 1
  done
  if [ -z "$_seen" ]; then
    say "could not download $1"
    # curl says no more than that it could not write; less than a MiB free is the reason.
    [ "$(df -Pk -- ${DOWNLOADS} | awk 'END { print $4 }')" -ge 1024 ] || { say 'the disk is full:'; df -h -- ${DOWNLOADS}; }
    return 1
  fi
  say "refused: $1 is not what it should be"; say "  expected sha256 $2"; say "  seen            $_seen"; return 1
}
keep_path() { # PATH: what stands there before us
  ! grep -q " $1$" "$entry.was.paths" 2>/dev/null || return 0
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then printf '%s\\n' "- $1" >>"$entry.was.paths"; return; fi
  _n=$(( $( { cat "$entry.was.paths" 2>/dev/null || :; } | wc -l) + 1 ))
  cp -pP -- "$1" "$entry.was.$_n" && to_disk "$entry.was.$_n" && printf '%s\\n' "$_n $1" >>"$entry.was.paths"
}
put_program() { # FILE PATH: moved there, 0755
  make_dirs "\${2%/*}" && temp_beside "$2" && mv -f -- "$1" "$_tmp" && chown 0:0 "$_tmp" && chmod 0755 "$_tmp" && into_place "$2"
}
install_artifact() {
  _name=$1; _version=$2; _sha=$3; _url=$4; _format=$5; shift 5
  download "$_url" "$_sha" || return 1
  _from=$_file.d; rm -rf -- "$_from"
  if [ "$_format" = tar.gz ]; then mkdir -m 0700 "$_from" && unpack "$@" || { rm -rf -- "$_from"; return 1; }; fi
  _sums=
  while [ $# -gt 0 ]; do
    _src=$_file; [ "$_format" != tar.gz ] || _src=$_from/$1
    if [ ! -f "$_src" ] || [ -L "$_src" ]; then say "$_url holds no file $1"; return 1; fi
    _sum=$_sha; [ "$_format" != tar.gz ] || _sum=$(sum_of "$_src") || return 1
    keep_path "$2" && put_program "$_src" "$2" || return 1
    _sums="$_sums$_sum  $2
"
    shift 2
  done
  printf 'artifact %s %s\\n%s' "$_sha" "$_version" "$_sums" | { mkdir -p -m 0755 ${STAMPS} && install_file "${STAMPS}/$_name" 0644; } || return 1
  rm -rf -- "$_from" "$_file"; forget_dir ${DOWNLOADS}
}
unpack() { # (MEMBER PATH)…: the members only; archives differ in whether names begin with ./
  # The way that the caller wrote them first: a wrong guess costs a whole decompression.
  case $1 in
    ./*) unpack_as ./ "$@" || unpack_as '' "$@" ;;
    *) unpack_as '' "$@" || unpack_as ./ "$@" ;;
  esac && return 0
  tar -xzf "$_file" -O >/dev/null || return 1
  say "$_url does not hold all of the files asked for"; return 1
}
unpack_as() {
  _prefix=$1; shift; _left=$(($# / 2))
  while [ "$_left" -gt 0 ]; do set -- "$@" "$_prefix\${1#./}"; shift 2; _left=$((_left - 1)); done
  tar -xzf "$_file" -C "$_from" --no-same-owner --no-same-permissions -- "$@" 2>/dev/null
}
give_back_paths() { # what keep_path kept
  [ ! -e "$entry.was.paths" ] || while read -r _n _path; do
    if [ "$_n" = - ]; then rm -f -- "$_path"
    elif [ -e "$entry.was.$_n" ] || [ -L "$entry.was.$_n" ]; then put_back "$entry.was.$_n" "$_path" || exit 1
    fi
  done <"$entry.was.paths"
}
remove_artifact() {
  rm -f -- "${STAMPS}/$1"
  give_back_paths || return 1
  forget_dir ${STAMPS}; forget_dirs
}
`;

const nameOf = (entry: LedgerEntry): string => (entry.resource as { name: string }).name;

interface Stamp {
  readonly sha256: string;
  readonly version: string;
  readonly files: ReadonlyMap<string, string>;
}

function readStamps(output: string): ReadonlyMap<string, Stamp> {
  const stamps = new Map<string, Stamp>();
  const paragraphs = output.split(/^stamp /m).slice(1);
  for (const text of paragraphs) {
    const [, name = '', sha256 = '', version = ''] = /^(\S+)\nartifact (\S+) (\S+)$/m.exec(text) ?? [];
    // A stamp that cannot be read says nothing: the artifact is installed again.
    if (name === '') continue;
    const files = new Map([...text.matchAll(/^([0-9a-f]{64}) {2}(.*)$/gm)].map((m) => [m[2] ?? '', m[1] ?? '']));
    stamps.set(name, { sha256, version, files });
  }
  return stamps;
}

function whatIs(state: InstalledState): string {
  switch (state) {
    case 'absent':
      return 'is not there';
    case 'foreign':
      return 'is not ours';
    default:
      return 'is not as it was installed';
  }
}
