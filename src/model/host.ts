import type { Action, Probe } from './action.js';
import type { Facts, MachineFacts } from './facts.js';
import type { Resource } from './resource.js';
import type { Trial, TrialWish } from './trial.js';

/** What came back from a command. A non-zero code is an outcome, not an exception. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A shell on a host where scripts run as root, one after the other. */
export interface Shell {
  readonly host: string;
  /** Runs a script (sent on stdin, never in argv). `onLine` hears stdout while it comes. Rejects only when nobody could look. */
  run(
    script: string,
    options?: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void },
  ): Promise<Outcome>;
  /** Takes the host's lock for as long as this connection lives. Throws LOCKED with the holder's name. */
  lock(who: string): Promise<void>;
  close(): Promise<void>;
  /** Counters for benchmarks and tests. */
  readonly counters: { roundTrips: number; bytesOut: number; bytesIn: number };
}

/** One end of a connection: its first shell, which the lock belongs to, and more of them when two things have to go on at once. */
export interface Transport extends Shell {
  /** A further shell over the same connection. */
  another(): Promise<Shell>;
}

export interface Host {
  readonly name: string;
  /** What the machine is. One round trip; what a node should have depends on it (architecture, family). */
  machine(): Promise<MachineFacts>;
  /** What is true of these resources, and the ledger. One round trip, whatever their number. */
  gather(machine: MachineFacts, resources: readonly Resource[]): Promise<Facts>;
  /** Lets the host try what it will need of others and of its disk. One round trip, beside whatever else goes on. */
  tryOut(wish: TrialWish): Promise<Trial>;
  /** A question of ours that is neither: its output, or FACTS when the host could not look. */
  ask(question: string): Promise<string>;
  /**
   * Carries out actions in order, stops at the first failure, which it throws as ACTION or GATE. After the signal the action
   * that runs is finished and no other begins: INTERRUPTED.
   */
  apply(work: readonly (Action | Probe)[], listen: (event: HostEvent) => void, signal?: AbortSignal): Promise<void>;
  lock(who: string): Promise<void>;
  close(): Promise<void>;
}

export type HostEvent =
  | { readonly type: 'started'; readonly index: number }
  | { readonly type: 'done'; readonly index: number; readonly ms: number }
  | { readonly type: 'note'; readonly index: number; readonly text: string }
  | {
      readonly type: 'failed';
      readonly index: number;
      readonly code: number;
      readonly output: string;
      readonly ms: number;
    };
