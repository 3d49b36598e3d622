// Packages for hosts without a way to their repositories: chosen and vouched for by the package manager of a host of the same system that
// has one. Pure: the question is shell, run by whoever has the connection.
import { ProvisionError, type RepositoryResource } from '../model/index.js';

export interface PackageList {
  readonly files: readonly PackageFile[];
  /** What makes a repository of them, by its path beside them. */
  readonly lists: ReadonlyMap<string, Buffer>;
}

export interface PackageFile {
  readonly file: string;
  /** null: a host has handed it over. */
  readonly url: string | null;
  readonly version: string;
  readonly sha256: string;
}

/** What is asked of a host. */
export interface PackageWish {
  /** NAME, or NAME=VERSION with upstream's version. */
  readonly names: readonly string[];
  /** Those that the inventory brings, beside the host's own. */
  readonly repositories: readonly WishedRepository[];
}

export type WishedRepository = Pick<
  RepositoryResource,
  'id' | 'title' | 'baseUrl' | 'suite' | 'components' | 'keyring' | 'repoGpgcheck' | 'replaces'
> & {
  /** Its public keys, ASCII-armored; '' when the system has them. */
  readonly keys: string;
};

/**
 * A question for an apt host: the packages with all they depend on, as if nothing were installed, so that hosts of any state find what
 * they lack. apt verifies its lists by their signatures; the sums in them are what the files are held to. The host's own lists, cache and
 * status stay as they are.
 */
export const aptQuestion = ({ names, repositories }: PackageWish): string => `
need apt-get apt-cache mktemp awk
_d=$(mktemp -d /var/tmp/provision-packages.XXXXXX) || exit 1
trap 'rm -rf -- "$_d"' EXIT
mkdir -p "$_d/lists/partial" "$_d/cache" "$_d/archives/partial" "$_d/etc/parts" "$_d/keys" && : >"$_d/status" || exit 1
for _f in /etc/apt/sources.list.d/* /etc/apt/sources.list; do
  case $_f in */sources.list) _to="$_d/etc/sources.list" ;; *) _to="$_d/etc/parts/" ;; esac
  [ ! -f "$_f" ] || cp -- "$_f" "$_to" || exit 1
done
${repositories.map(placed).join('\n')}
own() {
  _tool=$1; shift
  LC_ALL=C "$_tool" -o Dir::Etc::sourcelist="$_d/etc/sources.list" -o Dir::Etc::sourceparts="$_d/etc/parts" \\
    -o Dir::State::status="$_d/status" -o Dir::State::lists="$_d/lists" -o Dir::Cache="$_d/cache" \\
    -o Dir::Cache::archives="$_d/archives" -o APT::Install-Recommends=0 -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
own apt-get -qq update >&2 || exit 1
set --
for _p in ${packageWords(names, '=')}; do
  case $_p in *=*) # repositories know a version with their own additions
    _v=$(own apt-cache madison -- "\${_p%%=*}" | awk -F' *[|] *' '{ print $2 }' | w=\${_p#*=} awk '{ v = $0; sub(/^[0-9]+:/, "", v); r = substr(v, length(ENVIRON["w"]) + 1) }
      index(v, ENVIRON["w"]) == 1 && r ~ /^($|[-+^]|~[0-9])/ { print; exit }')
    [ -n "$_v" ] || { echo "its repositories do not have \${_p%%=*} \${_p#*=}" >&2; exit 1; }
    _p=\${_p%%=*}=$_v ;;
  esac
  set -- "$@" "$_p"
done
_uris=$(own apt-get -qq --print-uris install "$@") || exit 1
printf '%s\\n' "$_uris" | sed -n 's/^.\\(http[^ ]*\\). \\([^ ]*\\.deb\\) .*/uri \\1 \\2/p'
for _p in $(printf '%s\\n' "$_uris" | sed -n 's/^[^ ]* \\([^_ ]*\\)_\\([^_ ]*\\)_\\([^_ ]*\\)\\.deb .*/\\1:\\3=\\2/p' | sed 's/%3a/:/g; s/:all=/=/'); do
  own apt-cache show --no-all-versions "$_p" || exit 1
done`;

/** A repository of the inventory's, in deb822 style; what it stands in for is not asked. */
function placed({ id, baseUrl, suite = '/', components = [], keyring, replaces, keys }: WishedRepository): string {
  const away = replaces.map((path) =>
    path === '/etc/apt/sources.list'
      ? 'rm -f -- "$_d/etc/sources.list"'
      : `rm -f -- "$_d/etc/parts"/${patternWord(path.replace(/^.*\//, ''))}`,
  );
  const lines = [
    'Types: deb',
    `URIs: ${baseUrl}`,
    `Suites: ${suite}`,
    ...(components.length === 0 ? [] : [`Components: ${components.join(' ')}`]),
    ...(keyring === undefined ? [] : [`Signed-By: ${keyring}`]),
  ];
  const file = `"$_d/etc/parts/${id}.sources"`;
  return [
    ...away,
    put(file, lines.map((line) => `${line}\n`).join('')),
    ...(keyring === undefined
      ? [put(`"$_d/keys/${id}.asc"`, keys), `printf 'Signed-By: %s\\n' "$_d/keys/${id}.asc" >>${file} || exit 1`]
      : []),
  ].join('\n');
}

/** A text into a file of the question's own folder, byte for byte. */
export const put = (place: string, text: string): string =>
  `base64 -d >${place} <<'__TEXT__' || exit 1\n${Buffer.from(text)
    .toString('base64')
    .replace(/.{1,1000}/g, '$&\n')}__TEXT__`;

/** The shell shall expand it, so it may hold nothing else that means something to it. */
export function patternWord(pattern: string): string {
  if (/^[A-Za-z0-9._*-]+$/.test(pattern)) return pattern;
  throw new ProvisionError('INTERNAL', `not a pattern of file names: ${JSON.stringify(pattern)}`);
}

/** NAME=VERSION, or a name alone. */
export function splitSpec(spec: string): readonly [name: string, version: string | undefined] {
  const at = spec.indexOf('=');
  return at < 0 ? [spec, undefined] : [spec.slice(0, at), spec.slice(at + 1)];
}

/** Names reach a shell as they are: only what cannot be anything else. `between`: how the package manager joins a name and a version. */
export const packageWords = (specs: readonly string[], between: '=' | '-'): string =>
  specs
    .map((spec) => {
      const [name, version] = splitSpec(spec);
      if (!/^[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(name) || !/^[A-Za-z0-9][A-Za-z0-9.+~^_-]*$/.test(version ?? '1'))
        throw new ProvisionError('INVENTORY', `not a package name: ${JSON.stringify(spec)}`);
      return version === undefined ? name : `${name}${between}${version}`;
    })
    .join(' ');

/** What that printed: URLs, and the stanza of each package, as its repository has it. */
export function readAptList(output: string): PackageList {
  const stanzas = output
    .replace(/^uri .*\n/gm, '')
    .split(/\n{2,}/)
    .map((stanza) => stanza.trim())
    .filter((stanza) => stanza !== '');
  const field = (stanza: string, name: string): string =>
    new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? '';
  const files: PackageFile[] = [];
  const kept: string[] = [];
  for (const [, url = '', file = ''] of output.matchAll(/^uri (\S+) (\S+)$/gm)) {
    const base = decodeURIComponent(url.replace(/^.*\//, ''));
    const stanza = stanzas.find((text) => field(text, 'Filename').replace(/^.*\//, '') === base);
    const sha256 = stanza === undefined ? '' : field(stanza, 'SHA256');
    if (stanza === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
      throw new ProvisionError('ARTIFACT', `its repository gives no sha256 for ${file}`, { said: url });
    }
    const name = safe(file);
    files.push({ file: name, url, version: field(stanza, 'Version'), sha256 });
    kept.push(stanza.replace(/^Filename:.*$/m, `Filename: ./${name}`));
  }
  if (files.length === 0)
    throw new ProvisionError('ARTIFACT', 'apt named no packages', { said: output.slice(0, 2000) });
  return { files, lists: new Map([['Packages', Buffer.from(`${kept.join('\n\n')}\n`)]]) };
}

/** apt writes an epoch's colon as %3a; a name in a URL had better have neither. */
const safe = (file: string): string => file.replace(/%[0-9a-f]{2}/gi, '_');
