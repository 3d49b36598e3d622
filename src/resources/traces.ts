import type { LedgerEntry, TracesResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { word, words } from './shell.js';
import { NFT_TABLES } from './traces-shell.js';

export interface TracesAnswer {
  /** Path that is there -> names inside it; null for what is not a directory. */
  readonly paths: Readonly<Record<string, readonly string[] | null>>;
  /** Names of network links of ours that are there. */
  readonly links: readonly string[];
  /** nftables' tables, `family name`; null: the host could not say. */
  readonly tables: readonly string[] | null;
  /** CNI's network namespaces. */
  readonly namespaces: readonly string[];
  /** The ledger has an entry for them: reset will remove them. */
  readonly owned: boolean;
}

/** What running components leave behind. Nothing is made; being in the ledger is what makes reset remove it. */
export const traces: Kind<TracesResource, TracesAnswer> = {
  kind: 'traces',
  name: (r) => r.name,

  ask: (rs) => `for p in ${words([...new Set(rs.flatMap((r) => r.paths))])}; do
  if [ -d "$p" ] && [ ! -L "$p" ]; then echo "dir $p"; ls -A -- "$p" | sed 's/^/in /'
  elif [ -e "$p" ] || [ -L "$p" ]; then echo "path $p"; fi
done
! have ip || ip -o link show | sed 's/^[0-9]*: \\([^:@]*\\).*/link \\1/'
if have nft && t=$(nft list tables 2>/dev/null); then echo tables; printf '%s\\n' "$t"; fi
[ ! -d /run/netns ] || ls /run/netns | sed -n 's/^cni-/namespace &/p'
${rs.map((r) => `! owned ${word(`traces ${r.name}`)} || echo owned ${word(r.name)}`).join('\n')}`,

  read(output, rs) {
    const paths = readPaths(output);
    const all = (tag: string): string[] =>
      [...output.matchAll(new RegExp(`^${tag} (.*)$`, 'gm'))].map((m) => m[1] ?? '');
    const [links, owned] = [all('link'), new Set(all('owned'))];
    const tables = /^tables$/m.test(output) ? all('table').filter((name) => NFT_TABLES.includes(name)) : null;
    return rs.map((r) => ({
      paths: Object.fromEntries(r.paths.flatMap((path) => (paths.has(path) ? [[path, paths.get(path) ?? null]] : []))),
      links: links.filter((link) => r.links.some((pattern) => matches(pattern, link))),
      tables: r.chains.length > 0 ? tables : null,
      namespaces: ownsNetwork(r) ? all('namespace') : [],
      owned: owned.has(r.name),
    }));
  },

  appear: (r, answer) =>
    answer.owned
      ? []
      : [{ verb: '+', summary: `take charge of ${r.name}`, because: ['reset has to know what was there before'] }],

  satisfied: (_, answer) => ({ ...answer, owned: true }),

  make(r) {
    for (const path of r.paths) removable(path);
    return ':';
  },

  ledger: {
    byResetOnly: true,
    // A daemon changes the mode of a directory that it finds (containerd makes its own 0700).
    keep: (r) =>
      [
        `for p in ${words(r.paths)}; do [ ! -d "$p" ] || stat -c '%a %u:%g %n' -- "$p"; done >"$entry.was.modes"`,
        ...(r.forwarding ? ['forward_policy >"$entry.was.policy"'] : []),
        ...keepSysctls(r),
      ].join('\n'),
    remember: (r) => ({
      name: r.name,
      paths: r.paths,
      links: r.links,
      chains: r.chains,
      ipvs: r.ipvs,
      ...(r.theirsWith === undefined ? {} : { theirsWith: r.theirsWith }),
      ...(r.forwarding === undefined ? {} : { forwarding: r.forwarding }),
      ...(r.ipsets === undefined ? {} : { ipsets: r.ipsets }),
      ...(r.routes === undefined ? {} : { routes: r.routes }),
      ...(r.sysctls === undefined ? {} : { sysctls: r.sysctls }),
    }),
    vanish: (entry) => ({
      verb: '-',
      summary: `${resourceOf(entry).sysctls === undefined ? 'remove' : 'put back'} ${resourceOf(entry).name}`,
      because: ['the components that provision ran left it behind'],
    }),
    unmake(entry) {
      const r = resourceOf(entry);
      const former = entry.former as TracesAnswer;
      const paths = [...r.paths].reverse().map((path) => {
        const before = former.paths[removable(path)];
        if (before === null) return '';
        return before === undefined
          ? `take_path ${word(path)}`
          : `take_children ${words([path, ...before])}\ngive_back_mode ${word(path)}`;
      });
      return [
        r.ipvs ? 'take_ipvs' : '',
        ...(former.links.includes(r.theirsWith ?? '') ? [] : takeNetwork(r, former)),
        ...paths,
        r.sysctls === undefined ? '' : 'unset_sysctls',
        ':',
      ]
        .filter((line) => line !== '')
        .join('\n');
    },
  },
};

const takeNetwork = (r: TracesResource, former: TracesAnswer): readonly string[] => [
  r.links.length > 0 ? `take_links ${words([former.links.join(' '), ...r.links])}` : '',
  r.chains.length > 0 ? `take_chains ${words([r.forwarding ? r.links.join(' ') : '', ...r.chains])}` : '',
  r.ipsets === undefined ? '' : `take_ipsets ${words(r.ipsets)}`,
  r.routes === undefined ? '' : `take_routes ${words(r.routes)}`,
  r.forwarding ? 'give_back_policy' : '',
  r.chains.length > 0 && former.tables !== null ? `take_tables ${words(former.tables)}` : '',
  ownsNetwork(r) ? `take_namespaces ${words(former.namespaces)}` : '',
];

/** What `unset_sysctls` reads. A setting that is not there yet comes with a module, and has no former value. */
const keepSysctls = ({ sysctls = [] }: TracesResource): readonly string[] =>
  sysctls.length === 0
    ? []
    : [
        `for k in ${words(sysctls)}; do [ ! -e "/proc/sys/$k" ] || printf '%s %s\\n' "$k" "$(sysctl_now "$k")"; done >"$entry.was.live"`,
      ];

const resourceOf = (entry: LedgerEntry): TracesResource => entry.resource as TracesResource;
const ownsNetwork = (r: TracesResource): boolean => r.links.length > 0;
const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function readPaths(output: string): ReadonlyMap<string, readonly string[] | null> {
  const paths = new Map<string, string[] | null>();
  let inside: string[] = [];
  for (const line of output.split('\n')) {
    const [, tag = '', rest = ''] = /^(dir|in|path) (.*)$/.exec(line) ?? [];
    if (tag === 'path') paths.set(rest, null);
    if (tag === 'in') inside.push(rest);
    if (tag === 'dir') {
      inside = [];
      paths.set(rest, inside);
    }
  }
  return paths;
}

/** Directories of the system itself: a list of traces that names one is a bug, and removing it would be the end of the host. */
const NEVER =
  /^\/(?:(?:bin|boot|dev|etc|home|lib|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)|etc\/(?:systemd(?:\/system)?|cni|default|sysctl\.d)|usr\/(?:bin|sbin|lib|libexec|share|local(?:\/\w+)?)|var\/(?:lib|log|run|cache|tmp|spool)|run\/(?:systemd|netns|dbus|lock|user))?$/;

function removable(path: string): string {
  if (
    !path.startsWith('/') ||
    path.includes('/../') ||
    /\/(\.\.?)?$/.test(path) ||
    path.includes('//') ||
    NEVER.test(path)
  ) {
    throw new ProvisionError('INTERNAL', `reset may not remove ${JSON.stringify(path)}`);
  }
  return path;
}
