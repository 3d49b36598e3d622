import { inspect } from 'node:util';

/** A value that never prints. `reveal()` is called only where the bytes leave for the host's stdin or a 0600 file. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '«secret»';
  }

  toJSON(): string {
    return '«secret»';
  }

  [inspect.custom](): string {
    return '«secret»';
  }
}

export const reveal = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value);
