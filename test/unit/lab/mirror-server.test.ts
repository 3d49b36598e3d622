import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createFileServer, parseListen, requestedPath } from '../../../src/lab/mirror/server.js';

describe('requestedPath', () => {
  test.each([
    ['/dl.k8s.io/kubelet', '/srv/dl.k8s.io/kubelet'],
    ['/a%2Bb?x=1', '/srv/a+b'],
    ['/pool/libstdc++6_1.deb', '/srv/pool/libstdc++6_1.deb'],
    ['/a..b', '/srv/a..b'],
    ['/../secret', undefined],
    ['/a/%2e%2e/%2e%2e/secret', undefined],
    ['/a/..%2f..%2fsecret', undefined],
    ['/%zz', undefined],
    ['/a%00b', undefined],
  ])('%s', (target, path) => {
    expect(requestedPath('/srv', target)).toBe(path);
  });
});

test('parseListen takes address and port and nothing else', () => {
  expect(parseListen('10.77.0.1:8080')).toEqual({ host: '10.77.0.1', port: 8080 });
  expect(() => parseListen('8080')).toThrow('ADDRESS:PORT');
});

describe('the file server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mirror-server-'));
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    mkdirSync(join(folder, 'root', 'host'), { recursive: true });
    writeFileSync(join(folder, 'root', 'host', 'file'), 'content');
    writeFileSync(join(folder, 'secret'), 'secret');
    symlinkSync(join(folder, 'secret'), join(folder, 'root', 'host', 'way-out'));
    server = await createFileServer(join(folder, 'root'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  // `fetch` would tidy the path up before it is sent.
  const ask = (method: string, path: string) =>
    new Promise<readonly [number | undefined, string | undefined, string]>((resolve, reject) => {
      request({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
        let body = '';
        response.on('data', (bytes) => {
          body += bytes;
        });
        response.on('end', () => resolve([response.statusCode, response.headers['content-length'], body]));
      })
        .on('error', reject)
        .end();
    });

  test.each([
    ['GET', '/host/file', [200, '7', 'content']],
    ['HEAD', '/host/file', [200, '7', '']],
    ['GET', '/host/none', [404, '0', '']],
    ['GET', '/host', [404, '0', '']],
    ['GET', '/host/file/below', [404, '0', '']],
    ['GET', '/host/way-out', [404, '0', '']],
    ['GET', '/host/../../secret', [400, '0', '']],
    ['PUT', '/host/file', [405, '0', '']],
  ])('%s %s', async (method, path, answer) => {
    expect(await ask(method, path)).toEqual(answer);
  });
});
