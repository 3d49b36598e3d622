import { type Finding, type Plan, ProvisionError, type RunOutcome } from '../model/index.js';
import { planSummary } from './plan-text.js';
import { redact } from './redact.js';
import { count, pad, paint, printable, type Style, wrap } from './text.js';

/** Lines of a host's last words that are shown without --verbose. */
const LAST_WORDS = 8;

/** An error as a small letter: what we tried, where, what the host said, what you can do. */
export function errorText(error: unknown, style: Style): string {
  if (!(error instanceof ProvisionError)) return bugText(error, style);
  const where = [error.step, error.host === undefined ? undefined : `on ${error.host}`].filter((w) => w !== undefined);
  const head = `${where.length > 0 ? `${where.join(' ')}: ` : ''}${redact(printable(error.message))}`;
  return [
    `${paint(style, 'red', '✖')} ${wrapped(head, 2, style)}  ${paint(style, 'dim', `[${error.code}]`)}`,
    ...labelled('last words:', lastWords(error.said ?? '', style), style),
    ...labelled('try:', error.hint === undefined ? [] : redact(error.hint).split('\n'), UNBROKEN),
    ...(style.verbose ? labelled('cause:', causeOf(error), style) : []),
  ].join('\n');
}

function lastWords(said: string, style: Style): readonly string[] {
  const lines = onceEach(
    redact(printable(said))
      .split('\n')
      .filter((line) => line.trim() !== ''),
  );
  if (style.verbose || lines.length <= LAST_WORDS) return lines;
  return [`… (${count(lines.length - LAST_WORDS, 'earlier line')}; --verbose shows them)`, ...lines.slice(-LAST_WORDS)];
}

/** Lines that follow each other and differ in durations only (a download that was tried ten times) are one line and how often. */
function onceEach(lines: readonly string[]): readonly string[] {
  const same = (line: string | undefined): string | undefined => line?.replace(/\b\d+ ?m?s\b/g, '');
  const runs: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last !== undefined && same(last.line) === same(line)) runs.splice(-1, 1, { line, times: last.times + 1 });
    else runs.push({ line, times: 1 });
  }
  return runs.flatMap(({ line, times }) => (times > 2 ? [`${line} (${times} times)`] : Array(times).fill(line)));
}

const LABEL_COLUMNS = 12;
/** A command is there to be copied: where its line ends is the terminal's affair. */
const UNBROKEN: Style = { colour: false };

function labelled(label: string, lines: readonly string[], { columns }: Style): readonly string[] {
  const room = columns === undefined ? undefined : columns - LABEL_COLUMNS - 3;
  return lines
    .flatMap((line) => wrap(line, room))
    .map((line, i) => `  ${pad(i === 0 ? label : '', LABEL_COLUMNS)} ${line}`);
}

/** A paragraph whose further lines stand under its first word, `indent` columns in. */
const wrapped = (text: string, indent: number, { columns }: Style): string =>
  text
    .split('\n')
    .flatMap((line) => wrap(line, columns === undefined ? undefined : columns - indent))
    .join(`\n${' '.repeat(indent)}`);

function causeOf(error: Error): readonly string[] {
  const { cause } = error;
  if (cause === undefined) return [];
  return redact(printable(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))).split('\n');
}

/** Anything that is not one of our letters is our mistake, and says so. */
function bugText(error: unknown, style: Style): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `${paint(style, 'red', '✖')} a mistake of provision itself  ${paint(style, 'dim', '[INTERNAL]')}`,
    ...labelled('what:', redact(printable(text)).split('\n'), style),
    ...labelled('try:', ['report it with these lines; running the command again is safe'], style),
  ].join('\n');
}

/** Errors first, then warnings; each with its host and its cure. Equal findings of several hosts are told once. */
export function findingsText(findings: readonly Finding[], style: Style): string {
  if (findings.length === 0) return `${paint(style, 'green', '✔')} preflight: nothing speaks against it`;
  const told = (['error', 'warning'] as const).flatMap((severity) =>
    folded(findings.filter((finding) => finding.severity === severity)).map(({ hosts, finding }) => {
      const mark = severity === 'error' ? paint(style, 'red', 'error  ') : paint(style, 'yellow', 'warning');
      const where = hosts.length > 0 ? `${hosts.join(', ')}: ` : '';
      const message = wrapped(`${where}${printable(finding.message)}`, 8, style);
      return `${mark} ${message}  ${paint(style, 'dim', `[${finding.name}]`)}\n${labelled('try:', [printable(finding.cure)], UNBROKEN).join('\n')}`;
    }),
  );
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const warnings = findings.length - errors;
  const sum = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ].join(', ');
  return [...told, `preflight: ${sum}`].join('\n');
}

function folded(findings: readonly Finding[]): readonly { hosts: readonly string[]; finding: Finding }[] {
  const groups = new Map<string, { hosts: string[]; finding: Finding }>();
  for (const finding of findings) {
    const key = `${finding.name}\n${finding.message}`;
    const group = groups.get(key) ?? { hosts: [], finding };
    if (finding.host !== null) group.hosts.push(finding.host);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What a run came to; the shape that `run/` reports. */
export interface Ending {
  readonly outcome: RunOutcome;
  readonly plan: Plan;
  readonly changed: number;
  readonly failures: ReadonlyMap<string, ProvisionError>;
}

/** @param command what was run, for going on after an end in between. */
export function summaryText(ending: Ending, style: Style, command: string): string {
  const { outcome, plan, changed, failures } = ending;
  const hosts = new Set(plan.stages.flatMap((stage) => [...stage.hosts.keys()])).size;
  // That a host stopped because it was told to is no news, host by host.
  const letters = [...failures.values()]
    .filter((failure) => failure.code !== 'INTERRUPTED')
    .map((failure) => errorText(failure, style));
  const good = paint(style, 'green', '✔');
  const bad = paint(style, 'red', '✖');
  const planned = plan.stages.flatMap((stage) => [...stage.hosts.values()].flatMap((host) => host.actions)).length;
  switch (outcome) {
    case 'unchanged':
      return `${good} ${plan.cluster}: ${plan.goal === 'absent' ? 'nothing to remove' : 'nothing to do, 0 changes'}`;
    case 'changed':
      return `${good} ${plan.cluster}: ${count(changed, 'change')} on ${count(hosts, 'host')}`;
    case 'would-change':
      return planSummary(plan);
    case 'refused':
      return `${plan.cluster}: nothing was touched`;
    case 'interrupted':
      return [
        ...letters,
        `${bad} ${plan.cluster}: interrupted after ${changed} of ${count(planned, 'change')}; what had begun is finished`,
        ...labelled('go on:', [command], UNBROKEN),
      ].join('\n');
    case 'failed':
      return [
        ...letters,
        `${bad} ${plan.cluster}: ${failures.size} of ${count(hosts, 'host')} failed (${[...failures.keys()].join(', ')}), after ${changed} of ${count(planned, 'change')}`,
        ...labelled('go on:', [`mend it, then: ${command}`], UNBROKEN),
      ].join('\n');
  }
}
