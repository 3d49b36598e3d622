import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { cgroupsBelow } from '../../../src/lab/hosts/processes.js';
import { hostKind } from '../../../src/lab/hosts/root.js';
import { withLock } from '../../../src/lab/lock.js';
import { placesOf } from '../../../src/lab/places.js';
import { labObstacle, type Machine, missingLabPackages } from '../../../src/lab/requirements.js';
import { runProgram } from '../../../src/transport/index.js';

const scratch = mkdtempSync(join(tmpdir(), 'provision-lab-test-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('where a lab can run', () => {
  const good: Machine = { platform: 'linux', uid: 0, has: () => true };

  test('a Linux machine with root and all packages', () => expect(labObstacle(good)).toBeUndefined());

  test.each([
    ['another system', { ...good, platform: 'darwin' }, /this is darwin/, /provision apply -i/],
    ['no root', { ...good, uid: 1000 }, /need root/, /sudo/],
    [
      'missing packages',
      { ...good, has: (proof: string) => proof !== 'mmdebstrap' && proof !== 'systemd-nspawn' },
      /mmdebstrap, systemd-container/,
      /apt-get install -y --no-install-recommends mmdebstrap systemd-container$/,
    ],
  ])('%s is refused with the way on', (_, machine, message, hint) => {
    const error = labObstacle(machine);
    expect(error).toMatchObject({ code: 'LAB' });
    expect(error?.message).toMatch(message);
    expect(error?.hint).toMatch(hint);
  });

  test('a package is missed by its proof', () => {
    const machine = { ...good, has: (proof: string) => !proof.startsWith('/usr/share/keyrings') };
    expect(missingLabPackages(machine)).toEqual(['debian-archive-keyring']);
  });

  test('what virtual machines need is asked for only with one', () => {
    const machine = { ...good, has: (proof: string) => !proof.startsWith('qemu') };
    expect(labObstacle(machine)).toBeUndefined();
    expect(labObstacle(machine, true)).toMatchObject({ code: 'LAB', hint: expect.stringMatching(/ qemu-system-x86$/) });
  });

  test('an unknown kind of host names those that are known', () => {
    expect(() => hostKind('toString')).toThrow(/no recipe for hosts like "toString"/);
    expect(hostKind('debian12')).toBe('debian12');
  });
});

describe('the lock', () => {
  const name = `test ${process.pid}`;

  test('two never work at once, and the second is told what the first is doing', async () => {
    const order: string[] = [];
    await withLock(name, 'holding on', 1_000, async () => {
      order.push('in');
      await expect(withLock(name, 'barging in', 0, async () => order.push('barged'))).rejects.toMatchObject({
        code: 'LOCKED',
        message: expect.stringContaining(`process ${process.pid} is holding on`),
      });
      order.push('out');
    });
    expect(order).toEqual(['in', 'out']);
  });

  test('it is free again after a failure', async () => {
    await expect(withLock(name, 'failing', 0, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(withLock(name, 'working', 500, async () => 'done')).resolves.toBe('done');
  });
});

test('cgroups are removed from the deepest up', async () => {
  for (const path of ['own/a/b', 'own/c']) mkdirSync(join(scratch, path), { recursive: true });
  const folders = await cgroupsBelow(join(scratch, 'own'));
  expect(folders.map((folder) => folder.slice(scratch.length + 1))).toEqual(['own/a/b', 'own/a', 'own/c', 'own']);
  expect(await cgroupsBelow(join(scratch, 'absent'))).toEqual([]);
});

describe('the runc of a machine that may not lower oom_score_adj', () => {
  const bundle = join(scratch, 'bundle');
  const real = join(scratch, 'bin');
  mkdirSync(bundle);
  mkdirSync(real);
  writeFileSync(join(real, 'runc'), '#!/bin/sh\necho "real runc: $*"\n');
  chmodSync(join(real, 'runc'), 0o755);
  const wrapper = join(placesOf().checkout, 'lab/hosts/runc.sh');
  const config = () => JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  const write = (value: unknown, indent?: number) =>
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(value, null, indent));
  const runc = (...words: string[]) =>
    runProgram(['sh', wrapper, ...words], { env: { PATH: `/usr/lib/lab/bin:${real}:${process.env['PATH']}` } });

  test.each([
    ['--bundle', [bundle]],
    [`--bundle=${bundle}`, []],
    ['-b', [bundle]],
  ])('a negative value becomes 0 and the real runc gets all words (%s)', async (flag, rest) => {
    write({ process: { args: ['x'], oomScoreAdj: -998 }, hostname: 'oomScoreAdj' }, 2);
    const words = ['--root', '/run/runc', 'create', flag, ...rest, 'name'];
    expect((await runc(...words)).stdout).toBe(`real runc: ${words.join(' ')}\n`);
    expect(config()).toEqual({ process: { args: ['x'], oomScoreAdj: 0 }, hostname: 'oomScoreAdj' });
  });

  test('a positive value and other commands are left alone', async () => {
    write({ process: { oomScoreAdj: 1000 } });
    await runc('create', '--bundle', bundle, 'name');
    expect(config().process.oomScoreAdj).toBe(1000);
    write({ process: { oomScoreAdj: -5 } });
    await runc('delete', '--bundle', bundle, 'name');
    expect(config().process.oomScoreAdj).toBe(-5);
  });
});
