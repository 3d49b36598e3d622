import type { BundleSource, Cluster, KubernetesObject, Probe, Release, Scene } from '../model/index.js';
import { CONTAINERS, fullName, imagesIn, networkImages, nodeImages } from '../release/index.js';
import { networkManifest } from './network-manifest.js';

/**
 * What a node pulls before its kubelet starts. With a bundle everything that may ever run there, because nothing serves it afterwards;
 * else what the first pods of a worker run: a control plane has better things to do, and later the kubelet pulls what it needs itself.
 */
export function imageGates(scene: Scene, fromRegistries: boolean): readonly Probe[] {
  const { cluster, release } = scene;
  if (cluster.mirrors.bundle) return everyPull(scene);
  return fromRegistries ? pulls(cluster, release, firstImages(scene)) : [];
}

/** What the first pods of a control plane run beside its static ones, by commands; nothing where they are here already. */
export const firstPulls = (scene: Scene): readonly (readonly string[])[] =>
  scene.cluster.mirrors.bundle
    ? []
    : pulls(scene.cluster, scene.release, firstImages(scene)).map(({ command }) => command);

const firstImages = ({ cluster, release }: Scene): readonly string[] => [
  release.images['kube-proxy'],
  ...networkImages(cluster, release),
];

/** All that may ever run on a node. */
export const everyPull = (scene: Pick<Scene, 'cluster' | 'release' | 'node'>): readonly Probe[] => [
  ...pulls(scene.cluster, scene.release, nodeImages(scene.cluster, scene.release, scene.node)),
  ...ownNetworkPulls(scene),
];

/** Of a pod network of the inventory's own nobody knows which pods run where: every node gets every image in it. */
function ownNetworkPulls({ cluster, release }: Pick<Scene, 'cluster' | 'release'>): readonly Probe[] {
  if (cluster.network.plugin !== 'manifest') return [];
  const written = imagesIn(networkManifest(release).objects);
  return written.flatMap((image) => {
    const published = fullName(image);
    const name = cluster.runtime === 'docker' ? release.imageName(image) : published;
    return pulls(cluster, { publishedName: () => published }, [name]);
  });
}

/** Pulls each image on a host whose runtime runs: from the bundle of this run, or as the runtime is set up to. */
export const pulls = (
  { mirrors, runtime }: Pick<Cluster, 'mirrors' | 'runtime'>,
  release: Pick<Release, 'publishedName'>,
  images: readonly string[],
): readonly Probe[] =>
  images.map((image) => ({
    id: `image-${image.replace(/^.*\//, '').replace(/:.*$/, '')}`,
    title: `the image ${image} is here`,
    ...(mirrors.bundle
      ? fromBundle(mirrors.bundle, runtime, image, release.publishedName(image))
      : fromRegistry(runtime, image)),
    within: 300,
  }));

type Pull = Pick<Probe, 'command' | 'expect' | 'hint'>;

const fromRegistry = (runtime: Cluster['runtime'], image: string): Pull => {
  const tool = runtime === 'docker' ? 'docker' : 'crictl';
  return {
    command: [tool, 'pull', image],
    expect: runtime === 'docker' ? '^Status: ' : '^Image is up to date',
    hint: `ask why: ${tool} pull ${image}; mirrors of registries are mirrors.registries in the inventory`,
  };
};

/** Past the runtime's own settings, which are the inventory's and stay. */
const fromBundle = ({ origin }: BundleSource, runtime: Cluster['runtime'], image: string, published: string): Pull => ({
  command:
    runtime === 'docker'
      ? ['sh', '-c', PULL_AND_TAG, 'sh', `${origin.replace(/^http:\/\//, '')}/${published}`, image]
      : ['sh', '-c', PULL_AND_PIN, 'sh', origin, image],
  expect: '^here$',
  hint: 'is the image in the bundle: provision bundle verify FILE -i INVENTORY; does sshd let forward: AllowTcpForwarding',
});

/**
 * A registry for this one pull, below /run. Pinned, because the kubelet would collect what is not used when the disk is full, and nobody
 * could bring it back (containerd 2.2.1, internal/cri/labels/labels.go).
 */
const PULL_AND_PIN = [
  'd=$(mktemp -d /run/provision-images.XXXXXX) || exit 1',
  `trap 'rm -rf -- "$d"' EXIT`,
  'mkdir -- "$d/_default" || exit 1',
  `printf 'server = "%s"\\n\\n[host."%s"]\\n  capabilities = ["pull", "resolve"]\\n' "$1" "$1" >"$d/_default/hosts.toml"`,
  'ctr -n k8s.io images pull --hosts-dir "$d" "$2" || exit 1',
  'ctr -n k8s.io images label "$2" io.cri-containerd.pinned=pinned >/dev/null || exit 1',
  'echo here',
].join('; ');

/** Docker speaks plain HTTP with a registry on the loopback, and knows an image by where it came from: so it gets its own name back. */
const PULL_AND_TAG = [
  'docker pull -q "$1" && docker tag "$1" "$2" && docker rmi "$1" >/dev/null || exit 1',
  'echo here',
].join('; ');

/** A workload of somebody else's manifest, its images called as the hosts' runtime can pull them. */
export const withImageNames = (object: KubernetesObject, release: Pick<Release, 'imageName'>): KubernetesObject =>
  renamed(object, release) as KubernetesObject;

function renamed(value: unknown, release: Pick<Release, 'imageName'>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, release));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      CONTAINERS.includes(key) && Array.isArray(part)
        ? part.map((container: { image?: unknown }) =>
            typeof container.image === 'string'
              ? { ...container, image: release.imageName(container.image) }
              : container,
          )
        : renamed(part, release),
    ]),
  );
}
