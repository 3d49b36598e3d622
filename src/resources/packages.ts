import type { Action, LedgerEntry, PackagesResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { EXCLUDED_WORD } from './packages-shell.js';
import { word, words } from './shell.js';

export interface PackagesAnswer {
  /** Installed version and release per package, without its epoch; null: not installed, or only half. */
  readonly versions: Readonly<Record<string, string | null>>;
  /** Those that an update leaves alone, whoever said so. */
  readonly held: readonly string[];
}

/** Packages of the host's repositories. What is missing is installed, what has a version gets it, and only what that brought in goes again. */
export const packages: Kind<PackagesResource, PackagesAnswer> = {
  kind: 'packages',
  name: (r) => r.name,

  // A name that rpm does not know may still be provided by a package of another name (EL9: iptables by iptables-nft).
  // Held is what the versionlock plugin or a repository's exclude line keeps from an update; dpkg has a state for it.
  ask: (rs) => `set -- ${words(namesOf(rs))}
if have apt-get; then
  need dpkg-query
  dpkg-query -W -f='have \${Package} \${db:Status-Status} \${Version} \${db:Status-Want}\\n' -- "$@" 2>/dev/null || [ $? -eq 1 ]
elif have rpm; then
  rpm -q rpm >/dev/null || exit 1
  found=$(LC_ALL=C rpm -q --qf 'have %{NAME} installed %{VERSION}-%{RELEASE}\\n' "$@")
  printf '%s\\n' "$found" | grep '^have '
  for p in $(printf '%s\\n' "$found" | sed -n 's/^package \\(.*\\) is not installed$/\\1/p'); do
    rpm -q --whatprovides --qf "have $p installed %{VERSION}-%{RELEASE}\\n" "$p" | grep '^have ' | head -n 1
  done
  ${rs.some((r) => r.hold === true) ? HELD_BY_RPM : ':'}
else echo 'neither apt nor rpm is on this host' >&2; exit 69
fi`,

  read(output, rs) {
    const versions = new Map<string, string>();
    const held = new Set<string>();
    for (const [, name = '', version = '', want] of output.matchAll(/^have (\S+) installed (\S+)(?: (\S+))?$/gm)) {
      versions.set(name, version.replace(/^\d+:/, ''));
      if (want === 'hold') held.add(name);
    }
    for (const [, name = ''] of output.matchAll(/^excluded (\S+)$/gm)) held.add(name);
    // versionlock(1): NAME-EPOCH:VERSION-RELEASE.ARCH of dnf, EPOCH:NAME-VERSION-… of yum.
    const locks = [...output.matchAll(/^locked (\S+)$/gm)].map(([, lock = '']) => lock.replace(/^\d+:/, ''));
    return rs.map((r) => ({
      versions: Object.fromEntries(r.packages.map((name) => [name, versions.get(name) ?? null])),
      held: r.packages.filter((name) => held.has(name) || locks.some((lock) => locksOf(lock) === name)),
    }));
  },

  appear(r, answer) {
    const { missing, wrong, loose } = gaps(r, answer);
    const because = [
      ...missing.map((name) => `${name} is not installed`),
      ...wrong.map((name) => `${name} is ${answer.versions[name]}, not ${r.versions?.[name]}`),
      ...loose.map((name) => `${name} is not held`),
    ];
    if (because.length === 0) return [];
    const named = [...missing, ...wrong].map((name) => [name, r.versions?.[name] ?? ''].join(' ').trim());
    const summary = named.length > 0 ? `install ${named.join(', ')}` : `hold ${loose.join(', ')}`;
    return [{ verb: missing.length > 0 ? '+' : '~', summary, because }];
  },

  satisfied: (r, answer) => ({
    versions: Object.fromEntries(
      r.packages.map((name) => {
        const installed = answer.versions[name] ?? null;
        const wanted = r.versions?.[name];
        return [name, installed !== null && isVersion(installed, wanted) ? installed : (wanted ?? 'installed')];
      }),
    ),
    held: r.packages.filter((name) => answer.held.includes(name) || (r.hold === true && name in (r.versions ?? {}))),
  }),

  make(r, action: Action) {
    const { missing, wrong, loose } = gaps(r, (action.before as PackagesAnswer | null) ?? NOTHING);
    const named = [...missing, ...wrong].map((name) => [name, r.versions?.[name]] as const);
    return [
      r.from === undefined
        ? `package_repos ${words(checkedRepos(r.enableRepos ?? []))}`
        : `package_source ${word(r.from)}`,
      loose.length === 0 ? '' : `can_hold ${words(checked(loose))}`,
      named.length === 0 ? '' : `install_packages ${words(named.map(specOf))}`,
      loose.length === 0 ? '' : `hold_packages ${words(checked(loose))}`,
    ]
      .filter((line) => line !== '')
      .join('\n');
  },

  ledger: {
    remember: (r) => ({ packages: r.packages, versions: r.versions ?? {}, enableRepos: r.enableRepos ?? [] }),
    vanish: (entry) => ({
      verb: '-',
      summary: `remove ${missingIn(formerOf(entry)).join(', ')} and what came with them`,
      because: ['they were not there before'],
    }),
    unmake(entry) {
      const { versions = {}, enableRepos = [] } = entry.resource as Partial<PackagesResource>;
      const before = Object.entries(formerOf(entry).versions).flatMap(([name, version]) =>
        version !== null && name in versions ? [specOf([name, version])] : [],
      );
      const putBack = before.length === 0 ? [] : [`put_back_versions ${words(before)}`];
      return [
        `package_repos ${words(checkedRepos(enableRepos))}`,
        'release_packages',
        'remove_packages',
        ...putBack,
      ].join('\n');
    },
  },
};

const HELD_BY_RPM = `cat /etc/dnf/plugins/versionlock.list /etc/yum/pluginconf.d/versionlock.list 2>/dev/null | sed -n 's/^\\([^#! ][^ ]*\\).*/locked \\1/p'
  ${EXCLUDED_WORD}  cat /etc/yum.repos.d/*.repo /etc/dnf/dnf.conf /etc/yum.conf 2>/dev/null | excluded | sed 's/^/excluded /'`;

const NOTHING: PackagesAnswer = { versions: {}, held: [] };

/** What is between the answer and the wish. A version that nobody asked for is never wrong. */
function gaps(r: PackagesResource, answer: PackagesAnswer) {
  const at = (name: string): string | null => answer.versions[name] ?? null;
  return {
    missing: r.packages.filter((name) => at(name) === null),
    wrong: r.packages.filter((name) => at(name) !== null && !isVersion(at(name) ?? '', r.versions?.[name])),
    loose: r.packages.filter((name) => r.hold === true && name in (r.versions ?? {}) && !answer.held.includes(name)),
  };
}

/** Is `1.36.3-150500.1.1` or `20.10.24~3-0~debian` the upstream version wanted? The same rule as `is_version` of the shell. */
function isVersion(installed: string, wanted: string | undefined): boolean {
  if (wanted === undefined || installed === wanted) return true;
  return installed.startsWith(wanted) && /^(-|\+|\^|~\d)/.test(installed.slice(wanted.length));
}

const locksOf = (lock: string): string => lock.replace(/-(\d+:)?\d[^-]*(-[^-]*)?$/, '');

const missingIn = (answer: PackagesAnswer): readonly string[] =>
  Object.keys(answer.versions).filter((name) => answer.versions[name] === null);

const formerOf = (entry: LedgerEntry): PackagesAnswer => (entry.former as PackagesAnswer | null) ?? NOTHING;

const namesOf = (rs: readonly PackagesResource[]): readonly string[] =>
  checked([...new Set(rs.flatMap((r) => r.packages))]);

/** NAME, or NAME=VERSION: neither apt's nor rpm's names hold a `=`. */
function specOf([name, version]: readonly [string, string | undefined]): string {
  checked([name]);
  if (version === undefined) return name;
  if (!/^[A-Za-z0-9][A-Za-z0-9.+~^_-]*$/.test(version))
    throw new ProvisionError('INVENTORY', `not a package version: ${JSON.stringify(version)}`);
  return `${name}=${version}`;
}

/** dnf and yum take no `--`, so a name that could be an option is refused here. */
function checked(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (!/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/.test(name)) {
      throw new ProvisionError('INVENTORY', `not a package name: ${JSON.stringify(name)}`);
    }
  }
  return names;
}

function checkedRepos(ids: readonly string[]): readonly string[] {
  for (const id of ids) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id))
      throw new ProvisionError('INVENTORY', `not a repository id: ${JSON.stringify(id)}`);
  }
  return ids;
}
