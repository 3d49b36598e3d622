// Packages for hosts without a way to their repositories: chosen and vouched for by the package manager of a host of the same system that
// has one. Pure: the question is shell, run by whoever has the connection.
import { ProvisionError } from '../model/index.js';

export interface PackageList {
  readonly files: readonly PackageFile[];
  /** What makes a repository of them, beside them. */
  readonly listName: string;
  readonly listText: string;
}

export interface PackageFile {
  readonly file: string;
  readonly url: string;
  readonly version: string;
  readonly sha256: string;
}

/**
 * A question for an apt host: the packages with all they depend on, as if nothing were installed, so that hosts of any state find what
 * they lack. apt verifies its lists by their signatures; the sums in them are what the files are held to. The host's own lists, cache and
 * status stay as they are.
 */
export const aptQuestion = (names: readonly string[]): string => `
need apt-get apt-cache mktemp
_d=$(mktemp -d /var/tmp/provision-packages.XXXXXX) || exit 1
trap 'rm -rf -- "$_d"' EXIT
mkdir -p "$_d/lists/partial" "$_d/cache" "$_d/archives/partial" && : >"$_d/status" || exit 1
own() {
  _tool=$1; shift
  LC_ALL=C "$_tool" -o Dir::State::status="$_d/status" -o Dir::State::lists="$_d/lists" -o Dir::Cache="$_d/cache" \\
    -o Dir::Cache::archives="$_d/archives" -o APT::Install-Recommends=0 -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
own apt-get -qq update >&2 || exit 1
_uris=$(own apt-get -qq --print-uris install ${names.map(packageWord).join(' ')}) || exit 1
printf '%s\\n' "$_uris" | sed -n 's/^.\\(http[^ ]*\\). \\([^ ]*\\.deb\\) .*/uri \\1 \\2/p'
for _p in $(printf '%s\\n' "$_uris" | sed -n 's/^[^ ]* \\([^_ ]*\\)_\\([^_ ]*\\)_\\([^_ ]*\\)\\.deb .*/\\1:\\3=\\2/p' | sed 's/%3a/:/g; s/:all=/=/'); do
  own apt-cache show --no-all-versions "$_p" || exit 1
done`;

/** Names reach a shell as they are: only what cannot be anything else. */
function packageWord(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9+.-]*$/.test(name)) return name;
  throw new ProvisionError('INVENTORY', `not a package name: ${JSON.stringify(name)}`);
}

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
  return { files, listName: 'Packages', listText: `${kept.join('\n\n')}\n` };
}

/** apt writes an epoch's colon as %3a; a name in a URL had better have neither. */
const safe = (file: string): string => file.replace(/%[0-9a-f]{2}/gi, '_');
