import type { SwapResource } from '../model/index.js';
import type { Kind } from './kind.js';

export interface SwapAnswer {
  /** Devices and files that the kernel swaps to now. */
  readonly active: readonly string[];
  /** Lines of /etc/fstab that would bring swap back at boot. */
  readonly fstab: readonly string[];
  /** Swap units that are not made from fstab. */
  readonly units: readonly string[];
  /** zram-generator would make a swap device at boot. */
  readonly zram: boolean;
}

const NONE: SwapAnswer = { active: [], fstab: [], units: [], zram: false };
const GENERATOR = '/etc/systemd/zram-generator.conf';

/** No swap now, and none after a boot: fstab, swap units, zram-generator. */
export const swap: Kind<SwapResource, SwapAnswer> = {
  kind: 'swap',
  name: () => 'host',

  // A unit that systemd's generator made from fstab goes with its line. zram-generator(8): an empty file in /etc switches it off.
  ask: () => `need awk
[ ! -e /proc/swaps ] || awk 'NR > 1 { print "active " $1 }' /proc/swaps || exit 1
[ ! -e /etc/fstab ] || awk '$1 !~ /^#/ && $3 == "swap" { print "fstab " $0 }' /etc/fstab || exit 1
if have systemctl; then
  systemctl list-unit-files '*.swap' --no-legend --no-pager --full | while read -r u state rest; do
    case $state in masked* | disabled) continue ;; esac
    case $(systemctl show --property=SourcePath -- "$u") in SourcePath=/etc/fstab) ;; *) echo "unit $u" ;; esac
  done
fi
for g in /usr/lib/systemd/system-generators/zram-generator /lib/systemd/system-generators/zram-generator; do
  [ -x "$g" ] || continue
  for c in ${GENERATOR} /run/systemd/zram-generator.conf /usr/local/lib/systemd/zram-generator.conf /usr/lib/systemd/zram-generator.conf; do
    [ -e "$c" ] || continue
    [ ! -s "$c" ] || echo zram
    break
  done
  break
done`,

  read(output, rs) {
    const all = (tag: string): string[] =>
      [...output.matchAll(new RegExp(`^${tag} (.*)$`, 'gm'))].map((m) => m[1] ?? '');
    const answer: SwapAnswer = {
      active: all('active'),
      fstab: all('fstab'),
      units: all('unit'),
      zram: /^zram$/m.test(output),
    };
    return rs.map(() => answer);
  },

  appear(_, answer) {
    const because = [
      ...answer.active.map((name) => `${name} is in use`),
      ...answer.fstab.map((line) => `/etc/fstab: ${line}`),
      ...answer.units.map((name) => `unit ${name}`),
      ...(answer.zram ? ['zram-generator makes one at boot'] : []),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary: 'switch swap off, now and at boot', because }];
  },

  satisfied: () => NONE,

  make: () => `swap_off`,

  ledger: {
    remember: () => ({}),
    keep: () => `keep_file ${GENERATOR}`,
    vanish: () => ({ verb: '-', summary: 'give swap back', because: ['it was there before'] }),
    unmake(entry) {
      const former = entry.former as SwapAnswer;
      return `swap_back
${former.active.length === 0 ? '' : "swapon -a || say 'could not switch all swap on again'\nsystemctl start swap.target || :"}`;
    },
  },
};

/** Lines of fstab are marked, not deleted, so that exactly they come back. A unit that cannot be masked, since its file is in /etc, is disabled. */
export const SWAP_WORDS = `
swap_off() {
  [ ! -e /proc/swaps ] || [ "$(wc -l </proc/swaps)" -le 1 ] || swapoff -a || return 1
  [ ! -e /etc/fstab ] || edit_file /etc/fstab awk '$1 !~ /^#/ && $3 == "swap" { print "#provision# " $0; next } { print }' || return 1
  for _g in /usr/lib/systemd/system-generators/zram-generator /lib/systemd/system-generators/zram-generator; do
    [ ! -x "$_g" ] || { note "$entry.was.did" zram; : | install_file ${GENERATOR} 0644; break; }
  done
  have systemctl || return 0
  systemctl daemon-reload
  systemctl list-unit-files '*.swap' --no-legend --no-pager --full | while read -r _u _state _rest; do
    case $_state in masked* | disabled) continue ;; esac
    [ "$(systemctl show --property=SourcePath -- "$_u")" != SourcePath=/etc/fstab ] || continue
    if [ -f "/etc/systemd/system/$_u" ]; then note "$entry.was.did" "enable $_u" && systemctl disable --quiet -- "$_u"
    else note "$entry.was.did" "unmask $_u" && systemctl mask --quiet -- "$_u"; fi || exit 1
  done
}
swap_back() {
  [ ! -e /etc/fstab ] || edit_file /etc/fstab sed 's/^#provision# //'
  [ ! -e "$entry.was.did" ] || while read -r _did _u; do
    if [ "$_did" = zram ]; then if [ -e "$entry.was" ]; then give_back_file ${GENERATOR} had; else give_back_file ${GENERATOR} new; fi
    else systemctl "$_did" --quiet -- "$_u" || say "could not $_did $_u"; fi
  done <"$entry.was.did"
  ! have systemctl || systemctl daemon-reload
}
`;
