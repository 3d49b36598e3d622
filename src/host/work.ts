import { createHash } from 'node:crypto';
import type { Action, LedgerEntry, Probe, Remedy } from '../model/index.js';
import { ACTION_PRELUDE, heredocOfLines, kindOf, LEDGER_DIR, sha256, word, words } from '../resources/index.js';

/** Bytes of a failed action's output that come back. */
const TAIL_BYTES = 6000;

/** Where a running script keeps its things; the nonce makes it findable from another shell. */
const folderOf = (nonce: string): string => `/run/provision-work.${nonce}`;

/** Said by another shell to a script that runs: end after the action you are at. Too late or too early it does nothing. */
export const stopScript = (nonce: string): string => `! [ -d ${folderOf(nonce)} ] || : >${folderOf(nonce)}/stop\n`;

/** What a probe ends with when nobody waits for it any more. */
const GIVEN_UP = 75;

/**
 * Actions and probes as one script: framed start, status and output tail of each; stops at the first failure, and when it is told
 * to between two actions or in the middle of a wait: there, too, when its operator is gone, or a host would stay locked for as
 * long as it waits. A signal would also end the command that is just being run.
 */
export function workScript(nonce: string, work: readonly (Action | Probe)[]): string {
  return [
    ACTION_PRELUDE,
    `umask 022
PROVISION_TMP=${folderOf(nonce)}
mkdir -m 0700 "$PROVISION_TMP" || exit 70
# bash, where it is sh, writes here-documents into files: not those with secrets onto a disk.
TMPDIR=$PROVISION_TMP
trap 'rm -rf -- "$PROVISION_TMP"' EXIT
# PIPE: the operator's end is gone, and nobody else would clear away what may hold secrets.
trap 'exit 130' HUP INT PIPE TERM
given_up() { [ -e "$PROVISION_TMP/stop" ] || [ -e "\${PROVISION_LINE:-}/gone" ]; }
ended() {
  [ "$2" -ne ${GIVEN_UP} ] || ! given_up || exit 0
  echo '${nonce} end '"$1 $2"
  if [ "$2" -eq 0 ]; then
    [ ! -e "$PROVISION_TMP/stop" ] || exit 0
    return 0
  fi
  tail -c ${TAIL_BYTES} "$PROVISION_TMP/out" | sed 's/^/${nonce} out /'
  exit 1
}
`,
    ...work.map(
      (item, index) =>
        `echo '${nonce} start ${index}'\n${'verb' in item ? actionShell(item) : probeShell(item, nonce, index)}\nended ${index} $?\n`,
    ),
  ].join('\n');
}

/** Where the ledger keeps a key. */
const entryPath = (key: string): string =>
  `${LEDGER_DIR}/${createHash('sha256').update(key).digest('hex').slice(0, 20)}`;

function actionShell(action: Action): string {
  const entry = entryPath(action.key);
  const settings = `set -eu\nentry=${word(entry)}\n`;
  const body =
    action.entry !== undefined
      ? takeBack(action.entry)
      : `${remembering(action)}${kindOf(action.kind).make(made(action), action)}`;
  return `(\n${settings}${body}\n) >"$PROVISION_TMP/out" 2>&1`;
}

/** The entry goes last: what is cut before that is taken back again, and nothing is left that no entry names. */
function takeBack(entry: LedgerEntry): string {
  const keeping = kindOf(entry.kind).ledger;
  return `(\nset -eu\n${keeping?.unmake(entry) ?? ':'}\n)\nrm -rf -- "$entry.was" "$entry".was.* "$entry.json"\n`;
}

/** What was there before goes into the ledger before the first change. An action for another host has nothing of its own here. */
function remembering(action: Action): string {
  const { ledger } = kindOf(action.kind);
  if (ledger === undefined || action.via !== undefined) return '';
  const resource = made(action);
  const entry: LedgerEntry = {
    key: action.key,
    kind: action.kind,
    order: action.order,
    former: action.before ?? null,
    resource: ledger.remember(resource),
  };
  const text = `${JSON.stringify(entry)}\n`;
  const write = heredocOfLines(`install_file "$entry.json" 0600 ${sha256(text)}`, text);
  // What lies beside an entry that is not there was kept by a run that was cut before it began: it may be old by now.
  const sweep = 'sweep "$entry.was" "$entry".was.*';
  return `if [ ! -e "$entry.json" ]; then\n[ -d ${LEDGER_DIR} ] || mkdir -p -m 0700 ${LEDGER_DIR}\n${sweep}\n${ledger.keep?.(resource) ?? ''}\n${write}fi\n`;
}

function made(action: Action): NonNullable<Action['resource']> {
  if (action.resource === undefined) throw new Error(`an action without a resource: ${action.key}`);
  return action.resource;
}

/**
 * Until it is answered; when that takes long and a known fault shows, its cure is tried once and told, and the wait goes on.
 * When nothing helps, what the host knows about the cause is added to what it said last.
 */
function probeShell(probe: Probe, nonce: string, index: number): string {
  const { within, remedy, why = [] } = probe;
  const patience = remedy === undefined ? within : Math.min(remedy.after, within);
  const causes = why.map(
    (question) => `  ${words(question)} </dev/null >>"$PROVISION_TMP/out" 2>&1; echo >>"$PROVISION_TMP/out"\n`,
  );
  return `(
answers() { ! given_up || exit ${GIVEN_UP}; ${words(probe.command)} </dev/null >"$PROVISION_TMP/out" 2>&1; grep -Eq -- ${word(probe.expect)} "$PROVISION_TMP/out"; }
wait_for ${patience} answers${remedy === undefined ? '' : ` || {\n${remedyShell(remedy, nonce, index)}\nwait_for ${within - patience} answers\n}`}${causes.length === 0 ? '' : ` || {\n${causes.join('')}  exit 1\n}`}
)`;
}

const remedyShell = ({ look, fault, cure, says }: Remedy, nonce: string, index: number): string =>
  `if ${words(look)} </dev/null 2>/dev/null | grep -Eq -- ${word(fault)}; then
  echo '${nonce} note ${index} '${word(says)}
  ${words(cure)} </dev/null >"$PROVISION_TMP/out" 2>&1
fi`;
