import type { LedgerEntry } from './facts.js';
import type { Resource, ResourceKey } from './resource.js';
import type { Secret } from './secret.js';

/** `+` make · `~` change · `!` run (restart, join, wait) · `-` remove or put back */
export type Verb = '+' | '~' | '!' | '-';

/** What may be done, as data: it prints, compares, stores and is told to a host. */
export interface Action {
  readonly verb: Verb;
  readonly key: ResourceKey;
  readonly kind: Resource['kind'];
  /** One line for people: `start and enable containerd.service`. */
  readonly summary: string;
  /** Why: the differences that were found. */
  readonly because: readonly string[];
  /** Unified text difference, secrets left out. */
  readonly diff?: string | undefined;
  /** What should be true afterwards; undefined for removals. */
  readonly resource?: Resource | undefined;
  /** What is taken back; undefined unless the verb is `-`. */
  readonly entry?: LedgerEntry | undefined;
  /** Position in the life of the host, for the ledger. */
  readonly order: number;
  /** The answer that the decision was made on. */
  readonly before: unknown;
  /** Which of several actions about one resource this is. */
  readonly part?: string | undefined;
  /** The host restarts for it: it is carried out alone, and on one host of the fleet at a time. */
  readonly boot?: true | undefined;
  /** Credentials made for this one action. */
  readonly secret?: Secret | undefined;
  /** The host that carries it out, when it is not the host it is about (a token is made on a control plane). */
  readonly via?: string | undefined;
}

/** A question that is repeated on the host until it is answered as expected. A timeout is a failure. */
export interface Probe {
  readonly id: string;
  readonly title: string;
  /** argv, run as root on the host; no shell. */
  readonly command: readonly string[];
  /** The output must match. Source of a RegExp, extended syntax of grep -E. */
  readonly expect: string;
  /** Seconds. */
  readonly within: number;
  readonly hint: string;
  readonly remedy?: Remedy | undefined;
  /** argv each: asked once when it is given up, and told with the failure. */
  readonly why?: readonly (readonly string[])[] | undefined;
}

/** A known fault that keeps a probe from being answered: how it is recognised, and what is done about it, once. */
export interface Remedy {
  /** Seconds without an answer before anybody looks for it. */
  readonly after: number;
  /** argv; the fault is there when its output matches. */
  readonly look: readonly string[];
  /** Extended syntax of grep -E. */
  readonly fault: string;
  readonly cure: readonly string[];
  /** What the operator is told when it is done. */
  readonly says: string;
}

export const isAction = (work: Action | Probe): work is Action => 'verb' in work;
