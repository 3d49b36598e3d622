import type { Event } from '../model/index.js';
import { isAction } from '../model/index.js';
import { actionJson, planJson } from './plan-json.js';
import { safeJson } from './redact.js';

/** An event as one line of JSON: actions by what they say, plans without contents, no secrets. `at` is ISO 8601. */
export function eventLine(event: Event, atMs: number): string {
  return safeJson({ at: new Date(atMs).toISOString(), ...plain(event) });
}

function plain(event: Event): object {
  switch (event.type) {
    case 'planned':
      return { type: event.type, plan: planJson(event.plan) };
    case 'action-started':
    case 'action-done':
    case 'action-failed': {
      const { action } = event;
      const { resource: _left, ...said } = isAction(action)
        ? actionJson(action)
        : { gate: action.id, summary: action.title, resource: undefined };
      return { ...event, action: said };
    }
    default:
      return event;
  }
}
