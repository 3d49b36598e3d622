import type { Action, Probe } from './action.js';
import type { Finding } from './finding.js';
import type { Plan } from './plan.js';

/** What a run tells its listeners. Reporters draw; they never decide. */
export type Event =
  | {
      readonly type: 'run-started';
      readonly command: string;
      readonly cluster: string;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'connected'; readonly host: string; readonly ms: number }
  | { readonly type: 'gathered'; readonly host: string; readonly ms: number }
  | { readonly type: 'checked'; readonly findings: readonly Finding[] }
  | { readonly type: 'planned'; readonly plan: Plan }
  | { readonly type: 'stage-started'; readonly host: string; readonly step: string; readonly title: string }
  | { readonly type: 'action-started'; readonly host: string; readonly step: string; readonly action: Action | Probe }
  | {
      readonly type: 'action-done';
      readonly host: string;
      readonly step: string;
      readonly action: Action | Probe;
      readonly ms: number;
    }
  | {
      readonly type: 'action-failed';
      readonly host: string;
      readonly step: string;
      readonly action: Action | Probe;
      readonly output: string;
    }
  | { readonly type: 'stage-done'; readonly host: string; readonly step: string; readonly ms: number }
  | { readonly type: 'host-failed'; readonly host: string; readonly message: string }
  | { readonly type: 'note'; readonly host?: string | undefined; readonly text: string }
  | { readonly type: 'run-finished'; readonly outcome: RunOutcome; readonly changed: number; readonly ms: number };

export type RunOutcome = 'unchanged' | 'changed' | 'would-change' | 'failed' | 'refused' | 'interrupted';
export type Listener = (event: Event) => void;
