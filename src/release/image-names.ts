import type { Cluster, Mirrors, Release } from '../model/index.js';

/**
 * The name that the hosts' runtime pulls an image by. containerd looks into mirrors by itself, so names stay upstream's. Docker knows
 * mirrors of its Hub only (https://docs.docker.com/docker-hub/image-library/mirror/): of another registry the first mirror takes the
 * registry's place in the name.
 */
export function imageName(upstream: string, { runtime, mirrors }: Pick<Cluster, 'runtime' | 'mirrors'>): string {
  const { registry, path } = partsOf(upstream);
  const [mirror] = mirrors.registries[registry] ?? [];
  if (runtime !== 'docker' || registry === HUB || mirror === undefined) return upstream;
  const { host, pathname } = new URL(mirror);
  return `${host}${pathname.replace(/^\/v2(?=\/|$)/, '').replace(/\/$/, '')}/${path}`;
}

/** Docker's own registry, which a name without a registry means. */
const HUB = 'docker.io';

/** The first part of a name is a registry when it could be a host (https://pkg.go.dev/github.com/distribution/reference). */
function partsOf(image: string): { readonly registry: string; readonly path: string } {
  const [, registry = '', path = ''] = /^([^/]+)\/(.+)$/.exec(image) ?? [];
  return /[.:]/.test(registry) || registry === 'localhost' ? { registry, path } : { registry: HUB, path: image };
}

/**
 * What a short name means: Docker Hub, its library, and the tag `latest`; beside a digest a tag says nothing. So the kubelet's runtimes
 * name images, too (distribution/reference, ParseDockerRef).
 */
export function fullName(image: string): string {
  const { registry, path } = partsOf(image);
  const [, name = '', tag = ':latest', digest = ''] = /^([^:@]+)(:[^@]+)?(@.+)?$/.exec(path) ?? [];
  const library = registry === HUB && !name.includes('/') ? 'library/' : '';
  return `${registry}/${library}${name}${digest === '' ? tag : digest}`;
}

/** The images of the workloads in any piece of Kubernetes objects, as they are written there, each once. */
export function imagesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(imagesIn))];
  if (typeof value !== 'object' || value === null) return [];
  return [
    ...new Set(
      Object.entries(value).flatMap(([key, part]) =>
        CONTAINERS.includes(key) && Array.isArray(part)
          ? part.flatMap(({ image }: { image?: unknown }) => (typeof image === 'string' ? [image] : []))
          : imagesIn(part),
      ),
    ),
  ];
}

/** Fields that hold containers, wherever a kind has its pods' template. */
export const CONTAINERS: readonly string[] = ['containers', 'initContainers'];

/** Where Docker's daemon looks for images of the Hub first. */
export const hubMirrors = ({ dockerRegistryMirrors, registries }: Mirrors): readonly string[] => [
  ...new Set([...dockerRegistryMirrors, ...(registries[HUB] ?? [])]),
];

/** `host:port` of the mirrors that speak plain HTTP: Docker has to be told, containerd reads it in the URL. */
export const plainRegistries = ({ registries }: Mirrors): readonly string[] => {
  const urls = Object.values(registries).flat();
  return [...new Set(urls.filter((url) => url.startsWith('http://')).map((url) => new URL(url).host))].sort();
};

/** Registry of an image -> the URLs that the runtime tries for it, in order. */
export function registryUrls(
  image: string,
  { runtime, mirrors }: Pick<Cluster, 'runtime' | 'mirrors'>,
): ReturnType<Release['registryOf']> {
  const { registry } = partsOf(image);
  if (mirrors.bundle) return { registry, urls: [mirrors.bundle.origin] };
  const plain = plainRegistries(mirrors).includes(registry);
  const own = `${plain && runtime === 'docker' ? 'http' : 'https'}://${registry === HUB ? 'registry-1.docker.io' : registry}`;
  const first = runtime === 'docker' && registry !== HUB ? [] : (mirrors.registries[registry] ?? []);
  return { registry, urls: [...first, own] };
}
