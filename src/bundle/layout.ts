// What a bundle is: one tar whose first file says what the others are. Pure.
import { createHash } from 'node:crypto';
import { type MachineFacts, ProvisionError } from '../model/index.js';

export const INDEX = 'index.json';
/** Sum of the index itself, in the form of sha256sum(1): nothing else would notice a changed byte in it. */
export const INDEX_SUM = 'index.json.sha256';
export const SBOM = 'sbom.spdx.json';
export const FORMAT = 'provision-bundle/1';

export interface BundleIndex {
  readonly format: typeof FORMAT;
  readonly kubernetes: string;
  /** Of provision.lock: upstream URL -> sha256, as the publisher said it when the bundle was made. */
  readonly sums: Readonly<Record<string, string>>;
  readonly systems: readonly BundledSystem[];
  readonly images: readonly BundledImage[];
  /** Everything else in the archive, in its order. */
  readonly files: readonly BundledFile[];
}

/** A kind of host that the bundle was made for. */
export interface BundledSystem {
  /** `systemOf(machine)`. */
  readonly name: string;
  /** What steps may ask about such a host; whose it was is left out. */
  readonly machine: MachineFacts;
  /** Packages that were asked for (NAME or NAME=VERSION), and are here with all that they depend on; null: none were fetched. */
  readonly packages: readonly string[] | null;
}

export interface BundledImage {
  /** `registry.k8s.io/pause:3.10`, as hosts ask for it. */
  readonly reference: string;
  /** `sha256:…` of its manifest or of its list of manifests. */
  readonly digest: string;
}

/** `key`: of a repository, for hosts that pin its fingerprint. */
export type FileKind = 'artifact' | 'manifest' | 'key' | 'package' | 'package list' | 'image part' | 'SBOM';

export interface BundledFile {
  readonly name: string;
  readonly kind: FileKind;
  /** Where its publisher has it; null: made here. */
  readonly url: string | null;
  readonly version?: string | undefined;
  readonly sha256: string;
  readonly size: number;
  /** Of an image's manifest. */
  readonly mediaType?: string | undefined;
}

/** Parts of images lie under their digest, as in an OCI layout. */
export const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
/** What upstream has at https://HOST/PATH. */
export const fileName = (url: string): string => `files/${url.replace(/^https?:\/\//, '')}`;
export const packageName = (system: string, file: string): string => `packages/${system}/${file}`;

export const sha256Of = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const sumLine = (text: string): string => `${sha256Of(text)}  ${INDEX}\n`;

/** Throws ARTIFACT when it is not an index that this provision reads. */
export function parseIndex(text: string, file: string): BundleIndex {
  const refuse = (why: string, cause?: unknown): ProvisionError =>
    new ProvisionError('ARTIFACT', `${file} is no bundle that this provision can read: ${why}`, {
      hint: 'make it with the same version of provision: provision bundle create -i INVENTORY -o FILE',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`${INDEX} is not JSON`, cause);
  }
  const index = value as Partial<BundleIndex> | null;
  if (index?.format !== FORMAT) throw refuse(`${INDEX} does not say ${FORMAT}`);
  const isList = (list: unknown): boolean => Array.isArray(list);
  if (index.sums === undefined || !isList(index.files) || !isList(index.images) || !isList(index.systems))
    throw refuse(`${INDEX} is not complete`);
  for (const part of index.files ?? []) {
    if (typeof part.name !== 'string' || !/^[0-9a-f]{64}$/.test(part.sha256) || !Number.isSafeInteger(part.size)) {
      throw refuse(`${INDEX} has an entry without name, sum or size: ${JSON.stringify(part)}`);
    }
  }
  return index as BundleIndex;
}
