// A timer that stands still while the operator is being asked something.

export interface Deadline {
  /** Runs a question; its time does not count. */
  paused<T>(question: () => Promise<T>): Promise<T>;
  stop(): void;
}

export function deadline(ms: number, late: () => void): Deadline {
  let left = ms;
  let since = performance.now();
  let asking = 0;
  let over = false;
  let timer = setTimeout(late, left);
  return {
    async paused(question) {
      if (asking === 0) {
        clearTimeout(timer);
        left -= performance.now() - since;
      }
      asking += 1;
      try {
        return await question();
      } finally {
        asking -= 1;
        if (asking === 0 && !over) {
          since = performance.now();
          timer = setTimeout(late, Math.max(left, 0));
        }
      }
    },
    stop() {
      over = true;
      clearTimeout(timer);
    },
  };
}
