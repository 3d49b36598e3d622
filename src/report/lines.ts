import type { Action, Event, Finding, Listener, Probe } from '../model/index.js';
import { isAction } from '../model/index.js';
import { redact } from './redact.js';
import { count, duration, pad, paint, printable, type Style } from './text.js';

export interface LinesOptions extends Style {
  write(text: string): void;
  now(): number;
}

/** Plain lines for CI and pipes, one per thing done: `[12.3s] h2  runtime: install containerd 2.2.1 … 4.1s`. */
export function lines(options: LinesOptions): Listener {
  const beganMs = options.now();
  let longest = 0;
  return (event) => {
    longest = Math.max(longest, ...hostsOf(event).map((host) => host.length));
    for (const { host, text } of said(event, options)) {
      const stamp = `[${duration(options.now() - beganMs).padStart(6)}]`;
      const where = longest === 0 ? '' : `${pad(host, longest)}  `;
      options.write(`${paint(options, 'dim', stamp)} ${where}${text}\n`);
    }
  };
}

function hostsOf(event: Event): readonly string[] {
  if (event.type === 'run-started') return event.hosts;
  return 'host' in event && event.host !== undefined ? [event.host] : [];
}

interface Line {
  readonly host: string;
  readonly text: string;
}

function said(event: Event, options: LinesOptions): readonly Line[] {
  switch (event.type) {
    case 'run-started':
      return [{ host: '', text: `${event.command} ${event.cluster} on ${count(event.hosts.length, 'host')}` }];
    case 'connected':
    case 'gathered':
      return options.verbose ? [{ host: event.host, text: `${event.type} … ${duration(event.ms)}` }] : [];
    case 'checked':
      return event.findings.length === 0 ? [] : [{ host: '', text: findingsLine(event.findings, options) }];
    case 'action-started':
      return options.verbose ? [{ host: event.host, text: `${event.step}: ${whatOf(event.action)} …` }] : [];
    case 'action-done':
      return [{ host: event.host, text: `${event.step}: ${whatOf(event.action)} … ${duration(event.ms)}` }];
    case 'action-failed':
      return [
        { host: event.host, text: `${paint(options, 'red', '✖')} ${event.step}: ${whatOf(event.action)} … failed` },
        ...(options.verbose
          ? redact(printable(event.output))
              .split('\n')
              .map((line) => ({ host: event.host, text: `  ${line}` }))
          : []),
      ];
    case 'host-failed':
      return [{ host: event.host, text: `${paint(options, 'red', '✖')} ${redact(printable(event.message))}` }];
    case 'note':
      return [{ host: event.host ?? '', text: redact(printable(event.text)) }];
    case 'run-finished':
      return [{ host: '', text: `${event.outcome}: ${count(event.changed, 'change')} in ${duration(event.ms)}` }];
    case 'planned':
    case 'stage-started':
    case 'stage-done':
      return [];
  }
}

export const whatOf = (work: Action | Probe): string =>
  redact(printable(isAction(work) ? work.summary : work.title)).replaceAll('\n', ' ');

function findingsLine(findings: readonly Finding[], options: LinesOptions): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const parts = [
    ...(errors > 0 ? [paint(options, 'red', count(errors, 'error'))] : []),
    ...(findings.length > errors ? [paint(options, 'yellow', count(findings.length - errors, 'warning'))] : []),
  ];
  const names = [...new Set(findings.map((finding) => finding.name))];
  return `preflight: ${parts.join(', ')} (${names.join(', ')})`;
}
