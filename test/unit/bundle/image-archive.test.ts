import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerTo, openImages, saveImages } from '../../../src/bundle/index.js';
import { runProgram } from '../../../src/transport/index.js';
import { aBundleFile, aFolder, amd64, anUpstream, type Upstream } from './upstream.js';

const REFERENCE = 'registry.k8s.io/pause:3.10.2';
let upstream: Upstream;
let path: string;
beforeAll(async () => {
  upstream = await anUpstream();
  path = join(aFolder(), 'images.tar');
  await saveImages({
    path,
    references: [REFERENCE],
    arch: 'amd64',
    mirrors: { 'registry.k8s.io': [upstream.url] },
    signal: new AbortController().signal,
    say: () => undefined,
  });
});
afterAll(() => upstream.close());

const text = async (name: string): Promise<string> => (await runProgram(['tar', '-xOf', path, name])).stdout;
const config = JSON.parse(amd64.manifest) as { config: { digest: string }; layers: { digest: string }[] };
const at = (digest: string | undefined): string => `blobs/${digest?.replace(':', '/')}`;

describe('an archive of images', () => {
  test('is an OCI layout with names, which containerd takes', async () => {
    expect(JSON.parse(await text('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const { manifests } = JSON.parse(await text('index.json')) as { manifests: { digest: string }[] };
    expect(manifests).toMatchObject([
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: amd64.manifest.length,
        annotations: { 'io.containerd.image.name': REFERENCE, 'org.opencontainers.image.ref.name': '3.10.2' },
      },
    ]);
    expect(await text(at(manifests[0]?.digest))).toBe(amd64.manifest);
  });

  test("has docker's own list beside it", async () => {
    expect(JSON.parse(await text('manifest.json'))).toEqual([
      { Config: at(config.config.digest), RepoTags: [REFERENCE], Layers: [at(config.layers[0]?.digest)] },
    ]);
    expect(await text(at(config.config.digest))).toBe(amd64.config);
  });

  test('is a registry of its images once it is opened', async () => {
    const { index } = await openImages(path);
    const answer = answerTo(index, 'GET', '/v2/pause/manifests/3.10.2?ns=registry.k8s.io');
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: { file: { size: amd64.manifest.length } },
    });
  });

  test('with a changed part is refused by its name', async () => {
    const bytes = readFileSync(path);
    bytes.write('L', bytes.indexOf('layer of amd64'));
    const copy = join(aFolder(), 'images.tar');
    writeFileSync(copy, bytes);
    await expect(openImages(copy)).rejects.toMatchObject({
      code: 'ARTIFACT',
      message: `${copy} is not as it was made: ${at(config.layers[0]?.digest)}`,
    });
  });

  test('a bundle is none: its index has other words', async () => {
    await expect(openImages(await aBundleFile(upstream))).rejects.toThrow('is no archive of images with their names');
  });
});
