import type { Action, FirewallResource } from '../model/index.js';
import type { Draft, Kind } from './kind.js';
import { words } from './shell.js';

export interface FirewallAnswer {
  readonly tool: 'firewalld' | 'ufw' | 'none';
  readonly active: boolean;
  /**
   * What is let in, sorted, by `runtime ZONE` and `permanent ZONE` of firewalld, or by `rules ufw`.
   * Zones are those that an interface of the host may be in, for ports, and `trusted`, for sources.
   */
  readonly zones: Readonly<Record<string, Openings>>;
}

export interface Openings {
  readonly ports: readonly string[];
  readonly sources: readonly string[];
}

type Opening = { readonly place: string; readonly what: 'port' | 'source'; readonly value: string };

/** Ports and sources let through a running firewalld or ufw, now and at boot. A host without one needs nothing. */
export const firewall: Kind<FirewallResource, FirewallAnswer> = {
  kind: 'firewall',
  name: () => 'host',

  // Two calls for all zones: each costs firewalld's client a quarter of a second.
  ask: () => `if have firewall-cmd && systemctl is-active --quiet firewalld; then
  echo 'tool firewalld'
  sed -n 's/^DefaultZone=/default /p' /etc/firewalld/firewalld.conf
  for how in '' --permanent; do
    z=$(firewall-cmd $how --list-all-zones) || exit 1
    echo "list \${how:---runtime}"; printf '%s\\n' "$z"
  done
elif have ufw; then
  case $(LC_ALL=C ufw status) in
    'Status: active'*) echo 'tool ufw'; LC_ALL=C ufw show added || exit 1 ;;
    'Status: inactive'*) echo 'tool ufw off' ;;
    *) exit 1 ;;
  esac
elif have firewall-cmd; then echo 'tool firewalld off'
else echo 'tool none'; fi`,

  read(output, rs) {
    const [, tool = 'none', off = ''] = /^tool (firewalld|ufw|none)( off)?$/m.exec(output) ?? [];
    const active = tool !== 'none' && off === '';
    const zones = !active ? {} : tool === 'ufw' ? ufwRules(output) : firewalldZones(output);
    return rs.map(() => ({ tool: tool as FirewallAnswer['tool'], active, zones }));
  },

  appear(r, answer) {
    const lacking = missing(r, answer);
    if (lacking.length === 0) return [];
    const values = [...new Set(lacking.map((o) => o.value))];
    const because = lacking.map(({ place, what, value }) => `${what} ${value} is not open (${place})`);
    const draft: Draft = { verb: '~', summary: `open ${values.join(', ')} in ${answer.tool}`, because };
    return [draft];
  },

  satisfied: (r, answer) => ({
    ...answer,
    zones: Object.fromEntries(
      Object.entries(answer.zones).map(([place, open]) => {
        const added = missing(r, answer).filter((o) => o.place === place);
        const values = (what: Opening['what']): string[] => added.filter((o) => o.what === what).map((o) => o.value);
        return [
          place,
          {
            ports: [...open.ports, ...values('port')].sort(),
            sources: [...open.sources, ...values('source')].sort(),
          },
        ];
      }),
    ),
  }),

  make(r, action: Action) {
    const lacking = missing(r, action.before as FirewallAnswer);
    const places = [...new Set(lacking.map((o) => `${o.place} ${o.what}`))];
    return places
      .map((place) => {
        const values = lacking.filter((o) => `${o.place} ${o.what}` === place).map((o) => o.value);
        return `open_firewall ${words([...place.split(' '), ...values])}`;
      })
      .join('\n');
  },

  ledger: {
    remember: () => ({}),
    vanish: (entry) => ({
      verb: '-',
      summary: `close what provision opened in ${(entry.former as FirewallAnswer).tool}`,
      because: ['provision opened it'],
    }),
    unmake: () => 'close_firewall',
  },
};

/**
 * open_firewall runtime|permanent|rules ZONE port|source VALUE…: every opening is noted in "$entry.was.open" before it is made.
 * close_firewall: exactly those. A zone's file in /etc that firewalld only wrote because of us goes again, or comes back byte for byte.
 */
export const FIREWALL_WORDS = `
zone_text() { tr -d '[:space:]' <"$1"; }
firewall_do() { # add|remove runtime|permanent ZONE OPTION…
  _how=$1; _when=$2; _zone=$3; shift 3
  for _a; do set -- "$@" "--$_how-$_a"; shift; done
  if systemctl is-active --quiet firewalld; then
    if [ "$_when" = permanent ]; then firewall-cmd --permanent --zone="$_zone" "$@"; else firewall-cmd --zone="$_zone" "$@"; fi
  elif [ "$_when" = permanent ] && have firewall-offline-cmd; then firewall-offline-cmd --zone="$_zone" "$@"; fi
}
keep_zone() {
  _f=/etc/firewalld/zones/$1.xml
  [ ! -e "$entry.was.zone.$1" ] || return 0
  [ -e "$_f.old" ] || : >"$entry.was.noold.$1"
  if [ -e "$_f" ]; then cp -p -- "$_f" "$entry.was.zone.$1"; else : >"$entry.was.zone.$1"; fi
}
forget_zone() {
  _f=/etc/firewalld/zones/$1.xml
  [ -e "$_f" ] && [ -e "$entry.was.zone.$1" ] || return 0
  _was=$entry.was.zone.$1; [ -s "$_was" ] || _was=/usr/lib/firewalld/zones/$1.xml
  [ -e "$_was" ] && [ "$(zone_text "$_f")" = "$(zone_text "$_was")" ] || return 0
  if [ -s "$entry.was.zone.$1" ]; then put_back "$_was" "$_f" || return 1; else rm -f -- "$_f"; fi
  [ ! -e "$entry.was.noold.$1" ] || rm -f -- "$_f.old"
}
ufw_rule() { # allow|delete port|source VALUE
  _d=; [ "$1" = allow ] || _d='--force delete'
  if [ "$2" = port ]; then ufw $_d allow "$(printf %s "$3" | tr - :)"
  else ufw $_d allow from "$3" && ufw $_d route allow from "$3" && ufw $_d route allow to "$3"; fi
}
open_firewall() {
  _place=$1; _zone=$2; _what=$3; shift 3
  for _v; do note "$entry.was.open" "$_place $_zone $_what $_v"; done
  if [ "$_place" = rules ]; then for _v; do ufw_rule allow "$_what" "$_v" || return 1; done; return 0; fi
  [ "$_place" = runtime ] || keep_zone "$_zone" || return 1
  for _v; do set -- "$@" "$_what=$_v"; shift; done
  firewall_do add "$_place" "$_zone" "$@"
}
close_firewall() {
  [ -e "$entry.was.open" ] || return 0
  cut -d' ' -f1,2 "$entry.was.open" | sort -u | while read -r _place _zone; do
    if [ "$_place" = rules ]; then
      ! have ufw || grep "^rules " "$entry.was.open" | while read -r _p _z _w _v; do ufw_rule delete "$_w" "$_v" </dev/null || :; done
      continue
    fi
    have firewall-cmd || continue
    firewall_do remove "$_place" "$_zone" $(grep "^$_place $_zone " "$entry.was.open" | sed 's/^[^ ]* [^ ]* \\([a-z]*\\) /\\1=/') </dev/null || exit 1
    [ "$_place" = runtime ] || { sleep 0.2; forget_zone "$_zone"; }
  done
  settle_firewalld
}
zones_as_text() { firewall-cmd "$@" --list-all-zones | sed 's/^\\([^ ][^ ]*\\) .*/\\1/; /^  interfaces:/d'; }
# firewalld keeps the empty chains of a zone that was used once. A reload drops them; it is done only when it loses nothing else:
# no settings that are runtime only, and its own nftables table, so that no other's rules are flushed with it.
settle_firewalld() {
  have firewall-cmd && systemctl is-active --quiet firewalld && grep -q '^FirewallBackend=nftables' /etc/firewalld/firewalld.conf || return 0
  [ "$(zones_as_text)" != "$(zones_as_text --permanent)" ] || firewall-cmd --reload
}
`;

/** What is not let in yet. A range that holds a port, and a source within a zone that trusts everybody, count. */
function missing(r: FirewallResource, answer: FirewallAnswer): readonly Opening[] {
  if (!answer.active) return [];
  return Object.entries(answer.zones).flatMap(([place, open]): readonly Opening[] => {
    const takesPorts = !place.endsWith(' trusted');
    const takesSources = !takesPorts || place === 'rules ufw';
    const ports = takesPorts ? r.ports.filter((port) => !open.ports.some((range) => covers(range, port))) : [];
    const sources = takesSources ? r.sources.filter((source) => !open.sources.includes(source)) : [];
    return [
      ...ports.map((value) => ({ place, what: 'port' as const, value })),
      ...sources.map((value) => ({ place, what: 'source' as const, value })),
    ];
  });
}

/** `30000-32767/tcp` covers `30080/tcp`. */
function covers(range: string, port: string): boolean {
  const [a, b] = [range, port].map((text) => /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(text));
  if (!a || !b || a[3] !== b[3]) return false;
  return Number(a[1]) <= Number(b[1]) && Number(b[2] ?? b[1]) <= Number(a[2] ?? a[1]);
}

function firewalldZones(output: string): Readonly<Record<string, Openings>> {
  const lists = new Map<string, ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>>();
  for (const part of output.split(/^list --/m).slice(1)) {
    lists.set(/^\w+/.exec(part)?.[0] ?? '', zonesOf(part));
  }
  const fallback = /^default (\S+)$/m.exec(output)?.[1] ?? 'public';
  const used = [...(lists.get('runtime') ?? [])].filter(([, zone]) => (zone.get('interfaces') ?? []).length > 0);
  const names = new Set([fallback, ...used.map(([name]) => name)].filter((name) => name !== 'trusted'));
  return Object.fromEntries(
    [...lists].flatMap(([when, zones]) =>
      [...names, 'trusted'].map((name) => {
        const values = (key: string): string[] => [...(zones.get(name)?.get(key) ?? [])].sort();
        return [`${when} ${name}`, { ports: values('ports'), sources: values('sources') }];
      }),
    ),
  );
}

/** `firewall-cmd --list-all-zones`: a zone's name at the margin, `  key: value value` below it. */
function zonesOf(text: string): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const zones = new Map<string, Map<string, readonly string[]>>();
  let zone = new Map<string, readonly string[]>();
  for (const line of text.split('\n').slice(1)) {
    const name = /^(\S+)/.exec(line)?.[1];
    if (name !== undefined) {
      zone = new Map();
      zones.set(name, zone);
    }
    const [, key = '', values = ''] = /^ {2}([\w-]+): ?(.*)$/.exec(line) ?? [];
    if (key !== '')
      zone.set(
        key,
        values.split(' ').filter((value) => value !== ''),
      );
  }
  return zones;
}

/** `ufw show added`: the commands that made the rules. A source counts when it may come in and be routed both ways. */
function ufwRules(output: string): Readonly<Record<string, Openings>> {
  const of = (pattern: RegExp): string[] => [...output.matchAll(pattern)].map((m) => (m[1] ?? '').replaceAll(':', '-'));
  const ports = of(/^ufw allow (\d[\d:]*\/\w+)(?: .*)?$/gm);
  const [input, out, back] = ['allow from', 'route allow from', 'route allow to'].map(
    (rule) =>
      new Set([...output.matchAll(new RegExp(`^ufw ${rule} (\\S+)(?: comment .*)?$`, 'gm'))].map((m) => m[1] ?? '')),
  );
  const sources = [...(input ?? [])].filter((source) => out?.has(source) && back?.has(source));
  return { 'rules ufw': { ports: ports.sort(), sources: sources.sort() } };
}
