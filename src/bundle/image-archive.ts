// Images in one archive that every tool takes: an OCI image layout, with docker's own list beside it.
// Sources: https://github.com/opencontainers/image-spec/blob/main/image-layout.md; moby, image/spec (manifest.json); containerd, core/images/archive.
import { open } from 'node:fs/promises';
import { ProvisionError } from '../model/index.js';
import { type Member, textMember, writeArchive } from './archive.js';
import { type FetchedImage, fetchImage } from './images.js';
import { type BundledFile, type BundledImage, blobName, FORMAT, INDEX } from './layout.js';
import { type Bundle, bundleOf, damagedError, sumAt } from './open.js';
import { parseReference } from './reference.js';
import { type Descriptor, descriptorsIn, type Manifest, type RegistryOptions } from './registry-client.js';
import { stagingIn } from './staging.js';
import { readAt, readTar, type TarEntry } from './tar.js';

const NAME = 'io.containerd.image.name';

export interface ImageArchiveWish extends RegistryOptions {
  readonly path: string;
  readonly references: readonly string[];
  /** One: `docker load` knows no other. */
  readonly arch: string;
  readonly say: (line: string) => void;
}

/** Fetches images from their registries, each part held to its digest, into one archive; whole or not at all. */
export async function saveImages({ path, references, arch, say, ...options }: ImageArchiveWish): Promise<number> {
  const staging = await stagingIn(`${path}.parts`, options.signal);
  const fetched: FetchedImage[] = [];
  for (const reference of references) {
    fetched.push(await fetchImage(reference, [arch], staging, options));
    say(reference);
  }
  const parts = new Map(fetched.flatMap((image) => image.parts).map((part) => [part.name, part]));
  const members: Member[] = [
    textMember('oci-layout', '{"imageLayoutVersion":"1.0.0"}\n'),
    textMember(INDEX, `${JSON.stringify(layoutIndex(fetched), null, 2)}\n`),
    textMember('manifest.json', `${JSON.stringify(dockerList(fetched), null, 2)}\n`),
    ...[...parts.values()].map(({ name, size, sha256 }) => ({ name, size, open: () => staging.open(sha256) })),
  ];
  const bytes = await writeArchive(path, members, options.signal);
  await staging.remove();
  return bytes;
}

/** Of each image the manifest that this architecture runs: lists would name parts that are not here. */
const ownManifest = ({ manifests: [manifest], image }: FetchedImage): Manifest => {
  if (manifest === undefined) throw new ProvisionError('INTERNAL', `${image.reference} has no manifest`);
  return manifest;
};

const layoutIndex = (images: readonly FetchedImage[]): unknown => ({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: images.map((fetched) => {
    const { mediaType, digest, bytes } = ownManifest(fetched);
    const { reference } = fetched.image;
    const annotations = { [NAME]: reference, 'org.opencontainers.image.ref.name': parseReference(reference).tag };
    return { mediaType, digest, size: bytes.length, annotations };
  }),
});

const dockerList = (images: readonly FetchedImage[]): unknown =>
  images.map((fetched) => {
    const [config, ...layers] = descriptorsIn(ownManifest(fetched)).map(({ digest }) => blobName(digest));
    return { Config: config, RepoTags: [fetched.image.reference], Layers: layers };
  });

/** Opens such an archive, whoever wrote it, as if it were a bundle of images only. Throws ARTIFACT for a part that is not what its name says. */
export async function openImages(path: string): Promise<Bundle> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new ProvisionError('ARTIFACT', `cannot read the archive ${path}`, {
      said: cause instanceof Error ? cause.message : String(cause),
      hint: 'provision images save makes one',
      cause,
    });
  });
  try {
    const entries = await readTar(handle, path);
    const index = entries.find(({ name }) => name === INDEX);
    const textOf = async ({ offset, size }: TarEntry): Promise<string> =>
      (await readAt(handle, offset, size)).toString('utf8');
    const listed = index === undefined ? null : imagesIn(await textOf(index));
    if (listed === null) {
      throw new ProvisionError('ARTIFACT', `${path} is no archive of images with their names`, {
        hint: 'make it with: provision images save -i INVENTORY -o FILE; or with: ctr -n k8s.io images export',
      });
    }
    const files: BundledFile[] = [];
    const damages: { name: string; what: string }[] = [];
    for (const entry of entries) {
      const [, wanted] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(entry.name) ?? [];
      if (wanted === undefined) continue;
      const sha256 = await sumAt(handle, entry);
      if (sha256 !== wanted) damages.push({ name: entry.name, what: `sha256 ${sha256}` });
      const mediaType = listed.types.get(`sha256:${wanted}`) ?? undefined;
      files.push({ name: entry.name, kind: 'image part', url: null, sha256, size: entry.size, mediaType });
    }
    if (damages.length > 0) throw damagedError(path, damages);
    const { images } = listed;
    const whole = { format: FORMAT, kubernetes: '', sums: {}, systems: [], images, files } as const;
    return bundleOf(path, entries, whole, '');
  } finally {
    await handle.close();
  }
}

interface Listed {
  readonly images: readonly BundledImage[];
  /** Digest of a manifest -> what it is. */
  readonly types: ReadonlyMap<string, string>;
}

function imagesIn(text: string): Listed | null {
  const { manifests } = JSON.parse(text) as {
    manifests?: readonly (Descriptor & { readonly annotations?: Readonly<Record<string, string>> })[];
  };
  const named = (manifests ?? []).flatMap(({ digest, mediaType, annotations }) => {
    const reference = annotations?.[NAME];
    return reference === undefined ? [] : [{ reference, digest, mediaType }];
  });
  if (named.length === 0) return null;
  return {
    images: named.map(({ reference, digest }) => ({ reference, digest })),
    types: new Map(named.map(({ digest, mediaType }) => [digest, mediaType])),
  };
}
