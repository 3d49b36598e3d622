import { createHash } from 'node:crypto';
import { type ManifestSource, ProvisionError, type Release } from '../model/index.js';

/** Where texts are kept by their sha256 between runs. `get` resolves to null when it has none. */
export interface TextCache {
  get(sha256: string): Promise<string | null>;
  put(sha256: string, text: string): Promise<void>;
}

/** Past this size it is not a manifest. */
const MOST_BYTES = 4_000_000;

/**
 * The release with the text of its pod network's manifest, from the cache or fetched and then held to its sha256.
 * Throws ARTIFACT when there is none for the release, when fetching fails or when the text is another one.
 */
export async function loadManifests(
  release: Release,
  fetchText: (url: string) => Promise<string>,
  cache: TextCache,
): Promise<Release> {
  if (release.podNetwork === null) {
    throw new ProvisionError('ARTIFACT', `no such pod network is known to go with Kubernetes ${release.kubernetes}`, {
      hint: 'choose another: network: flannel, or network: {manifest: <URL or file>} with one that you know to go with it',
    });
  }
  return { ...release, podNetwork: await load(release.podNetwork, fetchText, cache) };
}

async function load(
  source: ManifestSource,
  fetchText: (url: string) => Promise<string>,
  cache: TextCache,
): Promise<ManifestSource> {
  const { sha256 } = source;
  if (source.text !== null) return source;
  const kept = await cache.get(sha256);
  if (kept !== null && digest(kept) === sha256) return { ...source, text: kept };
  const text = await fetched(source, fetchText);
  const found = digest(text);
  if (text.length > MOST_BYTES || found !== sha256) {
    throw new ProvisionError('ARTIFACT', `the ${source.name} manifest is not the one that was asked for`, {
      said: `${source.url}\nexpected sha256 ${sha256}\ngot      sha256 ${found} (${text.length} bytes)`,
      hint: 'if you mean this text, put its sha256 under mirrors.checksums; if not, look at who serves it',
    });
  }
  await cache.put(sha256, text);
  return { ...source, text };
}

async function fetched(source: ManifestSource, fetchText: (url: string) => Promise<string>): Promise<string> {
  try {
    return await fetchText(source.url);
  } catch (cause) {
    throw new ProvisionError('ARTIFACT', `could not fetch the ${source.name} manifest`, {
      said: `${source.url}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'provision fetches manifests from where it runs; check that address from here, or set mirrors.artifacts',
      cause,
    });
  }
}

const digest = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
