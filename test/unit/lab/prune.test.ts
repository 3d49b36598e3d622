import { type ChildProcess, spawn } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostKinds, rootFolders } from '../../../src/lab/hosts/root.js';
import { vmRootFolder } from '../../../src/lab/hosts/vm-root.js';
import { lockNames } from '../../../src/lab/lock.js';
import { type Places, placesOf } from '../../../src/lab/places.js';
import { mentions, type PruneOptions, prune } from '../../../src/lab/prune.js';

describe('what no recipe names any more', () => {
  let folder = '';
  let places: Places;
  let process: ChildProcess | null = null;

  const make = (name: string): string => {
    const path = join(places.cache, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'file'), 'x'.repeat(10_000));
    return path;
  };
  const pruned = (over: Partial<PruneOptions> = {}) =>
    prune({
      places,
      check: false,
      named: new Set(['root-new', 'go-new', 'mirror-new']),
      atWork: async () => [],
      running: async () => [],
      ...over,
    });
  const present = (): readonly string[] => readdirSync(places.cache).sort();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prune-'));
    places = { checkout: '/nowhere', cache: join(folder, 'cache'), run: join(folder, 'run') };
    mkdirSync(places.cache);
  });
  afterEach(() => {
    process?.kill();
    process = null;
    rmSync(folder, { recursive: true });
  });

  test('goes, half-made things too; what is named stays, and what no recipe makes', async () => {
    const kept = ['go-new', 'labs', 'mirror-new', 'root-new', 'signing-key-1'];
    const old = [
      'debian-old',
      'go-old',
      'go-old.going',
      'mirror-1.23-old.partial',
      'packages-old',
      'root-old',
      'tmp-root-7',
    ];
    for (const name of [...kept, ...old]) make(name);
    const told = await pruned();
    expect(told.map(({ name, usedBy }) => [name, usedBy])).toEqual(old.map((name) => [name, null]));
    expect(present()).toEqual(kept);
    expect(await pruned()).toEqual([]);
  });

  test('with --check nothing goes', async () => {
    make('root-old');
    const atWork = async () => ['process 7 is making a root'];
    expect((await pruned({ check: true, atWork })).map(({ name }) => name)).toEqual(['root-old']);
    expect(present()).toEqual(['root-old']);
  });

  test('bytes are those that come back: a file with a name elsewhere stays, one with several goes once', async () => {
    const alone = make('debian-old');
    const [{ bytes: ofOne } = { bytes: 0 }] = await pruned({ check: true });
    expect(ofOne).toBeGreaterThanOrEqual(10_000);
    linkSync(join(alone, 'file'), join(make('mirror-new'), 'linked'));
    const [{ bytes: shared } = { bytes: 0 }] = await pruned({ check: true });
    expect(shared).toBeLessThan(ofOne - 9_000);
    rmSync(join(places.cache, 'mirror-new'), { recursive: true });
    linkSync(join(alone, 'file'), join(make('mirror-old'), 'linked'));
    const both = await pruned();
    expect(both.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(2 * ofOne + 9_000);
    expect(present()).toEqual([]);
  });

  test('what a lab runs on stays, whoever made it: its root, its mirror, what a process was started from', async () => {
    const names = ['go-old', 'mirror-old', 'root-old', 'root-older'];
    const [go, mirror, root] = names.map(make);
    mkdirSync(join(places.run, 'x', 'mirror'), { recursive: true });
    writeFileSync(join(places.run, 'x', 'lab.json'), JSON.stringify({ name: 'x', root }));
    writeFileSync(
      join(places.run, 'x', 'mirror', 'mirror-registry-1.json'),
      JSON.stringify({ root: `${mirror}/registry` }),
    );
    process = spawn('sh', ['-c', 'read _; :', `${go}/kubelet`], { stdio: ['pipe', 'ignore', 'ignore'] });
    const told = await pruned({ running: undefined });
    expect(told.map(({ name, usedBy }) => [name, usedBy])).toEqual([
      ['go-old', `process ${process.pid}`],
      ['mirror-old', 'lab x'],
      ['root-old', 'lab x'],
      ['root-older', null],
    ]);
    expect(present()).toEqual(['go-old', 'mirror-old', 'root-old']);
  });

  test('while somebody makes something, nothing goes', async () => {
    make('go-old');
    await expect(pruned({ atWork: async () => ['process 7 is making /cache/go-new'] })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('process 7 is making'),
    });
    expect(present()).toEqual(['go-old']);
  });

  test('where there is no cache there is nothing to do', async () => {
    rmSync(places.cache, { recursive: true });
    expect(await pruned()).toEqual([]);
  });
});

test.each([
  ['lowerdir=/c/root-a,upperdir=/d', true],
  ['/c/root-a/usr/bin/init\0--x', true],
  ['/c/root-a', true],
  ['/c/root-a.partial/x', false],
  ['/c/root-ab', false],
])('%j uses the folder: %p', (text, uses) => expect(mentions(text, '/c/root-a')).toBe(uses));

test('locks are found by their sockets', () => {
  const listening = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    `0000: 00000002 00000000 00010000 0001 01 7181359 @provision-lab/lab two-hosts${'@'.repeat(40)}`,
    '0000: 00000002 00000000 00010000 0001 01 7181360 @provision-lab/build 4cf51b73e0277e1b',
    '0000: 00000003 00000000 00000000 0001 03 7181361 @provision-lab/build 4cf51b73e0277e1b',
    '0000: 00000002 00000000 00010000 0001 01 7181362 /run/systemd/journal/stdout',
  ].join('\n');
  expect(lockNames(listening)).toEqual(['lab two-hosts', 'build 4cf51b73e0277e1b']);
});

test('every kind of host has a root of its own', async () => {
  const places = placesOf();
  const roots = [...(await rootFolders(places)), await vmRootFolder(places)];
  const kinds = roots.map((name) => /^root-(.+)-[0-9a-f]{12}$/.exec(name)?.[1]);
  expect(kinds).toEqual([...hostKinds, 'debian12-vm']);
});
