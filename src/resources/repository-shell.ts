/**
 * keys_in FILE: the fingerprints of the primary keys in an ASCII-armored file, one a line; nothing when it cannot be read as one.
 * A minimal host has no gpg (Debian), so the packets are walked here: RFC 4880, 4.2 (headers), 5.5.2 (keys), 12.2 (a version 4
 * fingerprint is the SHA-1 of 0x99, two octets of length and the packet's body).
 * files_like PATH: existing files; the last part of PATH may hold `*`.
 */
export const KEY_WORDS = String.raw`
dearmored() { # FILE
  _b=1; _blocks=$(grep -c '^-----BEGIN PGP PUBLIC KEY BLOCK-----' <"$1") || return 1
  while [ "$_b" -le "$_blocks" ]; do
    tr -d '\r' <"$1" | n=$_b awk '
      /^-----BEGIN PGP PUBLIC KEY BLOCK-----/ { b++; on = b == ENVIRON["n"]; body = 0; next }
      /^-----END / { on = 0 }
      on && body && !/^=/ { print }
      on && /^[ \t]*$/ { body = 1 }' | base64 -d || return 1
    _b=$((_b + 1))
  done
}
key_packets() { # octets on stdin, as numbers: offset and length of each primary key
  awk '{ for (i = 1; i <= NF; i++) o[n++] = $i }
    END {
      for (i = 0; i < n; i += head + len) {
        h = o[i]
        if (h < 128) exit 1
        if (h >= 192) {
          tag = h - 192; l = o[i + 1]
          if (l < 192) { len = l; head = 2 }
          else if (l < 224) { len = (l - 192) * 256 + o[i + 2] + 192; head = 3 }
          else if (l == 255) { len = ((o[i + 2] * 256 + o[i + 3]) * 256 + o[i + 4]) * 256 + o[i + 5]; head = 6 }
          else exit 1
        } else {
          tag = int((h - 128) / 4); t = h % 4
          if (t == 0) { len = o[i + 1]; head = 2 }
          else if (t == 1) { len = o[i + 1] * 256 + o[i + 2]; head = 3 }
          else if (t == 2) { len = ((o[i + 1] * 256 + o[i + 2]) * 256 + o[i + 3]) * 256 + o[i + 4]; head = 5 }
          else exit 1
        }
        if (tag == 6) { if (o[i + head] != 4 || len > 65535) exit 1; found[++k] = (i + head) " " len }
      }
      if (i != n) exit 1
      for (i = 1; i <= k; i++) print found[i]
    }'
}
keys_in() { # FILE
  dearmored "$1" | od -An -v -tu1 | key_packets | while read -r _at _len; do
    { printf "$(printf '\\231\\%03o\\%03o' $((_len / 256)) $((_len % 256)))"; dearmored "$1" | tail -c "+$((_at + 1))" | head -c "$_len"; } |
      sha1sum | cut -c1-40 | tr a-f A-F
  done
}
files_like() { find "$(dirname -- "$1")" -maxdepth 1 -type f -name "$(basename -- "$1")" 2>/dev/null | LC_ALL=C sort; }
`;

/**
 * repository_keys ID FORMAT KEYFILE N URL… FINGERPRINT…: fetches, verifies and only then installs and trusts.
 * try_repository ID FORMAT FILE URL: the file's text on stdin; the package manager reads the metadata by it alone, from a folder of ours.
 * So a repository that is away, unsigned or signed by somebody else changes nothing.
 * put_aside OWN PATTERN…: files that are stood in for go to the ledger.
 * forget_repository ID FORMAT: files as they were, keys that came with it no longer trusted, no metadata of it left.
 */
export const REPOSITORY_WORDS = `${KEY_WORDS}
repository_keys() {
  _id=$1; _format=$2; _keyfile=$3; _urls=$4; shift 4
  rm -rf -- "$entry.was.try" && mkdir -m 0700 -- "$entry.was.try" && : >"$entry.was.try/keys" || return 1
  while [ "$_urls" -gt 0 ]; do
    rm -f -- "$entry.was.try/key"
    fetch "$1" "$entry.was.try/key" || { say "could not fetch the key of repository $_id from $1"; return 1; }
    grep -q '^-----BEGIN PGP PUBLIC KEY BLOCK-----' "$entry.was.try/key" || { say "refused: what $1 gives is no ASCII-armored public key"; return 1; }
    _seen=$(keys_in "$entry.was.try/key") || _seen=
    [ -n "$_seen" ] || { say "refused: the key at $1 cannot be read"; return 1; }
    { cat "$entry.was.try/key"; echo; } >>"$entry.was.try/keys" || return 1
    printf '%s\\n' "$_seen" | sed "s|$| $1|" >>"$entry.was.try/seen" || return 1
    shift; _urls=$((_urls - 1))
  done
  while read -r _key _url; do
    _fits=; for _pin; do [ "$_key" != "$_pin" ] || _fits=yes; done
    if [ -z "$_fits" ]; then
      say "refused: the key of repository $_id is not the one that is pinned"
      say "  from    $_url"; say "  seen    $_key"; for _pin; do say "  pinned  $_pin"; done
      say "ask its publisher which is right; a key of your own is pinned by mirrors.keys: { $_id: <fingerprint> }"
      return 1
    fi
  done <"$entry.was.try/seen"
  keep_path "$_keyfile" && install_file "$_keyfile" 0644 <"$entry.was.try/keys" || return 1
  [ "$_format" = yum ] || return 0
  trusted_keys >"$entry.was.try/before" || return 1
  rpm --import "$_keyfile" || { say "rpm does not take the key of repository $_id"; return 1; }
  trusted_keys | LC_ALL=C comm -13 "$entry.was.try/before" - >>"$entry.was.keys"
}
trusted_keys() { { rpm -q gpg-pubkey || :; } | sed -n '/^gpg-pubkey-/p' | LC_ALL=C sort; }
try_repository() {
  [ -d "$entry.was.try" ] || mkdir -m 0700 -- "$entry.was.try" || return 1
  _try="$entry.was.try/$(basename -- "$3")"; cat >"$_try" || return 1
  case $2 in
    yum)
      # The directory is not given as "reposdir" of a file: yum 3 and dnf both take it as a setting.
      set -- "$1" "$2" "$3" "$4" --setopt=reposdir="$entry.was.try" --disablerepo='*' --enablerepo="$1"
      if have dnf; then _maker='dnf -y'; else _maker='yum -y'; fi
      ( _id=$1; _url=$4; shift 4
        $_maker -q "$@" clean metadata >/dev/null 2>&1 || :
        $_maker "$@" makecache ) || { say "repository $1 at $4 cannot be used: it is not put in place"; return 1; } ;;
    apt)
      apt -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$entry.was.try" -o APT::Get::List-Cleanup=false -o APT::Update::Error-Mode=any update ||
        { say "repository $1 at $4 cannot be used: it is not put in place"; return 1; } ;;
  esac
}
put_aside() {
  _own=$1; shift
  for _pattern; do
    files_like "$_pattern" | while IFS= read -r _f; do
      if [ "$_f" = "$_own" ]; then continue; fi
      keep_path "$_f" && rm -f -- "$_f" || exit 1
    done || return 1
  done
}
forget_keys() { # those that rpm trusts since this entry
  if [ -s "$entry.was.keys" ] && have rpm; then
    LC_ALL=C sort -u "$entry.was.keys" | while IFS= read -r _key; do
      ! rpm -q "$_key" >/dev/null 2>&1 || rpm -e --allmatches "$_key" || say "rpm still trusts $_key"
    done
  fi
}
forget_repository() {
  forget_keys
  give_back_paths || return 1
  if [ "$2" = yum ]; then
    rm -rf -- "/var/cache/dnf/$1-"???????????????? "/var/cache/dnf/$1.solv" "/var/cache/dnf/$1-filenames.solvx" /var/cache/yum/*/*/"$1"
  fi
  forget_dirs
}
`;
