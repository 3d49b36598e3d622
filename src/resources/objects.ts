import type { KubernetesObject, ObjectsResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { differences } from './compare.js';
import type { Draft, Kind } from './kind.js';
import { ADMIN_CONF, APPLY_WORD, apiWord, listOf, privateFile } from './kubectl-words.js';
import { heredoc } from './shell.js';

/** One live object (or null: not there) per manifest; or why nobody could be asked. */
export type ObjectsAnswer =
  | { readonly state: 'unreachable'; readonly why: string }
  | { readonly state: 'asked'; readonly live: readonly (KubernetesObject | null)[] };

/** API objects that belong together. No ledger: they go with the cluster, and are never the host's to give back. */
export const objects: Kind<ObjectsResource, ObjectsAnswer> = {
  kind: 'objects',
  name: (r) => r.name,

  // One kubectl for all of them. An API that cannot be asked yet is an answer here: it is what the first plan finds. So is a kind that
  // the API does not know: its definition is among what is to be made.
  ask: (rs) => `
${apiWord(ADMIN_CONF)}
${ASK_WORD}
if [ ! -f ${ADMIN_CONF} ] || ! have kubectl; then echo 'unreachable there is no API server yet'
elif ! api get --raw /readyz >/dev/null 2>&1; then echo 'unreachable the API server does not answer'
elif [ "$(api auth can-i '*' '*' 2>/dev/null)" != yes ]; then echo 'unreachable admin.conf has no rights yet'
else
  echo asked
  ${heredoc('ask_objects', listOf(rs.flatMap((r) => r.manifests.map(identityOf))))}
fi`,

  read(output, rs) {
    const [, why] = /^unreachable (.*)/.exec(output) ?? [];
    if (why !== undefined) return rs.map(() => ({ state: 'unreachable', why }));
    const found = new Map(liveObjects(output).map((object) => [idOf(object), object]));
    return rs.map((r) => ({ state: 'asked', live: r.manifests.map((m) => found.get(idOf(m)) ?? null) }));
  },

  appear(r, answer, circumstances) {
    if (answer.state === 'unreachable') {
      return [
        {
          verb: '+',
          summary: `apply ${r.name}: ${counted(r.manifests.length)}`,
          because: [answer.why],
          secret: circumstances.superAdminKubeconfig(),
        },
      ];
    }
    const because = r.manifests.flatMap((manifest, i) => {
      const live = answer.live[i];
      if (live === null || live === undefined) return [`${titleOf(manifest)} is not there`];
      return differences(wishOf(manifest), live).map((difference) => `${titleOf(manifest)} ${difference}`);
    });
    if (because.length === 0) return [];
    const missing = answer.live.every((live) => live === null);
    const draft: Draft = {
      verb: missing ? '+' : '~',
      summary: `apply ${r.name}: ${counted(r.manifests.length)}`,
      because,
    };
    return [draft];
  },

  satisfied: (r) => ({ state: 'asked', live: r.manifests }),

  // The run's own super-admin where admin.conf could not be used when the plan was made: its binding may be among these.
  make: (r, action) => `
${action.secret === undefined ? apiWord(ADMIN_CONF) : `${privateFile('super-admin.conf', action.secret.reveal())}${apiWord('"$PROVISION_TMP/super-admin.conf"')}`}
${APPLY_WORD}
${privateFile('objects.json', listOf(r.manifests))}apply_objects "$PROVISION_TMP/objects.json"
rm -f -- "$PROVISION_TMP/objects.json" "$PROVISION_TMP/super-admin.conf"`,
};

/** `ask_objects`: what is there of the objects on stdin. */
const ASK_WORD = `
ask_objects() {
  { _why=$(api get -f - -o json --ignore-not-found 2>&1 >&3); } 3>&1 && return 0
  _why=$(printf '%s\\n' "$_why" | grep -v -e 'no matches for kind' -e '^ensure CRDs are installed first') || return 0
  printf '%s\\n' "$_why" >&2
  return 1
}`;

/** Published definitions carry an empty status; it is the API server's to fill. */
const wishOf = ({ status: _, ...wish }: KubernetesObject): unknown => wish;

const counted = (n: number): string => (n === 1 ? '1 object' : `${n} objects`);

/** Enough to ask for it; a question carries no content. */
const identityOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): unknown => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

const idOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): string =>
  [apiVersion, kind, namespace ?? '', name].join('/');

const titleOf = ({ kind, metadata: { name } }: KubernetesObject): string => `${kind} ${name}`;

/** kubectl prints a List for many, the object itself for one, nothing for none. */
function liveObjects(output: string): readonly KubernetesObject[] {
  const text = output.replace(/^asked\n/, '').trim();
  if (text === '') return [];
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (cause) {
    throw new ProvisionError('FACTS', 'the API server answered with something that is not JSON', {
      said: text.slice(0, 2000),
      cause,
    });
  }
  const object = said as KubernetesObject;
  return object.kind === 'List' ? (object['items'] as readonly KubernetesObject[]) : [object];
}
