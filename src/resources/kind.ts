import type { Action, LedgerEntry, Resource, Secret, Verb } from '../model/index.js';

/** What a kind decides about one difference; the planner adds key, resource and answer. */
export interface Draft {
  readonly verb: Verb;
  readonly summary: string;
  readonly because: readonly string[];
  readonly diff?: string | undefined;
  /** Carried out by the leader, about this host: a token is made on a control plane. */
  readonly via?: 'leader' | undefined;
  /** Which of several drafts of one resource this is; `make` tells them apart by it. */
  readonly part?: string | undefined;
  readonly secret?: Secret | undefined;
  /** The host restarts for it; the action comes by itself and on one host at a time. */
  readonly boot?: true | undefined;
}

/** What a decision may need that no host can answer. Called only when a draft really uses it. */
export interface Circumstances {
  newToken(): { readonly id: string; readonly secret: Secret };
  /** A kubeconfig in system:masters, made for this run. */
  superAdminKubeconfig(): Secret;
}

/**
 * One kind of thing that can be true of a host. `R` is what should be, `A` what the host answers.
 * Everything here is pure: the shell is text, run later by `host/`.
 */
export interface Kind<R extends Resource, A> {
  readonly kind: R['kind'];
  /** Unique on a host among this kind, in the operator's words: `/etc/hosts`, `kubelet.service`. */
  name(resource: R): string;
  /**
   * ONE shell question for all resources of this kind on a host (few processes, whatever the number), with `QUESTION_PRELUDE` loaded.
   * Absence is an answer; a command that could not look must end with a non-zero status: the gatherer turns that into an error.
   */
  ask(resources: readonly R[]): string;
  /** The output of `ask` as one answer per resource, in the same order. Throws FACTS on what it cannot read. */
  read(output: string, resources: readonly R[]): readonly A[];
  /** [] when it is already true. Usually one draft. */
  appear(resource: R, answer: A, circumstances: Circumstances): readonly Draft[];
  /** What the host answers once the resource is there. Held to the real thing by test/contract. */
  satisfied(resource: R, answer: A): A;
  /**
   * Shell that makes it so, run in `( set -eu; … )` with `ACTION_PRELUDE` loaded. Idempotent: it may be cut anywhere and run again.
   * What it prints is shown when it fails.
   */
  make(resource: R, action: Action): string;
  /** What the ledger keeps; absent: nothing about this kind is the host's to give back (API objects). */
  readonly ledger?: Keeping<R>;
}

export interface Keeping<R extends Resource> {
  /** As long as the host is in a cluster something may live by it: no step that stops asking for it takes it away, only reset does. */
  readonly byResetOnly?: true;
  /** The part of the resource that removal needs. No secret. */
  remember(resource: R): unknown;
  /** Shell run once before the first change, to copy what a fact cannot carry into "$entry".was (file contents). */
  keep?(resource: R): string;
  /** One line for people about taking it back: `restore /etc/hosts`. */
  vanish(entry: LedgerEntry): Draft;
  /** Shell that takes it back. Total: no error when the thing, or half of it, is already gone. `entry.former` says what was there. */
  unmake(entry: LedgerEntry): string;
}
