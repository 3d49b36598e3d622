// Tells people and programs what a run does and what it came to. Listeners of events: they draw and write, and never decide.
// Knows plans, findings and errors; no host, no inventory.
import type { Listener } from '../model/index.js';

export { type JournalOptions, journal } from './journal.js';
export { eventLine } from './json.js';
export { type Ending, errorText, findingsText, summaryText } from './letters.js';
export { type LinesOptions, lines } from './lines.js';
export { type ActionJson, type PlanJson, planJson } from './plan-json.js';
export { planSummary, planText } from './plan-text.js';
export { redact, safeJson } from './redact.js';
export { type Style, table } from './text.js';
export { type Tree, type TreeOptions, tree } from './tree.js';

/** One listener out of several; each hears every event, in this order. */
export const everyListener =
  (listeners: readonly Listener[]): Listener =>
  (event) => {
    for (const listener of listeners) listener(event);
  };
