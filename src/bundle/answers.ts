// What a bundle answers to a URL: files under their publisher's URLs, packages, and the pull side of a registry. Pure.
// Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md; the words of errors are distribution's (v3.1.1).
import { type BundledFile, type BundleIndex, blobName, fileName } from './layout.js';
import { parseReference } from './reference.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A file of the bundle, or a text; null: no body. */
  readonly body: { readonly file: BundledFile } | { readonly text: string } | null;
}

const REGISTRY = { 'docker-distribution-api-version': 'registry/2.0' };
const METHODS = ['GET', 'HEAD'];

export function answerTo(index: BundleIndex, method: string, target: string): Answer {
  const [path = '', query = ''] = target.split('?', 2);
  if (path === '/v2' || path.startsWith('/v2/')) return registryAnswer(index, method, path, query);
  if (!METHODS.includes(method)) return { status: 405, headers: { allow: METHODS.join(', ') }, body: null };
  const found = fileAt(index, path);
  if (found === undefined) return { status: 404, headers: {}, body: { text: `${path} is not in this bundle\n` } };
  return fileAnswer(found, 'application/octet-stream', {});
}

function fileAt(index: BundleIndex, path: string): BundledFile | undefined {
  const plain = decoded(path)
    ?.replace(/^\//, '')
    .replace(/(^|\/)\.\//g, '$1');
  if (plain === undefined) return undefined;
  const name = plain.startsWith('packages/') ? plain : fileName(plain);
  return index.files.find((file) => file.name === name);
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // URIError: not an escape sequence
  }
}

const fileAnswer = (file: BundledFile, type: string, more: Readonly<Record<string, string>>): Answer => ({
  status: 200,
  headers: { 'content-type': type, 'content-length': String(file.size), 'accept-ranges': 'bytes', ...more },
  body: { file },
});

function registryAnswer(index: BundleIndex, method: string, path: string, query: string): Answer {
  if (!METHODS.includes(method)) return refusal(405, 'UNSUPPORTED', 'The operation is unsupported.');
  if (path === '/v2' || path === '/v2/') return jsonAnswer(200, {});
  const [, repository = '', what = '', which = ''] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
  if (what === 'manifests') return manifestAnswer(index, repository, which, query);
  if (what === 'blobs') return blobAnswer(index, which);
  if (what === 'tags' && which === 'list') return tagsAnswer(index, repository, query);
  return {
    status: 404,
    headers: { ...REGISTRY, 'content-type': 'text/plain; charset=utf-8' },
    body: { text: '404 page not found\n' },
  };
}

/**
 * Images of a repository: of the registry that `ns` names (what containerd asks a mirror), or whose name comes first in the path
 * (`docker pull HOST:PORT/registry.k8s.io/pause:3.10`), or of any registry.
 */
function imagesOf(index: BundleIndex, repository: string, query: string): ReadonlyMap<string, string> {
  const ns = new URLSearchParams(query).get('ns');
  const tags = new Map<string, string>();
  for (const { reference, digest } of index.images) {
    const image = parseReference(reference);
    const isIt =
      ns === null
        ? repository === image.repository || repository === `${image.registry}/${image.repository}`
        : ns === image.registry && repository === image.repository;
    if (isIt && image.tag !== '') tags.set(image.tag, digest);
  }
  return tags;
}

function manifestAnswer(index: BundleIndex, repository: string, which: string, query: string): Answer {
  const digest = which.includes(':') ? which : imagesOf(index, repository, query).get(which);
  const file = digest === undefined ? undefined : partOf(index, digest);
  if (digest === undefined || file?.mediaType === undefined) {
    const detail = which.includes(':') ? { name: repository, revision: which } : { name: repository, tag: which };
    return refusal(
      404,
      'MANIFEST_UNKNOWN',
      'manifest unknown',
      which.includes(':') ? `unknown manifest name=${detail.name} revision=${which}` : `unknown tag=${which}`,
    );
  }
  return fileAnswer(file, file.mediaType, { ...REGISTRY, ...identity(digest) });
}

function blobAnswer(index: BundleIndex, digest: string): Answer {
  const file = partOf(index, digest);
  if (file === undefined) return refusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry', digest);
  return fileAnswer(file, 'application/octet-stream', { ...REGISTRY, ...identity(digest) });
}

function tagsAnswer(index: BundleIndex, repository: string, query: string): Answer {
  const tags = [...imagesOf(index, repository, query).keys()].sort();
  if (tags.length === 0)
    return refusal(404, 'NAME_UNKNOWN', 'repository name not known to registry', { name: repository });
  return jsonAnswer(200, { name: repository, tags });
}

const partOf = (index: BundleIndex, digest: string): BundledFile | undefined =>
  index.files.find(({ name, kind }) => kind === 'image part' && name === blobName(digest));

const identity = (digest: string): Readonly<Record<string, string>> => ({
  'docker-content-digest': digest,
  etag: `"${digest}"`,
});

const refusal = (status: number, code: string, message: string, detail?: unknown): Answer =>
  jsonAnswer(status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });

function jsonAnswer(status: number, value: object): Answer {
  // Go's encoder ends a value with a newline; the empty answer of /v2/ is written by hand there.
  const text = JSON.stringify(value) + (Object.keys(value).length === 0 ? '' : '\n');
  return {
    status,
    headers: { ...REGISTRY, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) },
    body: { text },
  };
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** `bytes=100-`, `bytes=0-99`, `bytes=-5`; null: none, or one that may be ignored (RFC 9110, 14.2); 'unsatisfiable': past the end. */
export function rangeIn(header: string | undefined, size: number): Range | null | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (from >= size) return 'unsatisfiable';
  return to < from ? null : { from, to };
}
