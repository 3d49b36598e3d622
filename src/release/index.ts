// Owns the one table of versions, images, artifacts and checksums, the skew rules and the mapping onto mirrors.
// It knows no host and no step; nothing else in the product spells a version.
import { createHash } from 'node:crypto';
import {
  type Arch,
  type ArtifactName,
  type ArtifactSource,
  type CalicoImage,
  type Cluster,
  type ManifestSource,
  type Mirrors,
  type NetworkManifest,
  type NetworkSettings,
  ProvisionError,
  type Release,
} from '../model/index.js';
import { type ArtifactRow, artifacts, type ManifestRow, manifests } from './artifacts.js';
import { imageName, registryUrls } from './image-names.js';
import { minorOf } from './skew.js';
import { type ReleaseRow, releases } from './table.js';

export { artifacts, manifests } from './artifacts.js';
export { CONTAINERS, fullName, hubMirrors, imagesIn, plainRegistries } from './image-names.js';
export { loadManifests, type TextCache } from './manifests.js';
export { clusterImages, networkImages, nodeImages } from './node-images.js';
export { kubeletSkew, minorOf, upgradeSkew } from './skew.js';
export { lockedSums, type SumLock, withLockedSums } from './sums.js';
export { systemOf } from './systems.js';
export { releases } from './table.js';

/** Exact versions that this provision can build, oldest first. */
export const knownVersions = (): readonly string[] => Object.values(releases).map((row) => row.kubernetes);

/** The row for this cluster with its mirrors and checksum overrides applied. Throws ARTIFACT for an unknown version. */
export function releaseFor(
  cluster: Pick<Cluster, 'version' | 'mirrors' | 'runtime'> & {
    readonly network?: Pick<NetworkSettings, 'plugin' | 'manifest'>;
  },
): Release {
  const { version, mirrors } = cluster;
  const row = releases[minorOf(version)];
  if (row === undefined || row.kubernetes !== version) {
    throw new ProvisionError('ARTIFACT', `Kubernetes ${version} is not in the release table`, {
      hint: `choose one of ${knownVersions().join(', ')}`,
    });
  }
  const { pins, tags: _tags, kubernetes, ...traits } = row;
  const nameOf = (upstream: string): string => imageName(upstream, cluster);
  const published = imagesFor(row, mirrors.imageRepository);
  const images = mapValues(published, nameOf);
  const publishedNames = new Map(Object.values(published).map((image = '') => [nameOf(image), image]));
  return Object.freeze({
    ...traits,
    kubernetes,
    minor: minorOf(version),
    components: pins,
    images,
    imageRepository: nameOf(`${mirrors.imageRepository ?? UPSTREAM}/pause`).replace(/\/pause$/, ''),
    imageName: nameOf,
    publishedName: (image: string) => publishedNames.get(image) ?? image,
    registryOf: (image: string) => registryUrls(image, cluster),
    kubelet: kubeletOf(row, images.pause),
    artifact: (name: ArtifactName, arch: Arch) => artifactOf(row, name, arch, mirrors),
    podNetwork: podNetworkOf(cluster.network ?? { plugin: 'flannel', manifest: null }, row, mirrors),
  });
}

const mapValues = <M extends Readonly<Partial<Record<string, string>>>>(map: M, change: (value: string) => string): M =>
  Object.freeze(
    Object.fromEntries(
      Object.entries(map).flatMap(([key, value]) => (value === undefined ? [] : [[key, change(value)]])),
    ),
  ) as M;

/** k8s.gcr.io, which older kubeadm name, is frozen and redirects here: registry.k8s.io has every image of theirs. */
const UPSTREAM = 'registry.k8s.io';

/**
 * Image references by component, before Docker's way of using mirrors. An image repository of the
 * inventory's own has the images of Kubernetes under flat names, as kubeadm asks for them (images/images.go).
 */
export function imagesFor(row: ReleaseRow, imageRepository: string | null): Release['images'] {
  const of = (path: string, tag: string): string =>
    `${imageRepository === null ? `${UPSTREAM}/${path}` : `${imageRepository}/${path.replace(/^.*\//, '')}`}:${tag}`;
  const core = (name: string): string => of(name, `v${row.kubernetes}`);
  return Object.freeze({
    'kube-apiserver': core('kube-apiserver'),
    'kube-controller-manager': core('kube-controller-manager'),
    'kube-scheduler': core('kube-scheduler'),
    'kube-proxy': core('kube-proxy'),
    etcd: of('etcd', row.tags.etcd),
    // No image of a cluster's: such a repository does not have it.
    agnhost: `${UPSTREAM}/e2e-test-images/agnhost:${row.tags.agnhost}`,
    coredns: of(row.coreDns.image, row.tags.coredns),
    pause: of('pause', row.pins.pause),
    flannel: `ghcr.io/flannel-io/flannel:v${row.pins.flannel}`,
    'flannel-cni-plugin': `ghcr.io/flannel-io/flannel-cni-plugin:v${row.tags['flannel-cni-plugin']}`,
    ...(row.pins.calico === undefined ? {} : calicoImages(row.pins.calico)),
  });
}

const calicoImages = (version: string): Readonly<Record<CalicoImage, string>> => ({
  'calico-node': `quay.io/calico/node:v${version}`,
  'calico-cni': `quay.io/calico/cni:v${version}`,
  'calico-kube-controllers': `quay.io/calico/kube-controllers:v${version}`,
});

function kubeletOf({ kubelet }: ReleaseRow, pause: string): Release['kubelet'] {
  const filled = (flags: readonly string[]) => flags.map((flag) => flag.replace('{pause}', pause));
  return { ...kubelet, flags: { containerd: filled(kubelet.flags.containerd), docker: filled(kubelet.flags.docker) } };
}

const OF_KUBERNETES: ReadonlySet<string> = new Set(['kubelet', 'kubeadm', 'kubectl']);

export const versionOf = (row: ReleaseRow, name: ArtifactName): string =>
  OF_KUBERNETES.has(name) ? row.kubernetes : row.pins[name as Exclude<ArtifactName, 'kubelet' | 'kubeadm' | 'kubectl'>];

function artifactOf(row: ReleaseRow, name: ArtifactName, arch: Arch, mirrors: Mirrors): ArtifactSource {
  const version = versionOf(row, name);
  const found = artifacts.find((a) => a.component === name && a.version === version);
  if (found === undefined) throw new ProvisionError('INTERNAL', `the release table has no artifact ${name} ${version}`);
  const upstream = urlOf(found, arch);
  const sha256 = mirrors.checksums[upstream] ?? found.sha256[arch];
  if (sha256 === undefined) throw noChecksum(`${name} for ${arch}`, version, upstream);
  return { name, version, url: fetchedFrom(upstream, mirrors), upstream, sha256 };
}

function podNetworkOf(
  { plugin, manifest }: Pick<NetworkSettings, 'plugin' | 'manifest'>,
  { pins }: ReleaseRow,
  mirrors: Mirrors,
): ManifestSource | null {
  if (plugin === 'manifest') return manifest === null ? null : ownManifest(manifest, mirrors);
  const version = pins[plugin];
  return version === undefined ? null : manifestOf(plugin, version, mirrors);
}

/** The operator's own: a file is what it is; what is fetched must have a checksum (the inventory refuses it otherwise). */
function ownManifest({ source, text }: NetworkManifest, mirrors: Mirrors): ManifestSource {
  const sha256 = text === null ? (mirrors.checksums[source] ?? '') : createHash('sha256').update(text).digest('hex');
  const url = text === null ? mirrored(source, mirrors) : source;
  return { name: 'network', version: '', url, upstream: source, sha256, text };
}

function manifestOf(name: string, version: string, mirrors: Mirrors): ManifestSource {
  const found = manifests.find((m) => m.component === name && m.version === version);
  if (found === undefined) throw new ProvisionError('INTERNAL', `the release table has no manifest ${name} ${version}`);
  const upstream = urlOf(found, '');
  const sha256 = mirrors.checksums[upstream] ?? found.sha256;
  return { name, version, url: mirrored(upstream, mirrors), upstream, sha256, text: null };
}

const urlOf = (row: ArtifactRow | ManifestRow, arch: string): string =>
  row.url.replaceAll('{version}', row.version).replaceAll('{arch}', arch);

/** What hosts fetch in this run: from its bundle if it has one. */
export const fetchedFrom = (upstream: string, mirrors: Mirrors): string =>
  mirrors.bundle ? mirrored(upstream, { artifacts: mirrors.bundle.origin }) : mirrored(upstream, mirrors);

/** `https://HOST/PATH` is fetched from `<mirror>/HOST/PATH`. */
export function mirrored(
  upstream: string,
  { artifacts, urls = {} }: Pick<Mirrors, 'artifacts'> & Partial<Mirrors>,
): string {
  const fits = Object.keys(urls).filter((beginning) => upstream.startsWith(beginning));
  const longest = fits.sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return `${urls[longest]}${upstream.slice(longest.length)}`;
  return artifacts === null ? upstream : `${artifacts}/${upstream.replace(/^https:\/\//, '')}`;
}

/** No checksum, no version: nothing unverified reaches a host. */
const noChecksum = (name: string, version: string, upstream: string): ProvisionError =>
  new ProvisionError('ARTIFACT', `there is no checksum for ${name} ${version}`, {
    said: upstream,
    hint: `put its sha256 into the inventory: mirrors: { checksums: { "${upstream}": "<sha256>" } }`,
  });
