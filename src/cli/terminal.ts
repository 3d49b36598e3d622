/** What the process gives a command: where to write, whether somebody watches, and the signals. Built in main.ts. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Somebody can be asked, and a tree can be drawn. */
  readonly interactive: boolean;
  readonly colour: boolean;
  readonly columns: number;
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires at the first Ctrl-C: finish what the hosts are doing, begin nothing new. */
  readonly signal: AbortSignal;
  now(): number;
}
