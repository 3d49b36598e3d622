import { ProvisionError } from '../model/index.js';

/** Does a thing when all before it have done theirs. */
export type Turn = (host: string, signal: AbortSignal, act: () => Promise<void>) => Promise<void>;

/**
 * For what takes a host away for a while: one host of the fleet at a time, in the order of asking. When one does not come
 * back, those that wait stay up: what ended the first would end them as well.
 */
export function oneAtATime(): Turn {
  let before: Promise<void> = Promise.resolve();
  let lost: { readonly host: string; readonly error: unknown } | null = null;
  return async (host, signal, act) => {
    const mine = before;
    let pass: () => void = () => undefined;
    before = new Promise((resolve) => {
      pass = resolve;
    });
    await mine;
    try {
      if (signal.aborted) throw new ProvisionError('INTERRUPTED', 'stopped before its reboot', { host });
      if (lost !== null) throw held(lost.host, host);
      await act();
    } catch (error) {
      lost ??= { host, error };
      throw error;
    } finally {
      pass();
    }
  };
}

const held = (lost: string, host: string): ProvisionError =>
  new ProvisionError('ACTION', `not rebooted, because ${lost} did not get through its own reboot`, {
    host,
    hint: `mend ${lost} and apply again`,
  });
