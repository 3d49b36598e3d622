// Images from their registries into a staging folder: each manifest and blob held to its digest.

import { ProvisionError } from '../model/index.js';
import type { BundledFile, BundledImage } from './layout.js';
import { blobName } from './layout.js';
import {
  type Descriptor,
  descriptorsIn,
  findImage,
  forArchs,
  isList,
  type Manifest,
  type RegistryOptions,
  type Source,
} from './registry-client.js';
import type { Staging } from './staging.js';

export interface FetchedImage {
  readonly image: BundledImage;
  /** Of each architecture that was asked for, the manifest that it runs. */
  readonly manifests: readonly Manifest[];
  readonly parts: readonly BundledFile[];
}

/** One image for these architectures. A list of manifests stays as it is published, so that its digest is upstream's; others' parts are left out. */
export async function fetchImage(
  reference: string,
  archs: readonly string[],
  staging: Staging,
  options: RegistryOptions,
): Promise<FetchedImage> {
  const { source, top } = await findImage(reference, options);
  const manifests = isList(top.mediaType) ? await manifestsOf(source, top, archs) : [top];
  const heads = [...new Map([top, ...manifests].map((manifest) => [manifest.digest, manifest])).values()];
  const parts: BundledFile[] = [];
  for (const manifest of heads) parts.push(await keepManifest(reference, manifest, staging));
  for (const manifest of manifests) {
    for (const part of descriptorsIn(manifest)) parts.push(await keepBlob(reference, part, source, staging));
  }
  return { image: { reference, digest: top.digest }, manifests, parts };
}

async function manifestsOf(source: Source, top: Manifest, archs: readonly string[]): Promise<readonly Manifest[]> {
  const chosen = forArchs(descriptorsIn(top), archs);
  const absent = archs.filter((arch) => !chosen.some(({ platform }) => platform?.architecture === arch));
  if (absent.length > 0) {
    throw new ProvisionError('ARTIFACT', `${source.reference.text} is not published for ${absent.join(', ')}`, {
      hint: 'ask for other architectures: --arch amd64',
    });
  }
  return Promise.all(chosen.map(({ digest }) => source.manifest(digest)));
}

async function keepManifest(reference: string, manifest: Manifest, staging: Staging): Promise<BundledFile> {
  const { digest, bytes, mediaType } = manifest;
  const kept = await staging.keep(`${reference} (${digest})`, hexOf(digest), async () => onePiece(bytes));
  return { name: blobName(digest), kind: 'image part', url: null, ...kept, mediaType };
}

async function keepBlob(reference: string, part: Descriptor, source: Source, staging: Staging): Promise<BundledFile> {
  const { digest } = part;
  const kept = await staging.keep(`${reference} (${digest})`, hexOf(digest), () => source.blob(digest));
  return { name: blobName(digest), kind: 'image part', url: null, ...kept };
}

function hexOf(digest: string): string {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  if (hex === undefined)
    throw new ProvisionError('ARTIFACT', `an image's part has a digest that is not sha256: ${digest}`);
  return hex;
}

async function* onePiece(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
