import type { Action, Goal, HostStage, Plan, Verb } from '../model/index.js';
import { redact } from './redact.js';
import { type Colour, count, paint, printable, type Style } from './text.js';

const COLOURS: Readonly<Record<Verb, Colour>> = { '+': 'green', '~': 'yellow', '!': 'cyan', '-': 'red' };

/** Lines of one difference that are shown without --verbose. */
const SHOWN_LINES = 24;

/** The plan for people: step by step, hosts with the same work folded into one, differences, a summary at the end. */
export function planText(plan: Plan, style: Style): string {
  const blocks = plan.stages.flatMap((stage) => {
    const groups = foldHosts(stage.hosts, plan.goal, style);
    if (groups.length === 0) return [];
    const title = `${paint(style, 'bold', stage.title)} ${paint(style, 'dim', `(${stage.step})`)}`;
    return [`${title}\n${groups.map(({ hosts, text }) => `  ${hosts.join(', ')}\n${text}`).join('\n')}`];
  });
  return [...blocks, planSummary(plan)].join('\n\n');
}

/** `Plan: 12 to add, 3 to change, 2 to run, 0 to remove on 3 hosts.` */
export function planSummary(plan: Plan): string {
  const actions = plan.stages.flatMap((stage) => [...stage.hosts.values()].flatMap((host) => host.actions));
  const hosts = new Set(
    plan.stages.flatMap((stage) => [...stage.hosts].filter(([, h]) => h.actions.length > 0).map(([name]) => name)),
  );
  if (actions.length === 0) {
    return plan.goal === 'absent'
      ? 'Nothing to remove: provision owns nothing on these hosts.'
      : 'Nothing to do: the hosts are as the inventory says.';
  }
  const of = (verb: Verb): number => actions.filter((action) => action.verb === verb).length;
  return `Plan: ${of('+')} to add, ${of('~')} to change, ${of('!')} to run, ${of('-')} to remove on ${count(hosts.size, 'host')}.`;
}

interface Group {
  readonly hosts: readonly string[];
  readonly text: string;
}

function foldHosts(hosts: ReadonlyMap<string, HostStage>, goal: Goal, style: Style): readonly Group[] {
  const groups = new Map<string, string[]>();
  for (const [host, { actions }] of hosts) {
    if (actions.length === 0) continue;
    const text = actions.map((action) => actionText(action, host, goal, style)).join('\n');
    groups.set(text, [...(groups.get(text) ?? []), host]);
  }
  return [...groups].map(([text, names]) => ({ hosts: names, text }));
}

function actionText(action: Action, host: string, goal: Goal, style: Style): string {
  const { verb } = action;
  const via = action.via === undefined || action.via === host ? '' : ` (by ${action.via})`;
  const head = `    ${verb} ${redact(printable(action.summary))}${via}`;
  // That a thing to be made is not there yet goes without saying; and that a reset takes back what was made.
  const because =
    (verb === '+' || goal === 'absent') && !style.verbose
      ? []
      : action.because.map((why) => `        because ${redact(printable(why))}`);
  return [
    paint(style, COLOURS[verb], head),
    ...because.map((line) => paint(style, 'dim', line)),
    ...diffLines(action, style),
  ].join('\n');
}

function diffLines(action: Action, style: Style): readonly string[] {
  if (action.diff === undefined || action.diff === '') return [];
  const lines = redact(printable(action.diff)).split('\n');
  if (action.verb === '+' && !style.verbose) return [];
  const shown = style.verbose ? lines : lines.slice(0, SHOWN_LINES);
  const rest = lines.length - shown.length;
  return [
    ...shown.map((line) => {
      const text = `        ${line}`;
      if (line.startsWith('+')) return paint(style, 'green', text);
      return line.startsWith('-') ? paint(style, 'red', text) : paint(style, 'dim', text);
    }),
    ...(rest > 0 ? [paint(style, 'dim', `        … ${count(rest, 'more line')} (--verbose shows them)`)] : []),
  ];
}
