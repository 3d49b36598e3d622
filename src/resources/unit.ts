import type { LedgerEntry, UnitResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { HOST_DIR, word, words } from './shell.js';

export interface UnitAnswer {
  /** systemd's LoadState: `loaded`, `not-found`, `masked`, … */
  readonly load: string;
  /** systemd's ActiveState: `active`, `inactive`, `failed`, `activating`, … */
  readonly active: string;
  /** systemd's UnitFileState: `enabled`, `disabled`, `static`, …; '' for a unit without a file. */
  readonly enabled: string;
  /** Digest of what it was last started from by provision; null: never. */
  readonly stamp: string | null;
}

export const STAMP_DIR = `${HOST_DIR}/stamps`;

/** Units of these states cannot be enabled, or are so by other means: systemctl(1), is-enabled. */
const ENABLED_ENOUGH: ReadonlySet<string> = new Set([
  'enabled',
  'static',
  'alias',
  'indirect',
  'generated',
  'transient',
]);
const DISABLED_ENOUGH: ReadonlySet<string> = new Set([
  '',
  'disabled',
  'static',
  'masked',
  'indirect',
  'generated',
  'alias',
]);
const RESTING: ReadonlySet<string> = new Set(['inactive', 'failed']);

/** A systemd unit that runs and is enabled, started from known inputs; or one that does neither. */
export const unit: Kind<UnitResource, UnitAnswer> = {
  kind: 'unit',
  name: (r) => r.name,

  ask: (rs) => `need systemctl
for u in ${words(rs.map((r) => r.name))}; do
  [ ! -e "${STAMP_DIR}/$u" ] || { printf 'stamp %s ' "$u"; cat -- "${STAMP_DIR}/$u"; echo; } || exit 1
done
echo units
systemctl show --no-pager --property=LoadState,ActiveState,UnitFileState -- ${words(rs.map((r) => r.name))}`,

  read(output, rs) {
    const [head = '', tail = ''] = output.split(/^units\n/m);
    const stamps = new Map([...head.matchAll(/^stamp (\S+) (\S*)$/gm)].map((m) => [m[1], m[2]]));
    // One paragraph per name, in the order of the names.
    const paragraphs = tail.trim().split(/\n\n+/);
    return rs.map((r, index) => {
      const value = (property: string): string | undefined =>
        new RegExp(`^${property}=(.*)$`, 'm').exec(paragraphs[index] ?? '')?.[1];
      const load = value('LoadState');
      const active = value('ActiveState');
      if (load === undefined || active === undefined) {
        throw new ProvisionError('FACTS', `systemd did not say how ${r.name} is`, { said: output });
      }
      return { load, active, enabled: value('UnitFileState') ?? '', stamp: stamps.get(r.name) ?? null };
    });
  },

  appear: (r, answer) => (r.state === 'started' ? start(r, answer) : stop(r, answer)),

  satisfied: (r, answer) =>
    r.state === 'started'
      ? {
          load: 'loaded',
          active: 'active',
          enabled: ENABLED_ENOUGH.has(answer.enabled) ? answer.enabled : 'enabled',
          stamp: r.stamp === '' ? answer.stamp : r.stamp,
        }
      : {
          ...answer,
          active: RESTING.has(answer.active) ? answer.active : 'inactive',
          enabled: DISABLED_ENOUGH.has(answer.enabled) ? answer.enabled : 'disabled',
        },

  make: (r) =>
    r.state === 'started'
      ? `start_unit ${words([r.name, r.stamp, r.within, r.change ?? 'restart'])}`
      : `stop_unit ${words([r.name, r.within])}\nsystemctl disable --quiet -- ${word(r.name)}`,

  ledger: {
    remember: (r) => ({ name: r.name, state: r.state, within: r.within }),
    vanish(entry) {
      const { name, ran, enabled } = formerOf(entry);
      const back = ran || enabled ? [...(ran ? ['start'] : []), ...(enabled ? ['enable'] : [])] : ['stop', 'disable'];
      const because = ran || enabled ? 'it was so before' : 'provision started it';
      return {
        verb: '-',
        summary: `${back.join(' and ')} ${name}${ran || enabled ? ' again' : ''}`,
        because: [because],
      };
    },
    unmake(entry) {
      const { name, ran, enabled, masked, within } = formerOf(entry);
      const file = word(`${STAMP_DIR}/${name}`);
      return `rm -f -- ${file}
forget_dir ${STAMP_DIR}
${ran ? `! unit_known ${word(name)} || start_unit ${words([name, '', within])}` : `! unit_known ${word(name)} || stop_unit ${words([name, within])}`}
! unit_known ${word(name)} || systemctl ${enabled ? 'enable' : 'disable'} --quiet -- ${word(name)}
${masked ? `systemctl mask --quiet -- ${word(name)}` : ''}
systemctl reset-failed -- ${word(name)} 2>/dev/null || :`;
    },
  },
};

/**
 * start_unit NAME STAMP SECONDS [restart|reload]: enabled, and running from the inputs that STAMP is the digest of ('' asks for no more than running).
 * The stamp goes before the restart and comes back after it: a cut or failed start is never taken for a good one.
 * stop_unit NAME SECONDS. unit_known NAME: has systemd such a unit?
 */
export const UNIT_WORDS = `
unit_property() { systemctl show --no-pager --property="$2" -- "$1" | sed 's/^[^=]*=//'; } # systemd 219 of EL7 has no --value
unit_known() { [ "$(unit_property "$1" LoadState)" != not-found ]; }
unit_words() { # NAME: what it said last
  systemctl status --no-pager --full --lines=0 -- "$1" 2>&1 | tail -n 20 || :
  journalctl --no-pager --quiet --output=cat --lines=30 --unit="$1" 2>&1 || :
}
start_unit() {
  if ! unit_known "$1" || [ "$(unit_property "$1" NeedDaemonReload)" = yes ]; then systemctl daemon-reload; fi
  unit_known "$1" || { say "systemd knows no unit $1"; return 1; }
  [ "$(unit_property "$1" LoadState)" != masked ] || systemctl unmask --quiet -- "$1"
  systemctl enable --quiet -- "$1" || return 1
  if systemctl is-active --quiet -- "$1" && { [ -z "$2" ] || [ "$2" = "$(cat -- "${STAMP_DIR}/$1" 2>/dev/null)" ]; }; then return 0; fi
  rm -f -- "${STAMP_DIR}/$1"
  systemctl reset-failed -- "$1" 2>/dev/null || :
  # What does not run yet is started by a reload-or-restart, too.
  if ! timeout "$3" systemctl "$([ "\${4-restart}" = restart ] || echo reload-or-)restart" -- "$1"; then say "$1 did not start within $3 s:"; unit_words "$1"; return 1; fi
  sleep 0.2 # a program that cannot even begin is gone by then
  systemctl is-active --quiet -- "$1" || { say "$1 started and ended at once:"; unit_words "$1"; return 1; }
  [ -z "$2" ] || { mkdir -p -m 0755 ${STAMP_DIR} && printf %s "$2" | install_file "${STAMP_DIR}/$1" 0644; }
}
stop_unit() {
  case $(unit_property "$1" ActiveState) in inactive | failed) return 0 ;; esac
  timeout "$2" systemctl stop -- "$1" || { say "$1 did not stop within $2 s:"; unit_words "$1"; return 1; }
}
`;

function start(r: UnitResource, answer: UnitAnswer): ReturnType<typeof unit.appear> {
  const running = answer.active === 'active';
  const enabled = ENABLED_ENOUGH.has(answer.enabled);
  const stale = r.stamp !== '' && answer.stamp !== r.stamp;
  if (running && enabled && !stale) return [];
  const because = [
    ...(running ? [] : [answer.load === 'not-found' ? 'it is not there yet' : `it is ${answer.active}`]),
    ...(enabled ? [] : ['it is not enabled']),
    ...(running && stale
      ? [answer.stamp === null ? 'it was not started by provision' : 'what it was started from changed']
      : []),
  ];
  const words = [...(running ? (stale ? [r.change ?? 'restart'] : []) : ['start']), ...(enabled ? [] : ['enable'])];
  return [{ verb: running && !stale ? '~' : '!', summary: `${words.join(' and ')} ${r.name}`, because }];
}

function stop(r: UnitResource, answer: UnitAnswer): ReturnType<typeof unit.appear> {
  if (answer.load === 'not-found') return [];
  const resting = RESTING.has(answer.active);
  const disabled = DISABLED_ENOUGH.has(answer.enabled);
  if (resting && disabled) return [];
  const because = [...(resting ? [] : [`it is ${answer.active}`]), ...(disabled ? [] : [`it is ${answer.enabled}`])];
  const words = [...(resting ? [] : ['stop']), ...(disabled ? [] : ['disable'])];
  return [{ verb: '!', summary: `${words.join(' and ')} ${r.name}`, because }];
}

function formerOf(entry: LedgerEntry) {
  const { name, within } = entry.resource as { name: string; within: number };
  const { load, active, enabled } = entry.former as UnitAnswer;
  return { name, within, ran: active === 'active', enabled: enabled === 'enabled', masked: load === 'masked' };
}
