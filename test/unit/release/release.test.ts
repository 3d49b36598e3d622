import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Mirrors } from '../../../src/model/index.js';
import {
  artifacts,
  knownVersions,
  kubeletSkew,
  loadManifests,
  manifests,
  mirrored,
  releaseFor,
  releases,
  upgradeSkew,
} from '../../../src/release/index.js';
import { aMirrors } from '../../support/scene.js';
import { root } from '../steps/scene.js';

const NO_MIRRORS: Mirrors = aMirrors();
const newest = knownVersions().at(-1) ?? '';
const release = (mirrors: Partial<Mirrors> = {}) =>
  releaseFor({ version: newest, mirrors: { ...NO_MIRRORS, ...mirrors }, runtime: 'containerd' });
const NAMES = ['kubelet', 'kubeadm', 'kubectl', 'containerd', 'runc', 'cni-plugins', 'crictl', 'cri-dockerd'] as const;
/** No list of their publishers' sums was at hand: an inventory that wants these as binaries brings them. Packages are signed. */
const SUMS_NOT_KNOWN = ['1.17.17', '1.18.20', '1.19.16', '1.23.17'];
const OF_KUBERNETES = ['kubelet', 'kubeadm', 'kubectl'];

test.each([
  ['https://dl.k8s.io/a', 'https://m/dl/a'],
  ['https://dl.k8s.io/release/b', 'https://rel/b'],
  ['https://github.com/x', 'https://all/github.com/x'],
])('%s is fetched from the place of its longest known beginning: %s', (upstream, from) => {
  const urls = { 'https://dl.k8s.io/': 'https://m/dl/', 'https://dl.k8s.io/release/': 'https://rel/' };
  expect(mirrored(upstream, { artifacts: 'https://all', urls })).toBe(from);
});

describe('the table', () => {
  test('no checksum, no version: every pin of every release is there for both architectures, or refused', () => {
    for (const version of knownVersions()) {
      for (const name of NAMES) {
        for (const arch of ['amd64', 'arm64'] as const) {
          const found = () => releaseFor({ version, mirrors: NO_MIRRORS, runtime: 'containerd' }).artifact(name, arch);
          if (SUMS_NOT_KNOWN.includes(version) && OF_KUBERNETES.includes(name)) {
            expect(found).toThrow(
              expect.objectContaining({
                code: 'ARTIFACT',
                hint: expect.stringContaining(`/v${version}/bin/linux/${arch}/`),
              }),
            );
            continue;
          }
          const { sha256, url, version: pinned } = found();
          expect(sha256).toMatch(/^[0-9a-f]{64}$/);
          expect(url).toMatch(/^https:\/\/[^{}]+$/);
          expect(url).toContain(arch);
          expect(url).toContain(pinned);
        }
      }
    }
  });

  test('sorted, without a row twice, and without a row that no release pins', () => {
    const rows = artifacts.map((a) => `${a.component} ${a.version}`);
    expect(rows).toEqual([...new Set(rows)].sort());
    const sums = artifacts.flatMap((a) => Object.values(a.sha256));
    expect(new Set(sums).size).toBe(sums.length);
    const pinned = Object.values(releases).flatMap((row) => [
      ...Object.entries(row.pins).map(([name, version]) => `${name} ${version}`),
      ...['kubelet', 'kubeadm', 'kubectl'].map((name) => `${name} ${row.kubernetes}`),
    ]);
    expect(rows.filter((row) => !pinned.includes(row))).toEqual([]);
    expect(manifests.filter((m) => !pinned.includes(`${m.component} ${m.version}`))).toEqual([]);
  });

  test('every release stands under its own minor', () => {
    for (const [minor, row] of Object.entries(releases)) expect(row.kubernetes.startsWith(`${minor}.`)).toBe(true);
  });

  test('no version is spelled anywhere else', () => {
    const pins = Object.values(releases).flatMap((row) => [
      row.kubernetes,
      ...Object.values(row.pins),
      ...Object.values(row.tags),
    ]);
    const spelled = new RegExp(`(?<![\\d.])(?:${[...new Set(pins)].join('|').replaceAll('.', '\\.')})(?![\\d.])`);
    const files = ['src', 'templates'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    const found = files
      // lab/ pins what it builds; the words of inventory/ show people an example.
      .filter(
        (path) =>
          !/^src\/(release\/(table|artifacts|traits)\.ts|lab\/|inventory\/(words|checksums)\.ts)/.test(
            relative(root, path),
          ),
      )
      .flatMap((path) =>
        readFileSync(path, 'utf8')
          .split('\n')
          // A comment may name the version whose source it was read in, and an example may show one.
          .filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line) && !/\/\/ |example|such as|for instance/i.test(line))
          .filter((line) => spelled.test(line))
          .map((line) => `${relative(root, path)}: ${line.trim()}`),
      );
    expect(found).toEqual([]);
  });
});

describe('versions', () => {
  test('an unknown one is refused with those that are known', () => {
    expect(() => releaseFor({ version: '1.36.99', mirrors: NO_MIRRORS, runtime: 'containerd' })).toThrow(
      expect.objectContaining({ code: 'ARTIFACT', hint: expect.stringContaining(newest) }),
    );
  });

  test.each([
    ['v1.36.3', '1.36.3', 'fine'],
    ['v1.36.9', '1.36.3', 'fine'],
    ['v1.33.0', '1.36.3', 'fine'],
    ['v1.32.9', '1.36.3', 'too-old'],
    ['v1.37.0', '1.36.3', 'newer'],
    ['v1.21.14', '1.23.17', 'fine'],
    ['v1.20.15', '1.23.17', 'too-old'],
    ['v2.36.3', '1.36.3', 'newer'],
    ['broken', '1.36.3', null],
  ])('a kubelet %s with an API server %s: %s', (k, a, skew) => expect(kubeletSkew(k, a)).toBe(skew));

  test.each([
    ['v1.35.4', '1.36.3', 'fine'],
    ['1.36.3', '1.36.4', 'fine'],
    ['1.36.4', '1.36.3', 'fine'],
    ['v1.34.9', '1.36.3', 'too-old'],
    ['1.36.3', '1.35.9', 'newer'],
    ['1.36.3', '2.37.0', 'too-old'],
    ['', '1.36.3', null],
  ])('from %s to %s: %s', (from, to, skew) => expect(upgradeSkew(from, to)).toBe(skew));
});

describe('mirrors', () => {
  test('a mirror serves under the upstream layout; the upstream address stays known', () => {
    const found = release({ artifacts: 'http://m.example/x' }).artifact('kubelet', 'arm64');
    expect(found.url).toBe(`http://m.example/x/${found.upstream.replace('https://', '')}`);
    expect(found.upstream).toBe(release().artifact('kubelet', 'arm64').url);
  });

  test("the operator's checksum beats ours, for that one file", () => {
    const { upstream } = release().artifact('runc', 'amd64');
    const own = release({ checksums: { [upstream]: 'a'.repeat(64) } });
    expect(own.artifact('runc', 'amd64').sha256).toBe('a'.repeat(64));
    expect(own.artifact('runc', 'arm64').sha256).toBe(release().artifact('runc', 'arm64').sha256);
  });

  test('an image repository has the images of Kubernetes under flat names, and no others', () => {
    const images = (version: string) =>
      releaseFor({
        version,
        mirrors: { ...NO_MIRRORS, imageRepository: 'registry.aliyuncs.com/google_containers' },
        runtime: 'containerd',
      }).images;
    expect(images('1.23.17')).toMatchObject({
      'kube-apiserver': 'registry.aliyuncs.com/google_containers/kube-apiserver:v1.23.17',
      coredns: 'registry.aliyuncs.com/google_containers/coredns:v1.8.6',
      etcd: 'registry.aliyuncs.com/google_containers/etcd:3.5.6-0',
      pause: 'registry.aliyuncs.com/google_containers/pause:3.6',
      flannel: release().images.flannel,
      agnhost: release().images.agnhost,
    });
    expect(images('1.18.20').coredns).toBe('registry.aliyuncs.com/google_containers/coredns:1.6.7');
  });

  test('image names stay as upstream has them', () => {
    expect(Object.values(release({ artifacts: 'http://m.example' }).images)).toEqual(Object.values(release().images));
    for (const image of Object.values(release().images))
      expect(image).toMatch(/^(registry\.k8s\.io|ghcr\.io|quay\.io)\/\S+:\S+$/);
  });
});

describe('manifests', () => {
  const text = 'kind: Namespace\n';
  const sum = createHash('sha256').update(text).digest('hex');
  const upstream = release().podNetwork?.upstream ?? '';
  const known = release({ checksums: { [upstream]: sum } });
  const cacheOf = (start: Record<string, string> = {}) => {
    const kept = new Map(Object.entries(start));
    return {
      kept,
      get: async (key: string) => kept.get(key) ?? null,
      put: async (key: string, value: string) => void kept.set(key, value),
    };
  };
  const refuse = async (): Promise<string> => {
    throw new Error('no network in a test');
  };

  test('a text that is not the pinned one is refused, with both sums', async () => {
    await expect(loadManifests(release(), async () => text, cacheOf())).rejects.toMatchObject({
      code: 'ARTIFACT',
      said: expect.stringContaining(sum),
    });
  });

  test('fetched once, verified, then kept under its sum', async () => {
    const cache = cacheOf();
    const asked: string[] = [];
    const fetchText = async (url: string) => {
      asked.push(url);
      return text;
    };
    const mirrored = release({ artifacts: 'http://m.example', checksums: { [upstream]: sum } });
    expect((await loadManifests(mirrored, fetchText, cache)).podNetwork?.text).toBe(text);
    expect(asked).toEqual([`http://m.example/${upstream.replace('https://', '')}`]);
    expect((await loadManifests(known, refuse, cache)).podNetwork?.text).toBe(text);
  });

  test('another text is refused, and not kept', async () => {
    const cache = cacheOf();
    await expect(loadManifests(known, async () => 'kind: Evil\n', cache)).rejects.toMatchObject({ code: 'ARTIFACT' });
    expect(cache.kept.size).toBe(0);
  });

  const networked = (
    version: string,
    network: NonNullable<Parameters<typeof releaseFor>[0]['network']>,
    checksums = {},
  ) => releaseFor({ version, mirrors: { ...NO_MIRRORS, checksums }, runtime: 'containerd', network });

  test('calico goes with some releases; with another it is refused, with the way on', async () => {
    const calico = { plugin: 'calico', manifest: null } as const;
    expect(networked(newest, calico).podNetwork?.upstream).toMatch(
      /projectcalico\/calico\/v[\d.]+\/manifests\/calico.yaml$/,
    );
    const old = networked(knownVersions()[0] ?? '', calico);
    expect(old.podNetwork).toBeNull();
    await expect(loadManifests(old, refuse, cacheOf())).rejects.toMatchObject({
      code: 'ARTIFACT',
      hint: expect.stringContaining('network: {manifest:'),
    });
  });

  test('a file beside the inventory is taken as it is; a URL is held to the operator’s sum', async () => {
    const source = 'https://example.com/net.yaml';
    const file = networked(newest, { plugin: 'manifest', manifest: { source: '/site/net.yaml', text } });
    expect((await loadManifests(file, refuse, cacheOf())).podNetwork).toMatchObject({ text, sha256: sum });
    const url = (sha256: string) =>
      networked(newest, { plugin: 'manifest', manifest: { source, text: null } }, { [source]: sha256 });
    expect((await loadManifests(url(sum), async () => text, cacheOf())).podNetwork?.text).toBe(text);
    await expect(loadManifests(url('0'.repeat(64)), async () => text, cacheOf())).rejects.toThrow(
      'the network manifest is not the one that was asked for',
    );
  });

  test('a damaged cache is not believed', async () => {
    const cache = cacheOf({ [sum]: 'half of' });
    expect((await loadManifests(known, async () => text, cache)).podNetwork?.text).toBe(text);
    await expect(loadManifests(known, refuse, cacheOf({ [sum]: 'half of' }))).rejects.toMatchObject({
      code: 'ARTIFACT',
      said: expect.stringContaining('no network in a test'),
    });
  });
});
