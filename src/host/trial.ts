import type { Reached, Trial, TrialWish } from '../model/index.js';
import { word, words } from '../resources/index.js';

/** Seconds that one attempt may take; all of them run at once. */
const PATIENCE = 3;
/** A write as large as etcd's documentation measures with fio (--bs=2300), and the most of them; a second is their bound too. */
const WRITE_BYTES = 2300;
const WRITES = 200;

/**
 * POSIX sh, run as root with QUESTION_PRELUDE. It leaves nothing behind: the one file it writes (only for `etcdData`) lies in
 * /var/tmp when that is the same disk; when it is not, the directory gets its former times back.
 */
export const trialQuestion = (wish: TrialWish, patience = PATIENCE): string => `
PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; LC_ALL=C; export PATH LC_ALL
set -f
${wish.names.map((name, index) => nameAttempt(index, name, patience)).join('\n')}
${wish.urls.map((url, index) => urlAttempt(index, url, patience)).join('\n')}
${HISTORY}
${unitAttempt(wish.units)}
${userAttempt(wish.users)}
wait
${wish.etcdData === null ? '' : diskAttempt(wish.etcdData)}
`;

const nameAttempt = (index: number, name: string, patience: number): string => `
if have getent; then
  ( _code=0; timeout ${patience} getent ahosts ${word(name)} >/dev/null 2>&1 || _code=$?; echo "name ${index} $_code" ) &
fi`;

/** Each line is one write, which pipes keep whole. A proxy speaks HTTP only, so a bare connection past it says nothing. */
const urlAttempt = (index: number, url: string, patience: number): string => {
  const { hostname, port, protocol } = new URL(url);
  const number = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return `
if have curl; then
  ( _code=0; _said=$(curl -sSIL -o /dev/null -w '%{http_code}' --max-time ${patience} -- ${word(url)} 2>&1) || _code=$?; echo "url ${index} curl $_code" $_said ) &
elif have bash && [ -z "\${http_proxy:-}\${https_proxy:-}\${HTTPS_PROXY:-}" ]; then
  ( _code=0; _said=$(timeout ${patience} bash -c ': <>"/dev/tcp/$0/$1"' ${word(hostname.replace(/^\[|\]$/g, ''))} ${number} 2>&1) || _code=$?; echo "url ${index} bash $_code" $_said ) &
fi`;
};

/** systemctl of EL7 (219) has no --value. */
const unitAttempt = (units: readonly string[]): string =>
  units.length === 0
    ? ''
    : `for _unit in ${words(units)}; do
  if [ "$(systemctl show --no-pager --property=LoadState -- "$_unit")" = LoadState=not-found ]; then echo "absent-unit $_unit"; fi
done`;

/** 2: there is no such key (getent(1)); anything else could not be looked up. */
const userAttempt = (users: readonly string[]): string =>
  users.length === 0
    ? ''
    : `for _user in ${words(users)}; do
  if have getent; then _code=0; getent passwd "$_user" >/dev/null || _code=$?; if [ "$_code" -eq 2 ]; then echo "absent-user $_user"; fi; fi
done`;

/** dnf 4 prints the last transaction; dnf 5 has other words, and nothing is read from them. */
const HISTORY = `
if have dnf && [ -e /var/lib/dnf/history.sqlite ]; then
  ( timeout 10 dnf -q -C history info last 2>/dev/null | sed -n 's/^\\(Return-Code\\|End rpmdb\\|Command Line\\) *: */dnf \\1: /p' ) &
fi`;

/** One write per dd, because dd tells the time of all its writes together. */
const diskAttempt = (etcdData: string): string => `
_at=${word(etcdData)}; until [ -d "$_at" ]; do _at=\${_at%/*}; _at=\${_at:-/}; done
if [ "$(stat -c %d "$_at")" = "$(stat -c %d /var/tmp 2>/dev/null)" ]; then _at=/var/tmp; fi
_was=$(stat -c %y "$_at")
if _file=$(mktemp "$_at/.provision-XXXXXX" 2>/dev/null); then
  trap 'rm -f -- "$_file"; if [ "$_at" != /var/tmp ]; then touch -d "$_was" -- "$_at"; fi' EXIT
  trap 'exit 130' HUP INT TERM
  if dd if=/dev/zero of="$_file" bs=${WRITE_BYTES} count=${WRITES} conv=fsync 2>/dev/null; then
    _end=$(($(date +%s) + 1)); _n=0
    while [ "$_n" -lt ${WRITES} ] && [ "$(date +%s)" -le "$_end" ]; do
      dd if=/dev/zero of="$_file" bs=${WRITE_BYTES} count=1 seek="$_n" oflag=dsync conv=notrunc 2>&1 | sed -n 's/.* copied, \\([0-9.e+-]*\\) s.*/write \\1/p'
      _n=$((_n + 1))
    done
  fi
fi
`;

export function readTrial(wish: TrialWish, output: string): Trial {
  const lines = output.split('\n').map((line) => line.split(' '));
  const of = (key: string): readonly (readonly string[])[] =>
    lines.filter(([first]) => first === key).map(([, ...rest]) => rest);
  return {
    resolves: Object.fromEntries(of('name').map(([index, code]) => [wish.names[Number(index)] ?? '', code === '0'])),
    reached: Object.fromEntries(
      of('url').map(([index, tool, code, ...said]) => [
        wish.urls[Number(index)] ?? '',
        tool === 'curl' ? byCurl(Number(code), said.join(' ')) : byBash(Number(code), said.join(' ')),
      ]),
    ),
    fsync: latency(of('write').map(([seconds]) => Number(seconds) * 1000)),
    unfinishedTransaction: unfinished(of('dnf').map((words) => words.join(' '))),
    absentUnits: of('absent-unit').map(([name = '']) => name),
    absentUsers: of('absent-user').map(([name = '']) => name),
  };
}

/** curl(1): 28 is its own timeout; the status stands beside its words, before or behind them, and is 000 without an answer. */
function byCurl(code: number, said: string): Reached {
  const words = said
    .replace(/(^|\s)\d{3}$|^\d{3}(\s|$)/, '')
    .replace(/^curl: \(\d+\) /, '')
    // How long it took differs from one to the next and says nothing.
    .replace(/ after \d+ (ms|milliseconds)/, '')
    .trim();
  if (code === 0) return { outcome: 'answered', status: Number(/\d{3}$/.exec(said)?.[0] ?? 0), said: '' };
  return { outcome: code === 28 ? 'timeout' : 'failed', status: 0, said: words };
}

/** timeout(1) ends with 124. bash says everything twice, with its own name and ours in front. */
function byBash(code: number, said: string): Reached {
  if (code === 0) return { outcome: 'connected', status: 0, said: '' };
  const words = /(?:connect|\S+): ((?:Connection|Network|No route|Name|Temporary|Permission)[^:]*?)(?: bash:|$)/.exec(
    said,
  );
  return { outcome: code === 124 ? 'timeout' : 'failed', status: 0, said: words?.[1]?.trim() ?? said };
}

function latency(ms: readonly number[]): Trial['fsync'] {
  const sorted = ms.filter(Number.isFinite).sort((a, b) => a - b);
  const p99Ms = sorted[Math.ceil(sorted.length * 0.99) - 1];
  return p99Ms === undefined ? null : { samples: sorted.length, p99Ms };
}

/**
 * dnf 4.14 (dnf/cli/output.py, dnf/db/history.py): a transaction that was cut has the return code of a failed one and, other than
 * a failed one, no rpmdb version at its end. Its "** Aborted **" is never printed: return_code is a number always.
 */
function unfinished(lines: readonly string[]): string | null {
  const value = (key: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim();
  const code = value('Return-Code');
  if (code === undefined || code === 'Success' || !/^[\s*]*$/.test(value('End rpmdb') ?? '')) return null;
  return value('Command Line') ?? '';
}
