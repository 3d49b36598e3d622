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
