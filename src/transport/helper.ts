// The far end: the shell text that runs as root on a host, and the words that it understands. Text only, no sockets.
//
// One helper per connection. It reads words on its stdin and answers each with two frames, one on stdout
// (`<nonce> <code>`) and one on stderr (`<nonce>`), because the two streams are not ordered against each other.
// The nonce is drawn by the operator for each word, so no output of a script can be taken for a frame.
//
//   run <nonce> <blocks> <rest>   then blocks × 65536 + rest bytes of script: runs it with stdin from /dev/null
//   lock <nonce> <who>            takes the host's lock; 0 taken, 3 taken without flock, 75 held (stdout: by whom)
//   end TERM|KILL                 signals the running script and its process group; answered by the script's own frame
//   bye <nonce>                   cleans up, frees the lock, answers and leaves
//
// When its stdin ends it tells a running script so (PROVISION_LINE/gone), waits for it, cleans up and leaves as well.

export const BLOCK = 65536;
export const LOCK_TAKEN = 0;
export const LOCK_TAKEN_WITHOUT_FLOCK = 3;
export const LOCK_HELD = 75;

// `read` takes one byte at a time from a pipe in dash, bash and busybox, and `dd iflag=fullblock` never reads too far
// (busybox `head -c` does), so words and scripts can share one stdin. Descriptor 9 is the lock: the kernel frees it when
// the last holder is gone. It is closed for scripts, so that no daemon they leave behind keeps it.
const HELPER = `
umask 077
cd /
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
unset ENV BASH_ENV LANGUAGE
case $1 in
?*) b=$1 ;;
*) if [ -w /run ]; then b=/run; else b=\${TMPDIR:-/tmp}; fi ;;
esac
for s in "$b"/provision.*.*; do
  [ -d "$s" ] && [ ! -L "$s" ] && [ -O "$s" ] || continue
  p=\${s#"$b"/provision.}
  p=\${p%%.*}
  case $p in *[!0-9]*|'') continue ;; esac
  kill -0 "$p" 2>/dev/null || rm -rf "$s"
done
l=$b/provision.lock
[ "$b" = /run ] || l=$b/provision.$(id -u).lock
m=
d=$(mktemp -d "$b/provision.$$.XXXXXX") || exit 70
clean() {
  rm -rf "$d"
  [ -z "$m" ] || rm -rf "$m"
}
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
g=
if command -v setsid >/dev/null 2>&1; then g=setsid; fi
frame() {
  printf '%s %s\\n' "$1" "$2"
  printf '%s\\n' "$1" >&2
}
stamp() { printf '%s (pid %s, since %s)\\n' "$1" "$$" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; }
lock_by_flock() {
  if [ -e "$l" ] && { [ -L "$l" ] || [ ! -f "$l" ] || [ ! -O "$l" ]; }; then
    echo "$l is not a file of ours" >&2
    frame "$1" 1
    return
  fi
  if ! ( : >>"$l" ); then frame "$1" 1; return; fi
  exec 9>>"$l"
  if flock -n 9; then
    stamp "$2" >"$l"
    frame "$1" ${LOCK_TAKEN}
  else
    cat "$l"
    exec 9>&-
    frame "$1" ${LOCK_HELD}
  fi
}
lock_by_mkdir() {
  for try in 1 2; do
    if mkdir "$l.d" 2>/dev/null; then
      m=$l.d
      echo $$ >"$m/pid"
      stamp "$2" >"$m/who"
      frame "$1" ${LOCK_TAKEN_WITHOUT_FLOCK}
      return
    fi
    p=
    read -r p 2>/dev/null <"$l.d/pid"
    case $p in
    '') sleep 1 ;;
    *) if kill -0 "$p" 2>/dev/null; then
        cat "$l.d/who"
        frame "$1" ${LOCK_HELD}
        return
      fi
      rm -rf "$l.d" ;;
    esac
  done
  echo "cannot make $l.d" >&2
  frame "$1" 1
}
take() {
  [ "$2" = 0 ] || dd bs=${BLOCK} count="$2" iflag=fullblock status=none || return 1
  [ "$3" = 0 ] || dd bs="$3" count=1 iflag=fullblock status=none
}
while read -r word nonce rest; do
  case $word in
  run)
    : >"$d/pid"
    if ! take $nonce $rest >"$d/script"; then frame "$nonce" store; exit 74; fi
    (
      PROVISION_LINE=$d $g sh "$d/script" </dev/null 9>&- &
      echo $! >"$d/pid"
      wait $!
      code=$?
      : >"$d/script"
      echo done >"$d/pid"
      frame "$nonce" $code
    ) &
    ;;
  lock)
    if command -v flock >/dev/null 2>&1; then lock_by_flock "$nonce" "$rest"; else lock_by_mkdir "$nonce" "$rest"; fi
    ;;
  end)
    for try in 1 2 3 4 5; do
      p=
      read -r p 2>/dev/null <"$d/pid"
      [ -z "$p" ] || break
      sleep 1
    done
    case $p in
    done|'') ;;
    *) kill -"$nonce" "-$p" 2>/dev/null || kill -"$nonce" "$p" 2>/dev/null ;;
    esac
    ;;
  bye)
    wait
    clean
    exec 9>&-
    frame "$nonce" 0
    exit 0
    ;;
  esac
done
( : >"$d/gone" )
wait
exit 0
`;

/** What to write once the start command has said hello. Not secret. */
export const helperText = HELPER;

/**
 * The command line that starts the helper: short, the same for every host but for its nonce, and one level of single
 * quotes, so that any login shell passes it on. It greets with `<nonce> hello <uid>` and then reads the helper's own
 * text from stdin. `directory` replaces /run.
 */
export function startWords(nonce: string, shell = 'sh', directory = ''): readonly string[] {
  const read = `dd bs=${Buffer.byteLength(HELPER)} count=1 iflag=fullblock status=none`;
  return [...shell.split(' '), '-c', `echo "${nonce} hello $(id -u)"; eval "$(${read})"`, 'provision', directory];
}

/** Words for a shell: single quotes where needed. None of ours holds a single quote; one that did would be refused. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) => {
      if (word.includes("'")) throw new Error('a word of the start command must not hold a single quote');
      return /^[A-Za-z0-9_./=:-]+$/.test(word) ? word : `'${word}'`;
    })
    .join(' ');
}

/** Head of a `run` word for a script of so many bytes. */
export function runWord(nonce: string, bytes: number): string {
  return `run ${nonce} ${Math.floor(bytes / BLOCK)} ${bytes % BLOCK}\n`;
}

/** `who` becomes one printable line. */
export function lockWord(nonce: string, who: string): string {
  return `lock ${nonce} ${who.replace(/[\u0000-\u001f\u007f\\]/g, ' ').slice(0, 200)}\n`;
}
