/**
 * What a host is asked to try. Unlike facts, a trial waits for others (3 s at most), so it is left out where it cannot tell
 * anything new: `provision preflight` asks for it always, `plan` and `apply` only of hosts that are not of the cluster yet.
 */
export interface TrialWish {
  /** Host names that must have an address. */
  readonly names: readonly string[];
  /** http and https URLs that must answer. */
  readonly urls: readonly string[];
  /** Where etcd will keep its data; null: do not write to any disk. */
  readonly etcdData: string | null;
  /** Units that are to be stopped. */
  readonly units: readonly string[];
  /** Users who are to get something. */
  readonly users: readonly string[];
}

export interface Trial {
  /** Name -> has an address. A name that could not be looked up at all is not in it. */
  readonly resolves: Readonly<Record<string, boolean>>;
  /** URL -> what came of it. One that nothing on the host could try is not in it. */
  readonly reached: Readonly<Record<string, Reached>>;
  /** Small synchronous writes where etcd's log will be; null: not tried. */
  readonly fsync: { readonly samples: number; readonly p99Ms: number } | null;
  /** dnf's last transaction, when it was begun and never ended: its command line. */
  readonly unfinishedTransaction: string | null;
  /** Those of the wish's units that systemd does not know. */
  readonly absentUnits: readonly string[];
  /** Those of the wish's users whom the host does not know. */
  readonly absentUsers: readonly string[];
}

export interface Reached {
  /** `connected`: somebody accepts connections there; there was no tool to ask for more. */
  readonly outcome: 'answered' | 'connected' | 'timeout' | 'failed';
  /** HTTP status after redirects; 0 when there was none. */
  readonly status: number;
  /** The host's own words when it failed. */
  readonly said: string;
}
