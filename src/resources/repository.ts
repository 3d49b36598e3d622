import type { LedgerEntry, RepositoryResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { lineDiff } from './diff.js';
import type { Kind } from './kind.js';
import { ownFile } from './own-file.js';
import { KEY_WORDS } from './repository-shell.js';
import { heredoc, word, words } from './shell.js';

export interface RepositoryAnswer {
  readonly content: string | null;
  /** Fingerprints of the primary keys in its key file; null: there is no such file. */
  readonly keys: readonly string[] | null;
  /** Which of the pinned keys rpm trusts. apt trusts a key for one repository only, by its file. */
  readonly trusted: readonly string[];
  /** Files that it stands in for and that are still read. */
  readonly aside: readonly string[];
}

/** A repository of packages: its file, the keys that sign it, and its metadata fetched once. What cannot be verified is never put in place. */
export const repository: Kind<RepositoryResource, RepositoryAnswer> = {
  kind: 'repository',
  name: (r) => r.id,

  ask: (rs) => `need base64 od awk sha1sum${KEY_WORDS}
${rs
  .map((r) => {
    const { file, keyFile } = placesOf(r);
    return `[ ! -f ${word(file)} ] || { printf 'file ${idOf(r)} '; b64 <${word(file)}; } || exit 1
[ ! -f ${word(keyFile)} ] || { echo 'keyfile ${idOf(r)}'; keys_in ${word(keyFile)} | sed 's/^/key ${idOf(r)} /'; }
${r.replaces.map((path) => `files_like ${word(path)} | grep -vxF -e ${word(file)} | sed 's/^/aside ${idOf(r)} /'`).join('\n')}`;
  })
  .join('\n')}
! have rpm || rpm -q gpg-pubkey --qf 'trusted %{VERSION}\\n' || [ $? -eq 1 ]`,

  read(output, rs) {
    const all = (pattern: RegExp): readonly (readonly string[])[] => [...output.matchAll(pattern)].map((m) => [...m]);
    const trusted = all(/^trusted ([0-9a-f]+)$/gm).map(([, id = '']) => id.toUpperCase());
    return rs.map((r) => {
      const mine = (tag: string): readonly string[] =>
        all(new RegExp(`^${tag} ${r.id.replaceAll('.', '\\.')}(?: (.*))?$`, 'gm')).map(([, value = '']) => value);
      const [text] = mine('file');
      return {
        content: text === undefined ? null : Buffer.from(text, 'base64').toString('utf8'),
        keys: mine('keyfile').length === 0 ? null : mine('key'),
        // gpg-pubkey's version is the end of the fingerprint, or all of it from rpm 6 on.
        trusted: r.format === 'apt' ? [] : r.keyFingerprints.filter((key) => trusted.some((id) => key.endsWith(id))),
        aside: [...new Set(mine('aside'))],
      };
    });
  },

  appear(r, answer) {
    const wanted = contentOf(r);
    const because = [
      ...(answer.content === null ? ['it is not there'] : answer.content === wanted ? [] : ['its file differs']),
      ...keyTrouble(r, answer),
      ...answer.aside.map((path) => `${path} is still in use`),
    ];
    if (because.length === 0) return [];
    const diff = answer.content === wanted ? undefined : lineDiff(answer.content ?? '', wanted);
    const verb = answer.content === null ? '+' : '~';
    return [{ verb, summary: `use repository ${r.id} at ${r.baseUrl}`, because, diff }];
  },

  satisfied: (r, answer) => ({
    content: contentOf(r),
    keys: r.keyUrls.length === 0 ? answer.keys : areOurs(r, answer.keys) ? answer.keys : r.keyFingerprints,
    trusted: r.format === 'apt' ? [] : r.keyFingerprints,
    aside: [],
  }),

  make(r) {
    const { file, keyFile } = placesOf(r);
    const keys =
      r.keyUrls.length === 0
        ? ''
        : `repository_keys ${words([idOf(r), r.format, keyFile, keyUrlsOf(r).length, ...keyUrlsOf(r), ...fingerprintsOf(r)])} || exit 1\n`;
    const tried = r.untried
      ? ''
      : heredoc(`try_repository ${words([idOf(r), r.format, file, r.baseUrl])}`, contentOf(r));
    return `${keys}${tried}put_aside ${words([file, ...r.replaces])}
keep_path ${word(file)}
${heredoc(`install_file ${word(file)} 0644`, contentOf(r))}rm -rf -- "$entry.was.try"`;
  },

  ledger: {
    remember: (r) => ({ id: r.id, format: r.format }),
    vanish: (entry) => ({
      verb: '-',
      summary: `use repository ${idIn(entry)} no longer`,
      because: ['provision added it'],
    }),
    unmake: (entry) => `forget_repository ${words([idIn(entry), formatIn(entry)])}`,
  },
};

/** Where it lies on the host, by its format. */
function placesOf(r: Pick<RepositoryResource, 'id' | 'format'>): { readonly file: string; readonly keyFile: string } {
  return r.format === 'yum'
    ? { file: `/etc/yum.repos.d/${r.id}.repo`, keyFile: `/etc/pki/rpm-gpg/RPM-GPG-KEY-provision-${r.id}` }
    : { file: `/etc/apt/sources.list.d/${r.id}.sources`, keyFile: `/etc/apt/keyrings/provision-${r.id}.asc` };
}

/** yum.conf(5), and deb822 style of sources.list(5), which apt knows since Debian 8. */
function contentOf(r: RepositoryResource): string {
  const { keyFile } = placesOf(r);
  const lines =
    r.format === 'yum'
      ? [
          `[${idOf(r)}]`,
          `name=${line(r.title)}`,
          `baseurl=${url(r.baseUrl)}`,
          `enabled=${r.enabled ? 1 : 0}`,
          'gpgcheck=1',
          `repo_gpgcheck=${r.repoGpgcheck ? 1 : 0}`,
          `gpgkey=file://${keyFile}`,
          ...(r.exclude.length === 0 ? [] : [`exclude=${line(r.exclude.join(' '))}`]),
          'skip_if_unavailable=0',
        ]
      : [
          `Enabled: ${r.enabled ? 'yes' : 'no'}`,
          'Types: deb',
          `URIs: ${url(r.baseUrl)}`,
          `Suites: ${line(r.suite ?? '/')}`,
          ...((r.components ?? []).length === 0 ? [] : [`Components: ${line((r.components ?? []).join(' '))}`]),
          `Signed-By: ${line(r.keyring ?? keyFile)}`,
        ];
  return ownFile(lines);
}

function keyTrouble(r: RepositoryResource, answer: RepositoryAnswer): readonly string[] {
  if (r.keyUrls.length === 0) return [];
  if (answer.keys === null) return ['its key is not there'];
  if (!areOurs(r, answer.keys)) return ['its key file holds other keys than those pinned'];
  if (r.format === 'apt') return [];
  return answer.keys.filter((key) => !answer.trusted.includes(key)).map((key) => `rpm does not trust its key ${key}`);
}

const areOurs = (r: RepositoryResource, keys: readonly string[] | null): boolean =>
  keys !== null && keys.length > 0 && keys.every((key) => r.keyFingerprints.includes(key));

const refused = (what: string, value: string): ProvisionError =>
  new ProvisionError('INVENTORY', `not a ${what}: ${JSON.stringify(value)}`);

/** It becomes part of file names and of lines that others parse. */
function idOf({ id }: Pick<RepositoryResource, 'id'>): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id)) throw refused('repository id', id);
  return id;
}

/** A line of a file of settings: what broke out of it would be a setting of its own. */
function line(text: string): string {
  if (/[\0-\x1f]/.test(text)) throw refused('line of a repository file', text);
  return text;
}

function url(text: string): string {
  if (!/^(https?|file):\/\/[^\s\0-\x1f]+$/.test(text)) throw refused('repository URL', text);
  return text;
}

const keyUrlsOf = (r: RepositoryResource): readonly string[] => r.keyUrls.map(url);

function fingerprintsOf(r: RepositoryResource): readonly string[] {
  for (const key of r.keyFingerprints) if (!/^[0-9A-F]{40}$/.test(key)) throw refused('key fingerprint', key);
  return r.keyFingerprints;
}

const idIn = (entry: LedgerEntry): string => idOf(entry.resource as RepositoryResource);
const formatIn = (entry: LedgerEntry): string => (entry.resource as RepositoryResource).format;
