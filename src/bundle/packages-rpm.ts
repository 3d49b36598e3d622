// Packages for hosts with yum or dnf: a host of the same system chooses, fetches and verifies them, and hands them over. Its package manager
// is the one tool that every such system has for all of it; URLs it tells only with plugins, and some of them are for its own eyes (metalinks,
// certificates of a subscription, a proxy). Pure: the question is shell, run by whoever has the connection.
import { ProvisionError } from '../model/index.js';
import {
  type PackageList,
  type PackageWish,
  packageWords,
  patternWord,
  put,
  splitSpec,
  type WishedRepository,
} from './packages.js';
import { type Relation, type RpmPackage, repodata } from './repodata.js';

/**
 * All that is asked for, with all it depends on, as if nothing were installed: into a folder of its own, with a root, a cache and keys of its
 * own, so that the host stays as it was. `repositories` are those that the inventory brings, beside the host's.
 *
 * Every package must be signed by a key that is pinned, that the system keeps in /etc/pki/rpm-gpg, or that rpm trusts there already; where it
 * is installed its signature is looked at once more. rpm's verdict is `digests signatures OK`, or before 4.14 `rsa sha1 (md5) pgp md5 OK`; what has no
 * signature is `digests OK`.
 */
export const rpmQuestion = ({ names, repositories }: PackageWish, port: number): string => `
need rpm rpmkeys curl sha256sum mktemp awk
if have dnf; then _tool='dnf --setopt=install_weak_deps=False'; else need yum; _tool=yum; fi
_d=$(mktemp -d /var/tmp/provision-packages.XXXXXX) || exit 1
trap 'rm -rf -- "$_d"' EXIT
mkdir -p "$_d/root/etc/dnf" "$_d/root/etc/yum" "$_d/repos" "$_d/keys" "$_d/rpms" && rpm --dbpath "$_d/trust" --initdb || exit 1
for _vars in dnf/vars yum/vars; do [ ! -d "/etc/$_vars" ] || cp -a -- "/etc/$_vars" "$_d/root/etc/$_vars" || exit 1; done
for _f in /etc/yum.repos.d/*.repo; do [ ! -f "$_f" ] || sed 's/^gpgcheck[ \\t]*=.*/gpgcheck=1/' "$_f" >"$_d/repos/\${_f##*/}" || exit 1; done
${repositories.map(placed).join('\n')}
_v=$(rpm -q --qf '[%{PROVIDENAME} %{PROVIDEVERSION}\\n]' --whatprovides system-release | sed -n 's/^system-release(releasever) //p' | head -n 1)
[ -n "$_v" ] || _v=$(rpm -q --qf '%{VERSION}\\n' --whatprovides system-release | head -n 1)
$_tool -y --installroot="$_d/root" --releasever="$_v" --setopt=reposdir="$_d/repos" --setopt=cachedir="$_d/cache" --setopt=gpgcheck=1 \\
  --disableexcludes=all --downloadonly --downloaddir="$_d/rpms" install ${packageWords(names, '-')} >&2 || ! have dnf || exit 1
trust() { rpmkeys --dbpath "$_d/trust" --import "$1" >/dev/null 2>&1 || :; }
rpm -q gpg-pubkey --qf '%{DESCRIPTION}\\n' >"$_d/keys/.rpm" || :
for _k in "$_d/keys"/* "$_d/keys/.rpm" /etc/pki/rpm-gpg/*; do [ ! -f "$_k" ] || trust "$_k"; done
for _f in "$_d/rpms"/*.rpm; do
  [ -f "$_f" ] || { echo 'it fetched no packages' >&2; exit 1; }
  _said=$(LC_ALL=C rpmkeys --dbpath "$_d/trust" -K -- "$_f" 2>&1) || { printf '%s\\n' "$_said" >&2; exit 1; }
  case \${_said##*: } in *signatures*OK | *pgp*OK | *gpg*OK) ;; *) printf 'not signed: %s\\n' "$_said" >&2; exit 1 ;; esac
  _sum=$(sha256sum <"$_f" | cut -c1-64) && _u=http://127.0.0.1:${port}/$_sum || exit 1
  curl -fsS --noproxy '*' -I "$_u" >/dev/null 2>&1 || curl -fsS --noproxy '*' -T "$_f" "$_u" >&2 || exit 1
  printf 'rpm %s %s %s\\n' "\${_f##*/}" "$_sum" "$(wc -c <"$_f")"
  rpm -qp --nosignature --qf '${FORMAT}' -- "$_f" || exit 1
done`;

/** Lines by their first letter; a tag that a package lacks is printed as "(none)", on a line that says nothing. */
const FORMAT = [
  'n %{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{LONGSIZE}\\n',
  ...['PROVIDE', 'REQUIRE', 'CONFLICT', 'OBSOLETE'].map(
    (tag) => `[${tag.charAt(0).toLowerCase()} %{${tag}FLAGS} %{${tag}VERSION} %{${tag}NAME}\\n]\\n`,
  ),
  '[f %{FILENAMES}\\n]\\n',
].join('');

/** A repository of the inventory's; what it stands in for is not asked. */
function placed({ id, title, baseUrl, repoGpgcheck, replaces, keys }: WishedRepository): string {
  const settings = [`[${id}]`, `name=${title}`, `baseurl=${baseUrl}`, 'enabled=1', 'gpgcheck=1'];
  const signed = [`repo_gpgcheck=${repoGpgcheck ? 1 : 0}`];
  const away = replaces.map((path) => `rm -f -- "$_d/repos"/${patternWord(path.replace(/^.*\//, ''))}`);
  const text = [...settings, ...signed].map((line) => `${line}\n`).join('');
  return [
    ...away,
    put(`"$_d/keys/${id}"`, keys),
    put(`"$_d/repos/${id}.repo"`, text),
    `printf 'gpgkey=file://%s\\n' "$_d/keys/${id}" >>"$_d/repos/${id}.repo" || exit 1`,
  ].join('\n');
}

/** What that printed. The packages are here already: each is held to the sum that the host gave when it is put into the bundle. */
export function readRpmList(output: string, names: readonly string[]): PackageList {
  const packages = output
    .split(/^(?=rpm )/m)
    .filter((text) => text.startsWith('rpm '))
    .map(readPackage);
  const lost = names.filter((spec) => !packages.some((one) => isPackage(one, spec)));
  if (lost.length > 0) {
    throw new ProvisionError(
      'ARTIFACT',
      `its repositories do not have ${lost.map((spec) => spec.replace('=', ' ')).join(', ')}`,
      {
        hint: 'look on that host which versions there are: dnf --showduplicates list NAME; which repositories it has is its own and mirrors of the inventory',
      },
    );
  }
  return {
    files: packages.map(({ file, sha256, version, release }) => ({
      file,
      url: null,
      version: `${version}-${release}`,
      sha256,
    })),
    lists: repodata(packages),
  };
}

/** By its name or, as a host's own package manager takes it, by what it provides. */
function isPackage({ name, version, release, provides }: RpmPackage, spec: string): boolean {
  const [wanted, wantedVersion] = splitSpec(spec);
  if (wantedVersion === undefined) return name === wanted || provides.some((one) => one.name === wanted);
  return name === wanted && (version === wantedVersion || `${version}-${release}`.startsWith(`${wantedVersion}-`));
}

function readPackage(text: string): RpmPackage {
  const [, file = '', sha256 = '', size = ''] = /^rpm (\S+) ([0-9a-f]{64}) +(\d+)$/m.exec(text) ?? [];
  const [, name = '', epoch = '', version = '', release = '', arch = '', installed = ''] =
    /^n (\S+) (\d+) (\S+) (\S+) (\S+) (\d+)$/m.exec(text) ?? [];
  if (file === '' || name === '')
    throw new ProvisionError('FACTS', `cannot read what rpm says of a package`, { said: text.slice(0, 500) });
  const relations = (letter: string): readonly Relation[] =>
    [...text.matchAll(new RegExp(`^${letter} (\\d+) (\\S*) (\\S.*)$`, 'gm'))].map(
      ([, flags = '', edition = '', thing = '']) => ({ name: thing, flags: Number(flags), version: edition }),
    );
  return {
    file,
    sha256,
    size: Number(size),
    name,
    epoch,
    version,
    release,
    arch,
    installedSize: Number(installed),
    provides: relations('p'),
    requires: relations('r'),
    conflicts: relations('c'),
    obsoletes: relations('o'),
    files: [...text.matchAll(/^f (\/.*)$/gm)].map(([, path = '']) => path),
  };
}
