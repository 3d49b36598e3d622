/** A preflight result. All checks run, all report, then the run refuses once. */
export interface Finding {
  /** Stable name, as kubeadm's where it has one: `Swap`, `Port-6443`. What `--ignore-preflight` takes. */
  readonly name: string;
  readonly severity: 'error' | 'warning';
  readonly host: string | null;
  readonly message: string;
  readonly cure: string;
}
