import type { NodeResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { ADMIN_CONF, apiWord, KUBELET_CONF } from './kubectl-words.js';
import { word, words } from './shell.js';

type Taint = NodeResource['taints'][number];

export type NodeAnswer =
  | { readonly state: 'unreachable'; readonly why: string }
  | {
      readonly state: 'asked';
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly taints: readonly Taint[];
    };

/** Past this many seconds a node that has its certificate and does not show up has another trouble. */
const REGISTERS_WITHIN = 90;

/** On the Node: which labels and taints came from the inventory, so that those taken out of it can go; others stay untouched. */
const MARKS = 'provision/marks';

/**
 * Labels, taints and annotations of the host's Node. Asked with the kubelet's own rights, set with the leader's: NodeRestriction.
 * What the inventory no longer says goes again; what somebody else set stays.
 */
export const node: Kind<NodeResource, NodeAnswer> = {
  kind: 'node',
  name: (r) => r.name,

  ask: (rs) => `
${apiWord(KUBELET_CONF)}
if [ ! -f ${KUBELET_CONF} ] || ! have kubectl; then echo 'unreachable the node has not joined yet'
else
  for n in ${words(rs.map((r) => r.name))}; do
    if said=$(api get node "$n" -o json --ignore-not-found 2>&1); then printf 'node '; printf '%s' "$said" | b64
    else printf 'unreachable %s\\n' "$(printf '%s' "$said" | tail -n 1)"; fi
  done
fi`,

  read(output, rs) {
    const lines = output.split('\n').filter((line) => line !== '');
    return rs.map((_, i) => answerOf(lines[i] ?? lines[0] ?? ''));
  },

  appear(r, answer) {
    if (answer.state === 'unreachable' && isBlank(r)) return [];
    const because = answer.state === 'unreachable' ? [answer.why] : [...missing(r, answer), ...unwanted(r, answer)];
    if (because.length === 0) return [];
    return [{ verb: '~', summary: `label and taint node ${r.name}`, because, via: 'leader' }];
  },

  satisfied: (r) => ({ state: 'asked', labels: r.labels, annotations: annotationsOf(r), taints: r.taints }),

  make: (r) => `
${apiWord(ADMIN_CONF)}
wait_for ${REGISTERS_WITHIN} api get node ${word(r.name)} || { say "node "${word(r.name)}" did not register within ${REGISTERS_WITHIN} s"; exit 1; }
${dropMarks(r)}
${setMarks(r).join('\n')}`,
};

/** `label:zone taint:dedicated:NoSchedule`: keys hold neither blank nor colon. */
const marksOf = (r: NodeResource): readonly string[] => [
  ...Object.keys(r.labels).map((key) => `label:${key}`),
  ...r.taints.map(({ key, effect }) => `taint:${key}:${effect}`),
];

const annotationsOf = (r: NodeResource): Readonly<Record<string, string>> =>
  marksOf(r).length === 0 ? r.annotations : { ...r.annotations, [MARKS]: marksOf(r).join(' ') };

/** From what the Node says now, not when the plan was made: it may not have been asked then. */
const dropMarks = (r: NodeResource): string => `
for _mark in $(api get node ${word(r.name)} -o ${word(`jsonpath={.metadata.annotations.${MARKS}}`)}); do
  case ${word(` ${marksOf(r).join(' ')} `)} in *" $_mark "*) continue ;; esac
  case $_mark in
    label:*) api label node ${word(r.name)} "\${_mark#label:}-" ;;
    taint:*) api taint node ${word(r.name)} "\${_mark#taint:}-" || : ;; # somebody else may have taken it off
  esac
done
${marksOf(r).length === 0 ? `api annotate node ${word(r.name)} ${word(`${MARKS}-`)}` : ''}`;

const isBlank = (r: NodeResource): boolean =>
  r.taints.length + Object.keys(r.labels).length + Object.keys(r.annotations).length === 0;

function setMarks(r: NodeResource): readonly string[] {
  const pairs = (record: Readonly<Record<string, string>>) => Object.entries(record).map(([k, v]) => `${k}=${v}`);
  const told = (verb: string, values: readonly string[]) =>
    values.length === 0 ? [] : [`api ${verb} node ${word(r.name)} --overwrite ${words(values)}`];
  return [
    ...told('label', pairs(r.labels)),
    ...told('annotate', pairs(annotationsOf(r))),
    ...told('taint', r.taints.map(taintText)),
  ];
}

const taintText = ({ key, value, effect }: Taint): string =>
  `${key}${value === undefined ? '' : `=${value}`}:${effect}`;

function missing(r: NodeResource, answer: Extract<NodeAnswer, { state: 'asked' }>): readonly string[] {
  const lacks = (what: string, ours: Readonly<Record<string, string>>, live: Readonly<Record<string, string>>) =>
    Object.entries(ours)
      .filter(([key, value]) => live[key] !== value)
      .map(([key, value]) => `${what} ${key}=${value}`);
  const live = new Set(answer.taints.map(taintText));
  return [
    ...lacks('label', r.labels, answer.labels),
    ...lacks('annotation', r.annotations, answer.annotations),
    ...r.taints
      .map(taintText)
      .filter((taint) => !live.has(taint))
      .map((taint) => `taint ${taint}`),
  ];
}

/** What the inventory said once and says no longer; also marks that are not written down yet. */
function unwanted(r: NodeResource, answer: Extract<NodeAnswer, { state: 'asked' }>): readonly string[] {
  const [kept, wanted] = [(answer.annotations[MARKS] ?? '').split(' ').filter((mark) => mark !== ''), marksOf(r)];
  const gone = kept.filter((mark) => !wanted.includes(mark));
  if (gone.length > 0) return gone.map((mark) => `${mark.replace(':', ' ')} is no longer in the inventory`);
  return wanted.every((mark) => kept.includes(mark)) ? [] : ['what came from the inventory is not written down there'];
}

function answerOf(line: string): NodeAnswer {
  const [, why] = /^unreachable (.*)/.exec(line) ?? [];
  if (why !== undefined) return { state: 'unreachable', why };
  const [, encoded] = /^node (\S*)$/.exec(line) ?? [];
  if (encoded === undefined)
    throw new ProvisionError('FACTS', 'nobody could say how the node is labelled', { said: line });
  if (encoded === '') return { state: 'unreachable', why: 'the node has not registered yet' };
  const { metadata, spec } = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as {
    readonly metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
    readonly spec: { readonly taints?: readonly Taint[] };
  };
  const taints = (spec.taints ?? []).map(({ key, value, effect }) => ({
    key,
    effect,
    ...(value === undefined || value === '' ? {} : { value }),
  }));
  return { state: 'asked', labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {}, taints };
}
