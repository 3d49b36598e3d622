// Makes a bundle: fetches what the inventory's hosts need, verifies it, and writes it whole or not at all.
import { type MachineFacts, ProvisionError } from '../model/index.js';
import { type Member, textMember, writeArchive } from './archive.js';
import { fetchImage } from './images.js';
import {
  type BundledFile,
  type BundledImage,
  type BundledSystem,
  type BundleIndex,
  FORMAT,
  fileName,
  INDEX,
  INDEX_SUM,
  packageName,
  SBOM,
  sha256Of,
  sumLine,
} from './layout.js';
import type { Needs } from './needs.js';
import type { PackageList } from './packages.js';
import { sbomText } from './sbom.js';
import { fetchUrl, type Staging, stagingIn } from './staging.js';

export interface BundleWish {
  readonly path: string;
  readonly cluster: string;
  readonly kubernetes: string;
  /** Of `provision` itself. */
  readonly version: string;
  readonly sums: BundleIndex['sums'];
  readonly systems: readonly WishedSystem[];
  /** Texts of manifests by their sum: they were fetched to know what the hosts need. */
  readonly manifestTexts: ReadonlyMap<string, string>;
  /** Public keys of repositories by their publisher's URL. */
  readonly keyTexts: ReadonlyMap<string, string>;
  /** Where to fetch what its publisher has at a URL. */
  readonly placeOf: (url: string) => string;
  readonly registries: Readonly<Record<string, readonly string[]>>;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface WishedSystem {
  readonly name: string;
  readonly machine: MachineFacts;
  readonly needs: Needs;
  /** What its own package manager chose; null: none were asked for. */
  readonly packages: PackageList | null;
}

export interface CreatedBundle {
  readonly index: BundleIndex;
  readonly bytes: number;
  /** sha256 of its index, which names the sum of everything else. */
  readonly sha256: string;
}

/** Where the parts of a bundle lie until it is whole. */
export const partsOf = (path: string): string => `${path}.parts`;

/** Fetches at the same time. */
const WIDTH = 4;

export async function createBundle(wish: BundleWish): Promise<CreatedBundle> {
  const staging = await stagingIn(partsOf(wish.path), wish.signal);
  const made: BundledFile[] = [];
  const images: BundledImage[] = [];
  const texts = new Map<string, string | Buffer>();
  const keepText = (file: Omit<BundledFile, 'sha256' | 'size'>, text: string | Buffer): void => {
    const sha256 = sha256Of(text);
    texts.set(sha256, text);
    made.push({ ...file, sha256, size: Buffer.byteLength(text) });
  };

  for (const { name, version, url, sha256 } of manifestsOf(wish)) {
    keepText({ name: fileName(url), kind: 'manifest', url, version }, textOf(wish, name, sha256));
  }
  for (const [url, text] of wish.keyTexts) keepText({ name: fileName(url), kind: 'key', url }, text);
  const archs = [...new Set(wish.systems.map(({ machine }) => machine.arch))];
  const works: readonly (() => Promise<void>)[] = [
    ...fetches(wish).map((file) => async () => {
      const { sha256, url } = file;
      const staged = await staging.keep(file.name, sha256, () => bytesOf(file, wish.signal));
      made.push({ name: file.name, kind: file.kind, url, version: file.version, ...staged });
      wish.say(`${file.name} (${mib(staged.size)})`);
    }),
    ...[...new Set(wish.systems.flatMap(({ needs }) => needs.images))].map((reference) => async () => {
      const { signal, registries } = wish;
      const fetched = await fetchImage(reference, archs, staging, { signal, mirrors: registries });
      images.push(fetched.image);
      made.push(...fetched.parts);
      wish.say(`${reference} (${mib(fetched.parts.reduce((sum, { size }) => sum + size, 0))})`);
    }),
  ];
  await inParallel(works, WIDTH);
  for (const { name, packages } of wish.systems) {
    if (packages !== null) {
      for (const [path, text] of packages.lists) {
        keepText({ name: packageName(name, path), kind: 'package list', url: null }, text);
      }
    }
  }
  const systems = wish.systems.map(
    ({ name, machine, needs, packages }): BundledSystem => ({
      name,
      machine,
      packages: packages === null ? null : needs.packages,
    }),
  );
  images.sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const { cluster, kubernetes, version, nowMs } = wish;
  const created = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const files = sorted(made);
  keepText(
    { name: SBOM, kind: 'SBOM', url: null },
    sbomText({ cluster, kubernetes, provision: version, created, files, images, systems }),
  );
  const index: BundleIndex = { format: FORMAT, kubernetes, sums: wish.sums, systems, images, files: sorted(made) };
  const text = `${JSON.stringify(index, null, 2)}\n`;
  const bytes = await writeArchive(wish.path, membersOf(index, text, texts, staging), wish.signal);
  await staging.remove();
  return { index, bytes, sha256: sha256Of(text) };
}

function membersOf(
  index: BundleIndex,
  text: string,
  texts: ReadonlyMap<string, string | Buffer>,
  staging: Staging,
): readonly Member[] {
  return [
    textMember(INDEX, text),
    textMember(INDEX_SUM, sumLine(text)),
    ...index.files.map(({ name, sha256, size }) => {
      const own = texts.get(sha256);
      return own === undefined ? { name, size, open: () => staging.open(sha256) } : textMember(name, own);
    }),
  ];
}

/** Each once, by name: layers are shared, and systems of one architecture have their binaries in common. */
const sorted = (files: readonly BundledFile[]): readonly BundledFile[] =>
  [...new Map(files.map((file) => [file.name, file])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));

const manifestsOf = ({ systems }: BundleWish): Needs['manifests'] => [
  ...new Map(systems.flatMap(({ needs }) => needs.manifests).map((file) => [file.url, file])).values(),
];

function textOf({ manifestTexts }: BundleWish, name: string, sha256: string): string {
  const text = manifestTexts.get(sha256);
  if (text === undefined) throw new ProvisionError('INTERNAL', `the manifest of ${name} was not loaded`);
  return text;
}

interface Fetch {
  readonly name: string;
  readonly kind: BundledFile['kind'];
  readonly url: string | null;
  /** null: a host has handed it over. */
  readonly from: string | null;
  readonly version: string;
  readonly sha256: string;
}

async function bytesOf({ name, from }: Fetch, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (from === null) throw new ProvisionError('INTERNAL', `no host has handed over ${name}`);
  return fetchUrl(from, signal);
}

function fetches({ systems, placeOf }: BundleWish): readonly Fetch[] {
  const artifacts = systems.flatMap(({ needs }) =>
    needs.artifacts.map(
      ({ url, sha256, version }): Fetch => ({
        name: fileName(url),
        kind: 'artifact',
        url,
        from: placeOf(url),
        version,
        sha256,
      }),
    ),
  );
  const packages = systems.flatMap((system) =>
    (system.packages?.files ?? []).map(
      ({ file, url, version, sha256 }): Fetch => ({
        name: packageName(system.name, file),
        kind: 'package',
        url,
        from: url,
        version,
        sha256,
      }),
    ),
  );
  return [...new Map([...artifacts, ...packages].map((fetch) => [fetch.name, fetch])).values()];
}

/** The first failure ends it: nothing new is begun, and what runs is waited for. */
async function inParallel(works: readonly (() => Promise<void>)[], width: number): Promise<void> {
  const left = [...works];
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let work = left.shift(); work !== undefined && !failed; work = left.shift()) {
      await work().catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
}

export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
