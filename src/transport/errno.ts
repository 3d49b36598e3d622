// The system's own name for a failure (`ENOENT`, `ECONNREFUSED`), if an error carries one; else empty.
export const errnoOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
