import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readTrial, trialQuestion } from '../../../src/host/trial.js';
import type { TrialWish } from '../../../src/model/index.js';
import { QUESTION_PRELUDE } from '../../../src/resources/index.js';
import { describeOnLinux } from '../../support/only-where.js';

const wish: TrialWish = {
  names: ['api.example.com', 'h1'],
  urls: ['http://192.0.2.9:8080/kubelet', 'https://registry.k8s.io/v2/'],
  etcdData: '/var/lib/etcd',
  units: ['no-such-unit-of-ours.service'],
  users: ['nobody-of-ours'],
};
const reached = (line: string) => readTrial(wish, line).reached['http://192.0.2.9:8080/kubelet'];

describe('readTrial', () => {
  test.each([
    ['url 0 curl 0 200', 'answered', 200, ''],
    ['url 0 curl 0 404', 'answered', 404, ''],
    ['url 0 curl 6 000 curl: (6) Could not resolve host: mirror', 'failed', 0, 'Could not resolve host: mirror'],
    ['url 0 curl 6 curl: (6) Could not resolve host: mirror 000', 'failed', 0, 'Could not resolve host: mirror'],
    ['url 0 curl 28 curl: (28) Connection timed out after 3001 milliseconds 000', 'timeout', 0, 'Connection timed out'],
    ['url 0 bash 0', 'connected', 0, ''],
    ['url 0 bash 124', 'timeout', 0, ''],
    [
      'url 0 bash 1 192.0.2.9: connect: Connection refused 192.0.2.9: line 1: /dev/tcp/192.0.2.9/8080: Connection refused',
      'failed',
      0,
      'Connection refused',
    ],
  ])('%s', (line, outcome, status, said) => {
    expect(reached(line)).toMatchObject({ outcome, status });
    expect(reached(line)?.said).toContain(said);
    expect(reached(line)?.said).not.toMatch(/^curl|000/);
  });

  test('what nobody could try is not there', () => {
    expect(readTrial(wish, '')).toEqual({
      resolves: {},
      reached: {},
      fsync: null,
      unfinishedTransaction: null,
      absentUnits: [],
      absentUsers: [],
    });
  });

  test('users whom the host does not know', async () => {
    expect(readTrial(wish, 'absent-user opps\n').absentUsers).toEqual(['opps']);
    const { absentUsers } = await new Promise<ReturnType<typeof readTrial>>((resolve, reject) => {
      const of = { names: [], urls: [], etcdData: null, units: [], users: ['root', 'nobody-of-ours'] };
      const child = execFile('/bin/sh', (error, stdout) => (error ? reject(error) : resolve(readTrial(of, stdout))));
      child.stdin?.end(`set -eu\n${QUESTION_PRELUDE}\n${trialQuestion(of)}`);
    });
    expect(absentUsers).toEqual(['nobody-of-ours']);
  });

  test('units that systemd does not know', () => {
    expect(readTrial(wish, 'absent-unit a.service\nabsent-unit b.socket\n').absentUnits).toEqual([
      'a.service',
      'b.socket',
    ]);
  });

  test('names', () => {
    expect(readTrial(wish, 'name 1 0\nname 0 2\n').resolves).toEqual({ 'api.example.com': false, h1: true });
  });

  test('the slowest write of a hundred does not count, the one before it does', () => {
    const writes = Array.from({ length: 100 }, (_, i) => `write 0.00${i === 7 ? '9' : '1'}`);
    writes[50] = 'write 4.2';
    expect(readTrial(wish, writes.join('\n')).fsync).toEqual({ samples: 100, p99Ms: 9 });
    expect(readTrial(wish, 'write 4.8e-05').fsync).toEqual({ samples: 1, p99Ms: 0.048 });
  });

  // What dnf 4.14 printed of a history with one transaction that ended, one that failed and one that was cut.
  test.each([
    ['dnf End rpmdb: 6:abd **\ndnf Return-Code: Success\ndnf Command Line: -y install good', null],
    ['dnf End rpmdb: 6:abd **\ndnf Return-Code: Failure: 1\ndnf Command Line: -y install failed', null],
    ['dnf End rpmdb: **\ndnf Return-Code: Failure: 1\ndnf Command Line: -y install cut', '-y install cut'],
  ])('%j', (output, unfinished) => expect(readTrial(wish, output).unfinishedTransaction).toBe(unfinished));
});

describeOnLinux('trialQuestion, asked of this machine under a strict shell', () => {
  const server = createServer((request, response) => {
    if (request.url === '/slow') return;
    response.writeHead(request.url === '/there' ? 200 : 404).end();
  });
  let at = '';
  const folder = mkdtempSync(join(tmpdir(), 'provision-trial-'));
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const asked = (of: TrialWish, env: Readonly<Record<string, string>> = {}) =>
    new Promise<ReturnType<typeof readTrial>>((resolve, reject) => {
      const child = execFile(
        '/bin/sh',
        { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 10_000 },
        (error, stdout) => (error ? reject(error) : resolve(readTrial(of, stdout))),
      );
      child.stdin?.end(`set -eu\n${QUESTION_PRELUDE}\n${trialQuestion(of, 1)}`);
    });

  test('tells what is there, what is not and what is silent, within its patience', async () => {
    const urls = [`${at}/there`, `${at}/not`, `${at}/slow`, 'http://127.0.0.1:9/', "http://127.0.0.1:9/it's"];
    const startedMs = Date.now();
    const trial = await asked({
      names: ['localhost', 'no.such.name.invalid'],
      urls,
      etcdData: null,
      units: [],
      users: [],
    });
    expect(Date.now() - startedMs).toBeLessThan(3000);
    expect(urls.map((url) => trial.reached[url]?.outcome)).toEqual([
      'answered',
      'answered',
      'timeout',
      'failed',
      'failed',
    ]);
    expect(urls.slice(0, 2).map((url) => trial.reached[url]?.status)).toEqual([200, 404]);
    expect(trial.reached['http://127.0.0.1:9/']?.said).toMatch(/connect|refused/i);
    expect(trial.resolves).toEqual({ localhost: true, 'no.such.name.invalid': false });
    expect(trial.fsync).toBeNull();
  });

  test('without curl bash connects, and behind a proxy it does not pretend to', async () => {
    for (const name of ['sh', 'bash', 'timeout', 'getent', 'cat', 'date', 'stat']) {
      const real = ['/usr/bin', '/bin'].map((dir) => join(dir, name)).find((path) => existsSync(path));
      if (real !== undefined) symlinkSync(real, join(folder, name));
    }
    const of = { names: [], urls: [`${at}/there`, 'http://127.0.0.1:9/'], etcdData: null, units: [], users: [] };
    // The question widens PATH itself; here it must find this folder only.
    const narrow = (script: string): string =>
      script.replace(/^PATH=.*$/m, `PATH=${folder}; LC_ALL=C; export PATH LC_ALL`);
    const run = (env: Readonly<Record<string, string>>) =>
      new Promise<ReturnType<typeof readTrial>>((resolve, reject) => {
        const child = execFile('/bin/sh', { env: { ...env }, timeout: 10_000 }, (error, stdout) =>
          error ? reject(error) : resolve(readTrial(of, stdout)),
        );
        child.stdin?.end(`set -eu\n${QUESTION_PRELUDE}\n${narrow(trialQuestion(of))}`);
      });
    expect((await run({})).reached).toMatchObject({
      [`${at}/there`]: { outcome: 'connected' },
      'http://127.0.0.1:9/': { outcome: 'failed', said: 'Connection refused' },
    });
    expect((await run({ https_proxy: 'http://127.0.0.1:3128' })).reached).toEqual({});
  });

  test('times writes where etcd will be and leaves no trace on a disk of its own', async () => {
    const data = mkdtempSync('/dev/shm/etcd-');
    const { mtimeMs } = statSync(data);
    const { fsync } = await asked({
      names: [],
      urls: [],
      etcdData: join(data, 'not', 'yet', 'there'),
      units: [],
      users: [],
    });
    expect(fsync?.samples).toBeGreaterThan(5);
    expect(fsync?.p99Ms).toBeGreaterThan(0);
    expect({ left: readdirSync(data), mtimeMs: statSync(data).mtimeMs }).toEqual({ left: [], mtimeMs });
    rmSync(data, { recursive: true });
  });
});
