/** Tables that kube-proxy, flannel and calico make in nftables mode, by their exact names. */
const COMPONENT_TABLES = [
  'ip kube-proxy',
  'ip6 kube-proxy',
  'ip flannel-ipv4',
  'ip6 flannel-ipv6',
  'ip calico',
  'ip6 calico',
];
/** Tables that iptables-nft makes when the first rule goes in; it never removes them. */
const IPTABLES_TABLES = ['ip', 'ip6'].flatMap((family) =>
  ['filter', 'nat', 'mangle', 'raw', 'security'].map((table) => `${family} ${table}`),
);
export const NFT_TABLES: readonly string[] = [...COMPONENT_TABLES, ...IPTABLES_TABLES];

const pattern = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(' | ');

/**
 * Words that remove what components leave behind, by name and nothing else.
 * take_chains "LINK…" PREFIX…: first the rules elsewhere that jump there, then what is in the chains, then the chains: per table in one commit.
 *   and of the other rules those that let something in or out by one of the LINKs.
 *   Never another's rule, never a whole table. A jump to a chain is the end of its rule, so a comment cannot fool it.
 * take_tables FORMER…: of NFT_TABLES those that were not there before; iptables' own only when nothing is left in them.
 * take_links "FORMER…" PATTERN…: veth* only when it hangs on a bridge of ours; never a device. tunl0 belongs to the kernel and is only emptied.
 * give_back_policy: of the FORWARD chain, as "$entry.was.policy" has it; a chain that was not there accepted everything.
 * take_ipsets PREFIX…: after the rules that refer to them. take_routes CIDR…: those to it and to its parts.
 * take_path PATH: whatever is there. take_children DIR FORMER…: what came into a directory that was there before.
 * give_back_mode DIR: as "$entry.was.modes" has it.
 */
export const TRACES_WORDS = `
chain_removals() {
  links=$1; shift
  links="$links" prefixes="$*" awk '
    function linked(  i) {
      for (i = 3; i < NF; i++) if (($i == "-i" || $i == "-o") && ($(i + 1) in link)) return 1
      return 0
    }
    function ours(chain,  i) { for (i in prefix) if (index(chain, prefix[i]) == 1) return 1; return 0 }
    BEGIN {
      split(ENVIRON["prefixes"], prefix, " ")
      for (i = split(ENVIRON["links"], named, " "); i > 0; i--) link[named[i]] = 1
    }
    /^\\*/ { table = $0; jumps = chains = 0; next }
    /^:/ { if (ours(substr($1, 2))) chain[++chains] = substr($1, 2); next }
    /^-A / { if (!ours($2) && (($(NF - 1) ~ /^-[jg]$/ && ours($NF)) || linked())) jump[++jumps] = substr($0, 4); next }
    /^COMMIT/ && jumps + chains > 0 {
      print table
      for (i = 1; i <= jumps; i++) print "-D " jump[i]
      for (i = 1; i <= chains; i++) print "-F " chain[i]
      for (i = 1; i <= chains; i++) print "-X " chain[i]
      print
    }'
}
forward_policy() { { iptables-save -t filter || :; } 2>/dev/null | sed -n 's/^:FORWARD \\([A-Z]*\\) .*/\\1/p'; }
give_back_policy() {
  have iptables-save && [ -e "$entry.was.policy" ] || return 0
  _now=$(forward_policy); _policy=$(cat "$entry.was.policy"); _policy=\${_policy:-ACCEPT}
  [ "\${_now:-ACCEPT}" = "$_policy" ] || iptables -w 60 -P FORWARD "$_policy"
}
take_chains() {
  _links=$1; shift
  for _t in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy iptables ip6tables; do
    have "$_t-save" && have "$_t-restore" || continue
    "$_t-save" 2>/dev/null | chain_removals "$_links" "$@" >"$entry.was.chains"
    [ -s "$entry.was.chains" ] || continue
    "$_t-restore" -w 60 --noflush <"$entry.was.chains" || { say "$_t would not remove:"; cat "$entry.was.chains"; return 1; }
  done
}
table_bare() { # FAMILY NAME: only base chains that accept, and nothing in them
  nft list table "$1" "$2" | awk '
    $1 == "table" || $1 ~ /^#/ || NF == 0 { next }
    $1 == "chain" { open = 1; next }
    $1 == "type" && /policy accept;$/ { open = 0; next }
    $1 == "}" { if (open) left = 1; open = 0; next }
    { left = 1 }
    END { exit left }'
}
take_tables() {
  have nft || return 0
  nft list tables | while read -r _word _family _name; do
    for _f; do [ "$_f" != "$_family $_name" ] || continue 2; done
    case "$_family $_name" in
      ${pattern(COMPONENT_TABLES)}) nft delete table "$_family" "$_name" || exit 1 ;;
      ${pattern(IPTABLES_TABLES)}) ! table_bare "$_family" "$_name" || nft delete table "$_family" "$_name" || exit 1 ;;
    esac
  done
}
is_named() { # NAME PATTERN…: a * at the end stands for anything
  _x=$1; shift
  for _p; do case $_p in *'*') [ "\${_x#"\${_p%'*'}"}" = "$_x" ] || return 0 ;; "$_x") return 0 ;; esac; done
  return 1
}
take_links() { # by ip and not by /sys: a container's /sys may show the links of the machine below
  _was=" $1 "; shift
  have ip || return 0
  for _round in veth rest; do
    ip -o link show | sed 's/^[0-9]*: \\([^:@]*\\)[^:]*:\\(.*\\)/\\1 \\2/' | while read -r _n _rest; do
      is_named "$_n" "$@" || continue
      case $_was in *" $_n "*) continue ;; esac
      case $_n in
        veth*) [ $_round = veth ] && is_named "$(printf '%s\\n' "$_rest" | sed -n 's/.* master \\([^ ]*\\) .*/\\1/p')" cni0 "$@" || continue ;;
        tunl0) [ $_round = veth ] || { ip address flush dev tunl0 && ip link set dev tunl0 down; } || exit 1; continue ;;
        *) [ $_round = rest ] || continue ;;
      esac
      ip link delete dev "$_n" || ! ip link show dev "$_n" >/dev/null 2>&1 || exit 1
    done || return 1
  done
}
take_ipsets() {
  have ipset || return 0
  for _s in $(ipset list -n 2>/dev/null); do
    for _p; do case $_s in "$_p"*) ipset destroy "$_s" || return 1 ;; esac; done
  done
}
take_routes() {
  have ip || return 0
  for _r; do ip -4 route flush root "$_r" || return 1; done
}
take_ipvs() { # the services on the addresses of kube-proxy's own link
  have ip && ip link show dev kube-ipvs0 >/dev/null 2>&1 && [ -e /proc/net/ip_vs ] || return 0
  have ipvsadm || { say 'there is no ipvsadm: IPVS services stay until the next boot'; return 0; }
  _own=" $(ip -o addr show dev kube-ipvs0 | awk '{ sub("/.*", "", $4); print $4 }' | tr '\\n' ' ')"
  ipvsadm -S -n | while read -r _a _proto _service _rest; do
    [ "$_a" = -A ] || continue
    _address=\${_service%:*}; _address=\${_address#[}; _address=\${_address%]}
    case $_own in *" $_address "*) ipvsadm -D "$_proto" "$_service" || exit 1 ;; esac
  done
}
take_namespaces() {
  for _l in /run/netns/cni-*; do
    [ -e "$_l" ] || continue
    for _f; do [ "$_f" != "\${_l##*/}" ] || continue 2; done
    umount -l -- "$_l" 2>/dev/null || :
    rm -f -- "$_l"
  done
}
take_path() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  unmount_below "$1" || return 1
  while p="$1" awk '$5 == ENVIRON["p"] { f = 1 } END { exit !f }' /proc/self/mountinfo; do unmount "$1" || return 1; done
  rm -rf -- "$1"
}
take_children() {
  _dir=$1; shift
  for _c in "$_dir"/* "$_dir"/.[!.]* "$_dir"/..?*; do
    [ -e "$_c" ] || [ -L "$_c" ] || continue
    for _f; do [ "$_f" != "\${_c##*/}" ] || continue 2; done
    take_path "$_c" || return 1
  done
}
give_back_mode() {
  [ -e "$entry.was.modes" ] || return 0
  while read -r _mode _owner _path; do
    [ "$_path" != "$1" ] || [ ! -d "$1" ] || { chown "$_owner" -- "$1" && chmod "$_mode" -- "$1"; }
  done <"$entry.was.modes"
}
`;
