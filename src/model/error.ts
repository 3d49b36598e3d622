/** What kind of failure it is; it decides the exit code. Words are stable: scripts may read them from `--json`. */
export type ErrorCode =
  | 'USAGE'
  | 'INVENTORY'
  | 'PREFLIGHT'
  | 'UNREACHABLE'
  | 'HOST_KEY'
  | 'AUTH'
  | 'BECOME'
  | 'LOCKED'
  | 'ACTION'
  | 'GATE'
  | 'ARTIFACT'
  | 'STATE'
  | 'FACTS'
  | 'LAB'
  | 'INTERRUPTED'
  | 'INTERNAL';

export interface ErrorDetails {
  readonly host?: string | undefined;
  readonly step?: string | undefined;
  /** What the host said, whole; a reporter shows the tail. */
  readonly said?: string | undefined;
  /** What to do next: a sentence or a command. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An expected failure, told as a small letter: what was tried, where, what the host said, what you can do. */
export class ProvisionError extends Error {
  readonly code: ErrorCode;
  readonly host: string | undefined;
  readonly step: string | undefined;
  readonly said: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'ProvisionError';
    this.code = code;
    this.host = details.host;
    this.step = details.step;
    this.said = details.said;
    this.hint = details.hint;
  }
}

/** 0 done · 1 failed · 2 changes pending · 3 inventory invalid · 4 preflight refused · 5 unreachable · 6 locked · 130 interrupted */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ProvisionError)) return 1;
  switch (error.code) {
    case 'INVENTORY':
      return 3;
    case 'PREFLIGHT':
    case 'STATE':
      return 4;
    case 'UNREACHABLE':
    case 'HOST_KEY':
    case 'AUTH':
    case 'BECOME':
      return 5;
    case 'LOCKED':
      return 6;
    case 'INTERRUPTED':
      return 130;
    default:
      return 1;
  }
}
