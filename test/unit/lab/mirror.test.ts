import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { debianSource, poolName } from '../../../src/lab/mirror/debian.js';
import { mutateArguments, tarArguments } from '../../../src/lab/mirror/images.js';
import { freePort } from '../../../src/lab/mirror/port.js';
import { startTime } from '../../../src/lab/mirror/process.js';
import { mirrorPids, registryConfiguration, serveMirror, stopMirror } from '../../../src/lab/mirror/serve.js';
import { placesOf } from '../../../src/lab/places.js';

describe('serveMirror', () => {
  let folder = '';
  // Listens where its configuration says, as distribution does.
  const registry = `#!${process.execPath}
const { http } = JSON.parse(require('node:fs').readFileSync(process.argv[3], 'utf8'));
const [host, port] = http.addr.split(':');
require('node:http').createServer((_, response) => response.end()).listen(Number(port), host);
`;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirror-'));
    mkdirSync(join(folder, 'files'));
    mkdirSync(join(folder, 'tools'));
    writeFileSync(join(folder, 'files', 'checksums.json'), '{}');
    writeFileSync(join(folder, 'tools', 'registry'), registry);
    chmodSync(join(folder, 'tools', 'registry'), 0o755);
  });

  afterEach(async () => {
    await stopMirror(join(folder, 'run'));
    rmSync(folder, { recursive: true });
  });

  const start = async (filesPort: number, registryPort: number) =>
    serveMirror({ mirrorDir: folder, runDir: join(folder, 'run'), address: '127.0.0.1', filesPort, registryPort });

  test('starts once, moves when asked elsewhere, ends and leaves nothing running', async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const first = await start(ports[0], ports[1]);
    expect(await (await fetch(`${first.filesUrl}/checksums.json`)).text()).toBe('{}');
    expect((await start(ports[0], ports[1])).pids).toEqual(first.pids);

    const moved = await start(ports[2], ports[1]);
    expect(moved.pids[0]).not.toBe(first.pids[0]);
    expect(moved.pids[1]).toBe(first.pids[1]);
    await expect(fetch(first.filesUrl)).rejects.toThrow();

    await stopMirror(join(folder, 'run'));
    for (const pid of [...first.pids, ...moved.pids]) expect(await startTime(pid)).toBeUndefined();
    expect(await mirrorPids(join(folder, 'run'))).toEqual([]);
    await stopMirror(join(folder, 'run'));
  });

  test('a registry that dies is told with its last words', async () => {
    writeFileSync(join(folder, 'tools', 'registry'), '#!/bin/sh\necho no disk >&2\nexit 1\n');
    await expect(start(await freePort(), await freePort())).rejects.toMatchObject({ code: 'LAB', said: 'no disk' });
  });

  test('a pid that now belongs to another process is left alone', async () => {
    mkdirSync(join(folder, 'run'));
    const stranger = spawn('sleep', ['60']);
    writeFileSync(join(folder, 'run', 'mirror-files.pid'), `${stranger.pid} 1 x\n`);
    await stopMirror(join(folder, 'run'));
    expect(existsSync(join(folder, 'run', 'mirror-files.pid'))).toBe(false);
    expect(await startTime(Number(stranger.pid))).toBeDefined();
    stranger.kill();
  });
});

test('the registry of a lab is read-only, the one of a build is not', () => {
  for (const writable of [true, false]) {
    const { storage, http } = JSON.parse(registryConfiguration('/store', '10.0.0.1:5000', writable));
    expect(storage.maintenance.readonly.enabled).toBe(!writable);
    expect([storage.filesystem.rootdirectory, http.addr]).toEqual(['/store', '10.0.0.1:5000']);
  }
});

test('the cache is where it is asked for, and never in the current folder', () => {
  const cacheOf = (env: Readonly<Record<string, string>>) => placesOf(env).cache;
  expect(cacheOf({ PROVISION_LAB_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/c');
  expect(cacheOf({ PROVISION_LAB_CACHE: '', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/provision-lab');
  expect(cacheOf({ XDG_CACHE_HOME: '', HOME: '/h' })).toBe('/h/.cache/provision-lab');
});

test('an image gets its entrypoint, command and user', () => {
  const spec = {
    reference: 'h.io/x:1',
    aliases: [],
    base: 'static',
    binaries: {},
    entrypoint: ['/x'],
    command: ['a', 'b'],
    user: '1:1',
  } as const;
  const words = mutateArguments(spec, '127.0.0.1:5000/x:1', 'arm64').join(' ');
  for (const part of ['--set-platform linux/arm64', '--entrypoint /x', '--cmd a,b', '--user 1:1'])
    expect(words).toContain(part);
  expect(mutateArguments({ ...spec, user: undefined } as never, 't', 'amd64')).not.toContain('--user');
});

test('archives do not depend on time, owner or order', () => {
  const words = tarArguments('/a', '/root', ['x'], true);
  for (const word of ['--mtime=@0', '--owner=0', '--sort=name', 'gzip -n -3']) expect(words).toContain(word);
});

test.each([
  ['conntrack_1%3a1.4.7-1+b2_amd64.deb', 'conntrack_1.4.7-1+b2_amd64.deb'],
  ['socat_1.7.4.4-2_amd64.deb', 'socat_1.7.4.4-2_amd64.deb'],
])('pool name of %s', (file, name) => {
  expect(poolName(file)).toBe(name);
});

test('the source line names the keyring of the lab', () => {
  expect(debianSource('http://10.0.0.1:8080', '/k.gpg')).toBe(
    'deb [signed-by=/k.gpg] http://10.0.0.1:8080/debian bookworm main',
  );
});
