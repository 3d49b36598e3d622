import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Action, KernelResource, LedgerEntry } from '../../../src/model/index.js';
import { ACTION_PRELUDE, kindOf, QUESTION_PRELUDE } from '../../../src/resources/index.js';

// The shell of the kind on a host of Enterprise Linux, which is a folder of programs: rpm, yum, grubby and uname play their parts and
// write down what they were asked. Debian's part runs on practice hosts (test/lab/17-kernel-and-reboot).
const OLD = '3.10.0-1160.el7.x86_64';
const NEW = '5.4.278-1.el7.elrepo.x86_64';
const RESOURCE: KernelResource = {
  kind: 'kernel',
  source: 'elrepo-lt',
  package: 'kernel-lt',
  enableRepos: ['elrepo-kernel'],
};
const COMMANDS =
  'awk base64 basename cat chmod comm cp cut date dirname grep head ls mkdir mv rm rmdir sed sh sha256sum';
const kind = kindOf('kernel');

const PROGRAMS: Readonly<Record<string, string>> = {
  uname: 'cat "$ROOM/running"',
  // -qa: all names; -q NAME: versions of one; -e: away with it.
  rpm: `case $1 in
-qa) echo 'installed bash'; echo 'installed kernel'; [ ! -e "$ROOM/lt" ] || echo 'installed kernel-lt' ;;
-q) for last; do :; done; [ "$last" = kernel-lt ] && [ -e "$ROOM/lt" ] && cat "$ROOM/lt" || { echo "package $last is not installed"; exit 1; } ;;
-e) echo "rpm $*" >>"$ROOM/log"; rm -f "$ROOM/lt" ;;
esac`,
  yum: `echo "yum $*" >>"$ROOM/log"; printf '%s\\n' 5.4.270-1.el7.elrepo.x86_64 ${NEW} >"$ROOM/lt"; : >"$ROOM/boot/vmlinuz-${NEW}"`,
  grubby: `echo "grubby $*" >>"$ROOM/log"; [ "$1" != --default-kernel ] || echo "$ROOM/boot/vmlinuz-${OLD}"`,
  sync: ':',
};

describe('a kernel of ELRepo', () => {
  let room = '';
  const at = (name: string): string => join(room, name);
  const log = (): string[] => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8').trim().split('\n') : []);
  const run = (script: string) => {
    const moved = script
      .replaceAll('/boot/', `${room}/boot/`)
      .replaceAll('/var/lib/provision', `${room}/state`)
      .replaceAll('/run/provision.boot', `${room}/request`);
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-s'], {
      input: moved,
      encoding: 'utf8',
      env: { PATH: at('bin'), ROOM: room },
    });
    return { status, said: stdout + stderr };
  };
  const answer = () => {
    const { status, said } = run(`${QUESTION_PRELUDE}\n( set -u\n${kind.ask([RESOURCE])}\n)`);
    expect([status, said]).toEqual([0, said]);
    return kind.read(said, [RESOURCE])[0];
  };
  const does = (shell: string) => run(`${ACTION_PRELUDE}\nset -eu\nentry='${at('entry')}'\n${shell}`);
  const make = (part: string) => does(kind.make(RESOURCE, { part } as Action));
  const takeBack = (former: unknown) =>
    does(kind.ledger?.unmake({ former, resource: { package: 'kernel-lt' } } as unknown as LedgerEntry) ?? 'false');

  beforeEach(() => {
    room = mkdtempSync(join(tmpdir(), 'kernel-'));
    mkdirSync(at('bin'));
    mkdirSync(at('boot'));
    writeFileSync(at('running'), `${OLD}\n`);
    writeFileSync(at(`boot/vmlinuz-${OLD}`), '');
    for (const name of `${COMMANDS} sort tail tr touch`.split(' ')) {
      const real = ['/usr/bin', '/bin'].map((folder) => join(folder, name)).find((path) => existsSync(path));
      if (real !== undefined) symlinkSync(real, at(`bin/${name}`));
    }
    for (const [name, body] of Object.entries(PROGRAMS))
      writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  });
  afterEach(() => rmSync(room, { recursive: true }));

  test('comes from its repository only, whatever yum.conf excludes, and is then known by its newest release', () => {
    expect(answer()).toEqual({ running: OLD, newest: null, stamp: null });
    expect(make('bring')).toEqual({ status: 0, said: '' });
    expect(log()).toEqual([
      'yum -y --enablerepo=elrepo-kernel --disableexcludes=elrepo-kernel --disableexcludes=main install kernel-lt',
    ]);
    expect(answer()).toEqual({ running: OLD, newest: NEW, stamp: 'elrepo-lt' });
    expect(make('bring').status).toBe(0);
    expect(log()[1]).toMatch(/ update kernel-lt$/);
  });

  test('is what the boot loader takes next, and the former entry is remembered once', () => {
    make('bring');
    for (const _ of [1, 2]) expect(make('boot')).toEqual({ status: 0, said: '' });
    expect(log().slice(1)).toEqual([
      'grubby --default-kernel',
      `grubby --set-default ${room}/boot/vmlinuz-${NEW}`,
      `grubby --set-default ${room}/boot/vmlinuz-${NEW}`,
    ]);
    expect(readFileSync(at('request'), 'utf8')).toBe(`${NEW}\n`);
  });

  test('needs no boot when it runs', () => {
    make('bring');
    writeFileSync(at('running'), `${NEW}\n`);
    expect(make('boot')).toEqual({ status: 0, said: '' });
    expect([log().length, existsSync(at('request'))]).toEqual([1, false]);
  });

  test('without an image is not booted', () => {
    make('bring');
    rmSync(at(`boot/vmlinuz-${NEW}`));
    expect(make('boot')).toEqual({
      status: 1,
      said: `kernel ${NEW} is installed, but its image is neither in ${room}/boot nor in /lib/modules/${NEW}\n`.replace(
        `${room}/boot nor`,
        '/boot nor',
      ),
    });
    expect(existsSync(at('request'))).toBe(false);
  });

  test('that was brought and does not run goes, and the former entry is the default again', () => {
    const former = answer();
    make('bring');
    make('boot');
    expect(takeBack(former).status).toBe(0);
    expect(log().slice(-2)).toEqual([`grubby --set-default ${room}/boot/vmlinuz-${OLD}`, 'rpm -e -- kernel-lt']);
    expect(takeBack(former).status).toBe(0);
    expect(existsSync(at('request'))).toBe(false);
    expect(answer()).toEqual(former);
  });

  test('that runs stays, and says so', () => {
    const former = answer();
    make('bring');
    make('boot');
    writeFileSync(at('running'), `${NEW}\n`);
    expect(takeBack(former)).toEqual({
      status: 0,
      said: `kernel ${NEW} runs: its packages stay until another one does\n`,
    });
    expect(log().at(-1)).toBe(`grubby --set-default ${room}/boot/vmlinuz-${OLD}`);
  });
});
