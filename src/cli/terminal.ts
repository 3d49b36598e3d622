/** What the process gives a command: where to write, whether somebody watches, and the signals. Built in main.ts. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Somebody can be asked; questions go to standard error, so that standard output stays what was asked for. */
  readonly interactive: boolean;
  /** A tree can be drawn: standard output is a terminal that moves its cursor and knows the characters. */
  readonly live: boolean;
  /** Of standard output; columns only when it is a terminal. */
  readonly colour: boolean;
  readonly columns?: number;
  /** The same of standard error. */
  readonly errors: { readonly colour: boolean; readonly columns?: number };
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires at the first Ctrl-C: finish the action that each host is at, begin nothing new. */
  readonly signal: AbortSignal;
  now(): number;
}
