import { describe, expect, test } from '@jest/globals';
import { shellHost } from '../../../src/host/index.js';
import type { Action, HostEvent, Outcome, Transport } from '../../../src/model/index.js';
import { ProvisionError } from '../../../src/model/index.js';

const BOOT: Action = {
  verb: '!',
  key: 'kernel host',
  kind: 'kernel',
  part: 'boot',
  boot: true,
  summary: 'boot kernel 6.1.0-40-amd64',
  because: [],
  resource: { kind: 'kernel', source: 'distribution', package: 'linux-image-amd64', enableRepos: [] },
  order: 0,
  before: null,
};

interface Machine {
  /** What the machine boots, one after the other. */
  readonly kernels: readonly string[];
  /** What it is asked to boot. */
  readonly wanted: string | null;
  /** What connecting says, try by try, before it works. */
  readonly refusals?: readonly ProvisionError['code'][];
  /** Connections that still lead to the boot that is about to end. */
  readonly lingers?: number;
  /** The line breaks while the reboot is said. */
  readonly breaks?: boolean;
}

/** A machine that reboots when it is told to, as connections to it see it. */
function rig({ kernels, wanted, refusals = [], lingers = 0, breaks = false }: Machine) {
  const log: string[] = [];
  let boot = 0;
  let asked = false;
  let tries = 0;
  let clock = 0;
  const connection = (number: number, seen: () => number): Transport => {
    let open = true;
    return {
      host: 'h1',
      counters: { roundTrips: 0, bytesOut: 0, bytesIn: 0 },
      async run(script, options): Promise<Outcome> {
        if (!open) throw new ProvisionError('UNREACHABLE', 'the line is dead', { host: 'h1' });
        const said = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '', ms: 1 });
        if (script.startsWith('sync\nsystemctl reboot')) {
          log.push(`${number}: reboot`);
          boot++;
          open = false;
          if (breaks) throw new ProvisionError('UNREACHABLE', 'connection lost', { host: 'h1' });
          return said('');
        }
        const nonce = /echo '([0-9a-f]+) (?:begin|start)/.exec(script)?.[1] ?? '';
        if (script.includes('begin question')) {
          const isState = script.includes('random/boot_id');
          log.push(`${number}: ${isState ? 'which boot' : 'settle'}`);
          const at = seen();
          const lines = [
            `boot boot-${at}`,
            `kernel ${kernels[at]}`,
            ...(wanted !== null && at === 0 ? [`wanted ${wanted}`] : []),
          ];
          return said(`${nonce} begin question\n${isState ? lines.join('\n') : ''}\n${nonce} end 0\n`);
        }
        log.push(`${number}: work`);
        for (const line of [`${nonce} start 0`, `${nonce} end 0 0`]) options?.onLine?.(line);
        return said('');
      },
      lock: async (who) => void log.push(`${number}: locked by ${who}`),
      async close() {
        open = false;
        log.push(`${number}: closed`);
      },
      another: async () => connection(number, seen),
    };
  };
  const open = async (): Promise<Transport> => {
    const refusal = refusals[tries++];
    if (refusal !== undefined) throw new ProvisionError(refusal, `refused: ${refusal}`, { host: 'h1' });
    const stale = asked && tries - refusals.length <= lingers;
    return connection(tries, () => (stale ? boot - 1 : boot));
  };
  const first = connection(0, () => 0);
  const pause = async (ms: number): Promise<void> => {
    asked = true;
    clock += ms;
  };
  const host = shellHost(first, () => clock, { open, pause });
  const events: HostEvent[] = [];
  const run = () => host.apply([BOOT], (event) => events.push(event));
  return { host, run, log, events, waited: () => clock };
}

describe('a host that restarts', () => {
  test('is waited for, locked again, and the work goes on over the new connection', async () => {
    const { host, run, log, events } = rig({
      kernels: ['5.10.0-1-amd64', '6.1.0-40-amd64'],
      wanted: '6.1.0-40-amd64',
      refusals: ['UNREACHABLE', 'AUTH', 'BECOME'],
      lingers: 1,
      breaks: true,
    });
    await host.lock('me');
    await run();
    expect(events.map(({ type }) => type)).toEqual(['started', 'done']);
    expect(log).toEqual([
      '0: locked by me',
      '0: work',
      '0: which boot',
      '0: reboot',
      '0: closed',
      '4: which boot',
      '4: closed',
      '5: which boot',
      '5: settle',
      '5: locked by me',
    ]);
    await host.ask('anything');
    await host.close();
    expect(log.slice(-2)).toEqual(['5: settle', '5: closed']);
  });

  test('that runs the wanted kernel already stays up', async () => {
    const { run, log, events } = rig({ kernels: ['6.1.0-40-amd64'], wanted: null });
    await run();
    expect(log).toEqual(['0: work', '0: which boot']);
    expect(events.map(({ type }) => type)).toEqual(['started', 'done']);
  });

  test('with another kernel than it was asked to boot is told as that', async () => {
    const { run, events } = rig({ kernels: ['5.10.0-1-amd64', '5.10.0-1-amd64'], wanted: '6.1.0-40-amd64' });
    await expect(run()).rejects.toMatchObject({
      code: 'ACTION',
      message: 'h1 came back with kernel 5.10.0-1-amd64, not with 6.1.0-40-amd64',
    });
    expect(events.map(({ type }) => type)).toEqual(['started', 'failed']);
  });

  test('that never comes back ends the wait, with what was heard last', async () => {
    const { run, waited } = rig({
      kernels: ['a', 'b'],
      wanted: 'b',
      refusals: Array.from({ length: 1000 }, () => 'UNREACHABLE' as const),
    });
    await expect(run()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'h1 did not come back within 900 s after its reboot',
      said: 'refused: UNREACHABLE',
    });
    expect(waited()).toBe(900_000);
  });

  test('with another host key is not trusted, and not asked twice', async () => {
    const { run, waited } = rig({ kernels: ['a', 'b'], wanted: 'b', refusals: ['UNREACHABLE', 'HOST_KEY'] });
    await expect(run()).rejects.toMatchObject({ code: 'HOST_KEY' });
    expect(waited()).toBe(4000);
  });

  test('after a stop is not begun', async () => {
    const { host, log } = rig({ kernels: ['a', 'b'], wanted: 'b' });
    const stop = new AbortController();
    stop.abort();
    await expect(host.apply([BOOT], () => {}, stop.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(log).toEqual([]);
  });
});
