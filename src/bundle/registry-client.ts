// The pull side of the OCI distribution protocol, as a client: manifests and blobs, each held to its digest.
// Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md; tokens: https://distribution.github.io/distribution/spec/auth/token/
import { ProvisionError } from '../model/index.js';
import { sha256Of } from './layout.js';
import { endpointsOf, parseReference, type Reference } from './reference.js';

export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string } | undefined;
}

/** One repository at the first endpoint that had the image. */
export interface Source {
  readonly reference: Reference;
  manifest(digest: string): Promise<Manifest>;
  blob(digest: string): Promise<AsyncIterable<Uint8Array>>;
}

export interface RegistryOptions {
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  readonly signal: AbortSignal;
}

const LISTS = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
export const isList = (mediaType: string): boolean => LISTS.includes(mediaType);

/** Past this size it is no manifest: distribution's own limit. */
const MOST_BYTES = 4 << 20;

/** Finds an image by its tag. Throws ARTIFACT with what every endpoint said when none has it. */
export async function findImage(
  text: string,
  { mirrors, signal }: RegistryOptions,
): Promise<{ source: Source; top: Manifest }> {
  const reference = parseReference(text);
  const said: string[] = [];
  for (const endpoint of endpointsOf(reference.registry, mirrors)) {
    const source = sourceAt(endpoint, reference, signal);
    try {
      return { source, top: await source.manifest(reference.digest ?? reference.tag) };
    } catch (error) {
      if (signal.aborted) throw error;
      said.push(`${endpoint}: ${reasonOf(error)}`);
    }
  }
  throw new ProvisionError('ARTIFACT', `no registry has the image ${text}`, {
    said: said.join('\n'),
    hint: `look from here: curl -I ${endpointsOf(reference.registry, mirrors)[0]}/v2/; mirrors of registries are mirrors.registries in the inventory`,
  });
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
};

function sourceAt(endpoint: string, reference: Reference, signal: AbortSignal): Source {
  const { registry, repository } = reference;
  // What containerd asks a mirror: whose image it is stands behind the question mark.
  const ns = new URL(endpoint).host === registry ? '' : `?ns=${encodeURIComponent(registry)}`;
  let authorization: string | null = null;
  const get = async (path: string, accept: readonly string[]): Promise<Response> => {
    const url = `${endpoint}/v2/${repository}/${path}${ns}`;
    const ask = (): Promise<Response> =>
      fetch(url, {
        signal,
        headers: { accept: accept.join(', '), ...(authorization === null ? {} : { authorization }) },
      });
    let response = await ask();
    if (response.status === 401 && authorization === null) {
      authorization = await tokenFor(response.headers.get('www-authenticate') ?? '', signal);
      await response.body?.cancel();
      response = await ask();
    }
    if (!response.ok) throw new Error(`HTTP ${response.status} at ${url}`);
    return response;
  };
  return {
    reference,
    async manifest(which) {
      const response = await get(`manifests/${which}`, [...LISTS, ...MANIFESTS]);
      const bytes = Buffer.from(await response.arrayBuffer());
      const digest = `sha256:${sha256Of(bytes)}`;
      const wanted = which.startsWith('sha256:') ? which : (response.headers.get('docker-content-digest') ?? digest);
      if (digest !== wanted || bytes.length > MOST_BYTES) {
        throw new Error(`the manifest ${which} has the digest ${digest}, not ${wanted} (${bytes.length} bytes)`);
      }
      const said = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
      return { digest, bytes, mediaType: mediaTypeIn(bytes) ?? said };
    },
    async blob(digest) {
      const { body } = await get(`blobs/${digest}`, ['*/*']);
      if (body === null) throw new Error(`the blob ${digest} came without a body`);
      return body as unknown as AsyncIterable<Uint8Array>;
    },
  };
}

const mediaTypeIn = (bytes: Buffer): string | undefined =>
  (JSON.parse(bytes.toString('utf8')) as { mediaType?: string }).mediaType;

/** An anonymous token for pulling, from where the registry says. */
async function tokenFor(challenge: string, signal: AbortSignal): Promise<string> {
  const fields = new Map([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]));
  const realm = fields.get('realm');
  if (!/^bearer /i.test(challenge) || realm === undefined) throw new Error(`it wants a login: ${challenge}`);
  const url = new URL(realm);
  for (const key of ['service', 'scope']) if (fields.has(key)) url.searchParams.set(key, fields.get(key) ?? '');
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`HTTP ${response.status} at ${url.origin}${url.pathname}`);
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token ?? ''}`;
}

/** What a list or a manifest refers to. */
export function descriptorsIn({ bytes, mediaType }: Manifest): readonly Descriptor[] {
  const value = JSON.parse(bytes.toString('utf8')) as {
    manifests?: readonly Descriptor[];
    config?: Descriptor;
    layers?: readonly Descriptor[];
  };
  if (isList(mediaType)) return value.manifests ?? [];
  return [...(value.config === undefined ? [] : [value.config]), ...(value.layers ?? [])];
}

/** Of a list, what these architectures run; without a platform a manifest is for all (attestations say unknown/unknown). */
export const forArchs = (list: readonly Descriptor[], archs: readonly string[]): readonly Descriptor[] =>
  list.filter(
    ({ platform }) =>
      platform === undefined || (platform.os === 'linux' && archs.includes(platform.architecture ?? '')),
  );
