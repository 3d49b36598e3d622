import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBundle, missingFrom, openBundle } from '../../../src/bundle/index.js';
import { runProgram } from '../../../src/transport/index.js';
import { aBundleFile, aFolder, amd64, anUpstream, aWish, KUBELET, list, needs, type Upstream } from './upstream.js';

let upstream: Upstream;
let file: string;
beforeAll(async () => {
  upstream = await anUpstream();
  file = await aBundleFile(upstream);
});
afterAll(() => upstream.close());

const names = [
  'index.json',
  'index.json.sha256',
  expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
  expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
  expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
  expect.stringMatching(/^blobs\/sha256\/[0-9a-f]{64}$/),
  'files/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet',
  'files/raw.example.com/kube-flannel.yml',
  'packages/debian-12-amd64/Packages',
  'packages/debian-12-amd64/socat_1_1_amd64.deb',
  'sbom.spdx.json',
];

const tar = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runProgram(['tar', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

describe('a bundle', () => {
  test('is an archive for everybody: tar lists and unpacks it', async () => {
    expect((await tar('-tf', file)).trim().split('\n')).toEqual(names);
    const folder = aFolder();
    await tar('-xf', file, '-C', folder);
    expect(readFileSync(join(folder, 'files/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet'), 'utf8')).toBe(KUBELET);
    const sums = await runProgram(['sha256sum', '--check', 'index.json.sha256'], { cwd: folder });
    expect(sums.stdout).toBe('index.json: OK\n');
  });

  test('says what it holds, first; and of an image only what was asked for', async () => {
    const { index } = await openBundle(file);
    expect(index.kubernetes).toBe('1.36.3');
    expect(index.systems).toMatchObject([{ name: 'debian-12-amd64', packages: ['socat'] }]);
    expect(index.images.map(({ reference }) => reference)).toEqual(['registry.k8s.io/pause:3.10.2']);
    const parts = index.files.filter(({ kind }) => kind === 'image part').map(({ size }) => size);
    expect(parts.sort()).toEqual([list, ...Object.values(amd64)].map(({ length }) => length).sort());
  });

  test('is the same, byte for byte, when it is made again', async () => {
    expect(readFileSync(await aBundleFile(upstream)).equals(readFileSync(file))).toBe(true);
  });

  test('has a bill of materials with every part, its origin and its sum', async () => {
    const bundle = await openBundle(file);
    const sbom = JSON.parse(await bundle.text('sbom.spdx.json')) as { spdxVersion: string; packages: unknown[] };
    expect(sbom.spdxVersion).toBe('SPDX-2.3');
    expect(sbom.packages).toMatchObject([
      { name: 'kubelet', versionInfo: '1.36.3', downloadLocation: needs.artifacts[0]?.url },
      { name: 'kube-flannel.yml', versionInfo: '0.28.4' },
      { name: 'socat', versionInfo: '1:1', externalRefs: [{ referenceLocator: 'pkg:deb/debian/socat@1%3A1' }] },
      { name: 'registry.k8s.io/pause', versionInfo: '3.10.2' },
    ]);
  });

  test('leaves nothing beside itself', () => expect(readdirSync(dirname(file))).toEqual(['bundle.tar']));

  test('names what it lacks', async () => {
    const { index } = await openBundle(file);
    expect(missingFrom(index, needs, ['socat'])).toEqual([]);
    const [kubelet] = needs.artifacts;
    if (kubelet === undefined) throw new Error('no kubelet');
    const more = {
      ...needs,
      artifacts: [
        { ...kubelet, sha256: 'f'.repeat(64) },
        { ...kubelet, name: 'runc', url: 'https://github.com/runc.amd64' },
      ],
      images: ['registry.k8s.io/pause:4'],
      packages: ['socat', 'conntrack'],
    };
    expect(missingFrom(index, more, ['socat'])).toEqual([
      expect.stringMatching(/^kubelet 1\.36\.3 with sha256 f+ \(it has [0-9a-f]{64}\)$/),
      'runc 1.36.3 (files/github.com/runc.amd64)',
      'image registry.k8s.io/pause:4',
      'package conntrack',
    ]);
  });
});

describe('a bundle that is not what it was', () => {
  const refusalOf = (path: string): Promise<string> =>
    openBundle(path).then(
      () => 'it was taken',
      (error: Error) => error.message.replace(path, 'it'),
    );
  const refusal = async (bytes: Buffer): Promise<string> => {
    const path = join(aFolder(), 'bundle.tar');
    writeFileSync(path, bytes);
    return refusalOf(path);
  };

  test('with one byte of a file changed: refused by its name', async () => {
    const bytes = readFileSync(file);
    bytes.write('K', bytes.indexOf('kubelet kubelet') + 104);
    expect(await refusal(bytes)).toBe(
      'it is not as it was made: files/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet',
    );
  });

  test('with one byte of its index changed: refused', async () => {
    const bytes = readFileSync(file);
    bytes.write('D', bytes.indexOf('dl.k8s.io'));
    expect(await refusal(bytes)).toBe('it is not as it was made: index.json');
  });

  test.each([
    'files/raw.example.com/kube-flannel.yml',
    'packages/debian-12-amd64/socat_1_1_amd64.deb',
    'sbom.spdx.json',
  ])('without %s: refused by its name', async (name) => {
    const copy = join(aFolder(), 'copy.tar');
    writeFileSync(copy, readFileSync(file));
    await tar('--delete', '-f', copy, name);
    expect(await refusal(readFileSync(copy))).toBe(`it is not as it was made: ${name}`);
  });

  test('with a file more: refused by its name', async () => {
    const copy = join(aFolder(), 'copy.tar');
    writeFileSync(copy, readFileSync(file));
    writeFileSync(join(dirname(copy), 'more'), 'more');
    await tar('-rf', copy, '--format=ustar', '-C', dirname(copy), 'more');
    expect(await refusal(readFileSync(copy))).toBe('it is not as it was made: more');
  });

  test('no single bit anywhere can change unseen', async () => {
    const bytes = readFileSync(file);
    const taken: number[] = [];
    const path = join(aFolder(), 'bundle.tar');
    writeFileSync(path, bytes);
    const copy = openSync(path, 'r+');
    // Every byte of the first headers, and a sample of all the rest: a step that meets every offset of a block.
    const places = Array.from({ length: 700 }, (_, at) => (at < 540 ? at : (at - 540) * 173)).filter(
      (at) => at < bytes.length,
    );
    for (const at of places) {
      const byte = bytes[at] ?? 0;
      writeSync(copy, Buffer.of(byte ^ (1 << (at % 7))), 0, 1, at);
      if ((await refusalOf(path)) === 'it was taken') taken.push(at);
      writeSync(copy, Buffer.of(byte), 0, 1, at);
    }
    expect(await refusalOf(path)).toBe('it was taken');
    closeSync(copy);
    expect(taken).toEqual([]);
  });

  test('cut short: refused', async () => {
    const bytes = readFileSync(file);
    expect(await refusal(bytes.subarray(0, bytes.length / 2))).toMatch(/damaged after .*: .* is cut short$/);
    expect(await refusal(bytes.subarray(0, 100))).toMatch(/cut short/);
    expect(await refusal(Buffer.from('not an archive'.repeat(100)))).toMatch(/damaged/);
  });
});

describe('making one', () => {
  test('ends without a file when a sum is wrong, and says which', async () => {
    const other = await anUpstream();
    const path = join(aFolder(), 'bundle.tar');
    other.spoilt.set('/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet', { text: 'something else' });
    await expect(createBundle(aWish(path, other.url))).rejects.toMatchObject({
      code: 'ARTIFACT',
      message: 'refused: files/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet is not what it should be',
    });
    expect(existsSync(path)).toBe(false);
    other.spoilt.clear();
    other.asked.length = 0;
    await createBundle(aWish(path, other.url));
    expect(existsSync(path)).toBe(true);
    // What had come before it ended was not fetched again.
    expect(other.asked.filter((target) => target.includes('socat'))).toEqual([]);
    other.close();
  });

  test("refuses an image whose parts are not those of its digest, and a registry's lie about a manifest", async () => {
    for (const [path, what] of [
      ['/v2/pause/manifests/3.10.2', /no registry has the image registry.k8s.io\/pause:3.10.2/],
      [
        `/v2/pause/blobs/${JSON.parse(amd64.manifest).config.digest}`,
        /^refused: registry.k8s.io\/pause:3.10.2 \(sha256:/,
      ],
    ] as const) {
      const other = await anUpstream();
      other.spoilt.set(path, { text: '{"schemaVersion":2}' });
      await expect(createBundle(aWish(join(aFolder(), 'b.tar'), other.url))).rejects.toMatchObject({
        code: 'ARTIFACT',
        message: expect.stringMatching(what),
      });
      other.close();
    }
  });

  test('an architecture that an image is not published for is named', async () => {
    const wish = aWish(join(aFolder(), 'b.tar'), upstream.url);
    const [system] = wish.systems;
    if (system === undefined) throw new Error('no system');
    const systems = [{ ...system, machine: { ...system.machine, arch: 's390x' } }];
    await expect(createBundle({ ...wish, systems })).rejects.toThrow(
      'registry.k8s.io/pause:3.10.2 is not published for s390x',
    );
  });
});
