import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { type BundleWish, createBundle, type Needs, readAptList } from '../../../src/bundle/index.js';
import type { MachineFacts } from '../../../src/model/index.js';

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const digest = (bytes: string): string => `sha256:${sha256(bytes)}`;

/** What this upstream has: two files, one package, and an image for two architectures. */
export const KUBELET = 'kubelet '.repeat(300);
export const MANIFEST = 'kind: Namespace\n';
const DEB = 'deb';
const parts = (arch: string) => {
  const config = JSON.stringify({ architecture: arch, os: 'linux' });
  const layer = `layer of ${arch} `.repeat(100);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digest(layer), size: layer.length }],
  });
  return { config, layer, manifest };
};
export const amd64 = parts('amd64');
const arm64 = parts('arm64');
const LIST = 'application/vnd.oci.image.index.v1+json';
export const list = JSON.stringify({
  schemaVersion: 2,
  mediaType: LIST,
  manifests: Object.entries({ amd64, arm64 }).map(([architecture, { manifest }]) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digest(manifest),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  })),
});
export const listDigest = digest(list);

const TYPES: Readonly<Record<string, string>> = { [listDigest]: LIST };
const contents = new Map<string, string>([
  ['/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet', KUBELET],
  ['/pool/socat_1%253a1_amd64.deb', DEB],
]);
for (const text of [list, ...Object.values(amd64), ...Object.values(arm64)]) {
  contents.set(`/v2/pause/manifests/${digest(text)}`, text);
  contents.set(`/v2/pause/blobs/${digest(text)}`, text);
}
contents.set('/v2/pause/manifests/3.10.2', list);

export interface Upstream {
  readonly url: string;
  /** What was asked for, in order. */
  readonly asked: string[];
  /** Path -> what it answers instead. */
  readonly spoilt: Map<string, { readonly status?: number; readonly text?: string }>;
  close(): void;
}

/** A mirror and a registry as far as a bundle needs them; the registry wants a token, as ghcr.io does. */
export async function anUpstream(): Promise<Upstream> {
  const asked: string[] = [];
  const spoilt: Upstream['spoilt'] = new Map();
  const server: Server = createServer((request, response) => {
    const target = request.url ?? '';
    asked.push(target);
    const [path = ''] = target.split('?');
    if (path === '/token') return void response.end('{"token":"t"}');
    if (path.startsWith('/v2/') && request.headers.authorization !== 'Bearer t') {
      const realm = `Bearer realm="http://${request.headers.host}/token",service="s",scope="repository:pause:pull"`;
      return void response.writeHead(401, { 'www-authenticate': realm }).end();
    }
    const spoil = spoilt.get(path);
    const text = spoil?.text ?? contents.get(path);
    if (spoil?.status !== undefined || text === undefined) return void response.writeHead(spoil?.status ?? 404).end();
    const type = TYPES[digest(text)] ?? 'application/octet-stream';
    response
      .writeHead(200, { 'content-type': type, 'docker-content-digest': digest(contents.get(path) ?? '') })
      .end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    spoilt,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

export const needs: Needs = {
  artifacts: [
    {
      name: 'kubelet',
      version: '1.36.3',
      url: 'https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet',
      sha256: sha256(KUBELET),
    },
  ],
  manifests: [
    {
      name: 'flannel',
      version: '0.28.4',
      url: 'https://raw.example.com/kube-flannel.yml',
      sha256: sha256(MANIFEST),
    },
  ],
  images: ['registry.k8s.io/pause:3.10.2'],
  packages: ['socat'],
  repositories: [],
};

/** As apt prints it: an epoch's colon is escaped in a file's name, and once more in its URL. */
export const aptOutput = (url: string): string => `uri ${url}/pool/socat_1%253a1_amd64.deb socat_1%3a1_amd64.deb
Package: socat
Version: 1:1
Architecture: amd64
Filename: pool/socat_1%3a1_amd64.deb
Size: ${DEB.length}
SHA256: ${sha256(DEB)}

`;

export const machine = { os: { id: 'debian', version: '12' }, arch: 'amd64', packageManager: 'apt' } as MachineFacts;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that goes with the tests of its file. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'provision-bundle-'));
  folders.push(folder);
  return folder;
}

export const aWish = (path: string, url: string, over: Partial<BundleWish> = {}): BundleWish => ({
  path,
  cluster: 'test',
  kubernetes: '1.36.3',
  version: '0.1.0',
  sums: {},
  systems: [{ name: 'debian-12-amd64', machine, needs, packages: readAptList(aptOutput(url)) }],
  manifestTexts: new Map([[sha256(MANIFEST), MANIFEST]]),
  keyTexts: new Map(),
  placeOf: (upstream) => upstream.replace('https:/', url),
  registries: { 'registry.k8s.io': [url] },
  nowMs: 0,
  signal: new AbortController().signal,
  say: () => undefined,
  ...over,
});

export async function aBundleFile(upstream: Upstream): Promise<string> {
  const path = join(aFolder(), 'bundle.tar');
  await createBundle(aWish(path, upstream.url));
  return path;
}
