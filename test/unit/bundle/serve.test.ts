import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Bundle, bundleServer, createBundle, openBundle, rangeIn } from '../../../src/bundle/index.js';
import {
  aBundleFile,
  aFolder,
  amd64,
  anUpstream,
  aWish,
  KUBELET,
  list,
  listDigest,
  type Upstream,
} from './upstream.js';

let upstream: Upstream;
let bundle: Bundle;
let server: Server;
let url: string;
beforeAll(async () => {
  upstream = await anUpstream();
  bundle = await openBundle(await aBundleFile(upstream));
  server = bundleServer(bundle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  upstream.close();
});

const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

describe('files', () => {
  const kubelet = '/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet';
  test("lie under their publisher's URL", async () => {
    const { status, headers, text } = await ask(kubelet);
    expect({ status, text }).toEqual({ status: 200, text: KUBELET });
    expect(headers.get('content-length')).toBe(String(KUBELET.length));
  });
  test('a download that was cut goes on where it stopped', async () => {
    const { status, headers, text } = await ask(kubelet, { headers: { range: 'bytes=100-' } });
    expect({ status, text }).toEqual({ status: 206, text: KUBELET.slice(100) });
    expect(headers.get('content-range')).toBe(`bytes 100-${KUBELET.length - 1}/${KUBELET.length}`);
    expect((await ask(kubelet, { headers: { range: `bytes=${KUBELET.length}-` } })).status).toBe(416);
  });
  test('packages and their list are a flat repository', async () => {
    const { text } = await ask('/packages/debian-12-amd64/./Packages');
    expect(text).toContain('Filename: ./socat_1_1_amd64.deb\n');
    expect((await ask('/packages/debian-12-amd64/./socat_1_1_amd64.deb')).text).toBe('deb');
  });
  test.each([
    '/',
    '/nothing',
    '/index.json',
    '/../../etc/passwd',
    '/%00',
    '/%zz',
    '/blobs/sha256/x',
  ])('%s is not there', async (path) => expect((await ask(path)).status).toBe(404));
  test('nothing can be put there', async () =>
    expect((await ask(kubelet, { method: 'PUT', body: 'x' })).status).toBe(405));
});

describe('the registry', () => {
  test('is one', async () => {
    const { status, headers, text } = await ask('/v2/');
    expect({ status, text }).toEqual({ status: 200, text: '{}' });
    expect(headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });
  test.each([
    '/v2/pause/manifests/3.10.2',
    '/v2/pause/manifests/3.10.2?ns=registry.k8s.io',
    '/v2/registry.k8s.io/pause/manifests/3.10.2',
  ])('has an image by its tag: %s', async (path) => {
    const { status, headers, text } = await ask(path);
    expect({ status, text }).toEqual({ status: 200, text: list });
    expect(headers.get('content-type')).toBe('application/vnd.oci.image.index.v1+json');
    expect(headers.get('docker-content-digest')).toBe(listDigest);
  });
  test('HEAD has the same headers and no body', async () => {
    const { status, headers, text } = await ask('/v2/pause/manifests/3.10.2', { method: 'HEAD' });
    expect({ status, text, length: headers.get('content-length') }).toEqual({
      status: 200,
      text: '',
      length: String(list.length),
    });
  });
  test('has parts by digest, whole and from the middle', async () => {
    const { config } = JSON.parse(amd64.manifest) as { config: { digest: string } };
    expect((await ask(`/v2/pause/blobs/${config.digest}`)).text).toBe(amd64.config);
    expect((await ask(`/v2/pause/blobs/${config.digest}`, { headers: { range: 'bytes=2-5' } })).text).toBe(
      amd64.config.slice(2, 6),
    );
  });
  test.each([
    ['/v2/pause/manifests/4', 404, 'MANIFEST_UNKNOWN'],
    ['/v2/pause/manifests/3.10.2?ns=quay.io', 404, 'MANIFEST_UNKNOWN'],
    [`/v2/pause/blobs/sha256:${'0'.repeat(64)}`, 404, 'BLOB_UNKNOWN'],
    ['/v2/nothing/tags/list', 404, 'NAME_UNKNOWN'],
  ])('%s -> %i %s', async (path, status, code) => {
    const answer = await ask(path);
    expect({ status: answer.status, code: JSON.parse(answer.text).errors[0].code }).toEqual({ status, code });
  });
  test('lists tags', async () =>
    expect(JSON.parse((await ask('/v2/pause/tags/list')).text)).toEqual({ name: 'pause', tags: ['3.10.2'] }));
  test('cannot be pushed to', async () => {
    const { status, text } = await ask('/v2/pause/blobs/uploads/', { method: 'POST' });
    expect({ status, code: JSON.parse(text).errors[0].code }).toEqual({ status: 405, code: 'UNSUPPORTED' });
  });
});

test('a bundle that is made from a served bundle is the same bundle', async () => {
  const path = join(aFolder(), 'again.tar');
  const wish = aWish(path, url);
  const [system] = aWish(path, upstream.url).systems;
  await createBundle({ ...wish, systems: system === undefined ? [] : [system] });
  expect(readFileSync(path).equals(readFileSync(bundle.path))).toBe(true);
});

test.each([
  [undefined, null],
  ['bytes=0-', { from: 0, to: 9 }],
  ['bytes=3-5', { from: 3, to: 5 }],
  ['bytes=3-50', { from: 3, to: 9 }],
  ['bytes=-4', { from: 6, to: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=5-3', null],
  ['bytes=1-2,4-5', null],
  ['lines=1-2', null],
])('range %s of 10 bytes', (header, range) => expect(rangeIn(header, 10)).toEqual(range));
