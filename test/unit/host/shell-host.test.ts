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

  test('a stop reaches the running script over another shell, and is no failure of what it was at', async () => {
    const sent: string[] = [];
    let finish: (outcome: Outcome) => void = () => {};
    const shell = (): Shell => ({
      host: 'h1',
      counters: { roundTrips: 0, bytesOut: 0, bytesIn: 0 },
      run: (script, { onLine } = {}) => {
        sent.push(script);
        if (sent.length > 1) return Promise.resolve({ code: 0, stdout: '', stderr: '', ms: 1 });
        const nonce = /provision-work\.([0-9a-f]+)/.exec(script)?.[1] ?? '';
        for (const line of [`${nonce} start 0`, `${nonce} end 0 0`]) onLine?.(line);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
      lock: async () => {},
      close: async () => {},
    });
    const host = shellHost({ ...shell(), another: async () => shell() }, () => 0);
    const stop = new AbortController();
    const probe = { id: 'p', title: 'p', command: ['true'], expect: '.', within: 1, hint: '' };
    const events: string[] = [];
    const work = host.apply([probe, probe], (event) => events.push(event.type), stop.signal);
    await settled();
    stop.abort();
    await settled();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatch(/provision-work\.[0-9a-f]+\/stop/);
    finish({ code: 0, stdout: '', stderr: '', ms: 1 });
    await expect(work).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(events).toEqual(['started', 'done']);
  });
});
