import { describe, expect, test } from '@jest/globals';
import { shellHost } from '../../../src/host/index.js';
import type { Outcome, Shell, Transport } from '../../../src/model/index.js';

/** A transport whose scripts end when the test says so. */
function scripted() {
  const running: { shell: number; end: () => void }[] = [];
  let shells = 0;
  const shell = (): Shell => {
    const number = shells++;
    return {
      host: 'h1',
      counters: { roundTrips: 0, bytesOut: 0, bytesIn: 0 },
      run: (script) =>
        new Promise<Outcome>((resolve) => {
          const nonce = /echo '([0-9a-f]+) begin question'/.exec(script)?.[1];
          const stdout = `${nonce} begin question\nfrom ${number}\n${nonce} end 0\n`;
          running.push({ shell: number, end: () => resolve({ code: 0, stdout, stderr: '', ms: 1 }) });
        }),
      lock: async () => {},
      close: async () => {},
    };
  };
  const transport: Transport = { ...shell(), another: async () => shell() };
  return { transport, running, shells: () => shells };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('shellHost', () => {
  test('what comes one after the other uses one shell', async () => {
    const { transport, running, shells } = scripted();
    const host = shellHost(transport, () => 0);
    for (const _ of [1, 2, 3]) {
      const answer = host.ask('true');
      await settled();
      running.at(-1)?.end();
      expect(await answer).toBe('from 0');
    }
    expect(shells()).toBe(1);
  });

  test('an errand does not wait behind a long script, and its shell is used again', async () => {
    const { transport, running, shells } = scripted();
    const host = shellHost(transport, () => 0);
    const long = host.ask('long');
    await settled();
    for (const _ of [1, 2]) {
      const errand = host.ask('errand');
      await settled();
      running.at(-1)?.end();
      expect(await errand).toBe('from 1');
    }
    running[0]?.end();
    expect(await long).toBe('from 0');
    expect(shells()).toBe(2);
  });

  test('however many errands there are, sshd is asked for few sessions', async () => {
    const { transport, running, shells } = scripted();
    const host = shellHost(transport, () => 0);
    const answers = Array.from({ length: 20 }, () => host.ask('true'));
    await settled();
    for (const { end } of running) end();
    await Promise.all(answers);
    expect(shells()).toBeLessThanOrEqual(4);
  });
});
