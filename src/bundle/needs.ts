// What an inventory's hosts fetch, said by the very steps that will make them fetch it. Pure.
import { families } from '../family/index.js';
import {
  type Arch,
  type ArtifactResource,
  type Cluster,
  isControlPlane,
  type MachineFacts,
  type PackagesResource,
  ProvisionError,
  type Release,
  type RepositoryResource,
  type Resource,
  type Scene,
  Secret,
  type Step,
  type Trust,
} from '../model/index.js';
import { clusterImages, fullName, imagesIn } from '../release/index.js';
import { type BundleIndex, fileName } from './layout.js';

export interface Needs {
  readonly artifacts: readonly NeededFile[];
  readonly manifests: readonly NeededFile[];
  /** Of the cluster, and the one that `smoke` runs. */
  readonly images: readonly string[];
  /** NAME, or NAME=VERSION with upstream's version; for hosts of one system. */
  readonly packages: readonly string[];
  /** Repositories that the inventory brings, as their publisher has them. */
  readonly repositories: readonly RepositoryResource[];
}

export interface NeededFile {
  readonly name: string;
  readonly version: string;
  /** Where its publisher has it. */
  readonly url: string;
  readonly sha256: string;
}

/**
 * The cluster as if there were no mirror for artifacts, and none that takes a registry's place in a name (Docker): its resources then name
 * upstream's own URLs and images.
 */
export const upstreamOf = (cluster: Cluster): Cluster => ({
  ...cluster,
  mirrors: { ...cluster.mirrors, artifacts: null, urls: {}, registries: {}, bundle: undefined },
});

/**
 * All that the nodes of a cluster need when each is such a machine.
 * @param release of `upstreamOf(cluster)`, its manifests loaded
 */
export function needsOf(cluster: Cluster, release: Release, steps: readonly Step[], machine: MachineFacts): Needs {
  const leader = cluster.nodes.find(isControlPlane)?.name ?? '';
  const resources = cluster.nodes.flatMap((node) => {
    const scene: Scene = { cluster: upstreamOf(cluster), node, release, trust: NOBODY, machine, leader };
    return steps.filter((step) => step.on(node, cluster, leader)).flatMap((step) => step.desire(scene));
  });
  const artifacts = resources.filter((resource): resource is ArtifactResource => resource.kind === 'artifact');
  const packages = resources.filter((resource): resource is PackagesResource => resource.kind === 'packages');
  return {
    artifacts: once(artifacts.map(({ name, version, url, sha256 }) => ({ name, version, url, sha256 }))),
    manifests: fetched(release),
    images: [
      ...new Set([...clusterImages(cluster, release), ...ownImages(cluster, resources), release.images.agnhost]),
    ],
    packages: [...new Set(packages.flatMap(specsOf))].sort(),
    repositories: [
      ...new Map(
        resources.flatMap((resource) => (resource.kind === 'repository' ? [[resource.id, resource] as const] : [])),
      ).values(),
    ],
  };
}

/** A pod network of the inventory's own is known by its text only: what the workloads in it run. */
function ownImages({ network, runtime }: Cluster, resources: readonly Resource[]): readonly string[] {
  if (network.plugin !== 'manifest') return [];
  const own = resources.flatMap((resource) => (resource.kind === 'objects' ? resource.manifests : []));
  const images = imagesIn(own).map(fullName);
  const byDigest = images.filter((image) => image.includes('@'));
  if (runtime === 'docker' && byDigest.length > 0) {
    throw new ProvisionError(
      'USAGE',
      `Docker cannot be given an image by its digest out of a bundle: ${byDigest.join(', ')}`,
      {
        hint: "name it by its tag in the pod network's manifest, or set runtime: containerd",
      },
    );
  }
  return images;
}

const specsOf = ({ packages, versions = {} }: PackagesResource): readonly string[] =>
  packages.map((name) => (versions[name] === undefined ? name : `${name}=${versions[name]}`));

/** A manifest that lies beside the inventory is there without a bundle. */
function fetched({ podNetwork }: Release): Needs['manifests'] {
  if (podNetwork === null || podNetwork.text === null || !podNetwork.upstream.startsWith('https://')) return [];
  const { name, version, upstream, sha256 } = podNetwork;
  return [{ name, version, url: upstream, sha256 }];
}

const once = (files: readonly NeededFile[]): readonly NeededFile[] => [
  ...new Map(files.map((file) => [file.url, file])).values(),
];

/**
 * What of that the bundle lacks, in words. Of a bundle without packages its maker has said that the hosts have theirs; those of repositories
 * that the inventory brings no host has.
 */
export function missingFrom(index: BundleIndex, needs: Needs, packages: readonly string[] | null): readonly string[] {
  const files = new Map(index.files.map((file) => [file.name, file]));
  const images = new Set(index.images.map(({ reference }) => reference));
  const fileMissing = ({ name, version, url, sha256 }: NeededFile): readonly string[] => {
    const found = files.get(fileName(url));
    if (found === undefined) return [`${name} ${version} (${fileName(url)})`];
    return found.sha256 === sha256 ? [] : [`${name} ${version} with sha256 ${sha256} (it has ${found.sha256})`];
  };
  return [
    ...[...needs.artifacts, ...needs.manifests].flatMap(fileMissing),
    ...needs.images.filter((image) => !images.has(image)).map((image) => `image ${image}`),
    ...needs.repositories.flatMap(({ id, keyUrls }) =>
      keyUrls.filter((url) => !files.has(fileName(url))).map((url) => `key of the repository ${id} (${fileName(url)})`),
    ),
    ...needs.packages
      .filter((spec) => (packages === null ? spec.includes('=') : !packages.includes(spec)))
      .map((spec) => `package ${spec.replace('=', ' ')}`),
  ];
}

/** A bundle holds no secret and no certificate: whatever the steps put there says nothing. */
const NOTHING = { cert: '', key: new Secret('') };
const NOBODY: Trust = {
  authority: () => NOTHING,
  certificate: () => NOTHING,
  serviceAccount: { publicKey: '', privateKey: NOTHING.key },
  caHash: '',
  superAdmin: () => NOTHING,
  newToken: () => ({ id: '', secret: NOTHING.key }),
};

/** Hosts of an architecture of which nothing else is known: what they need but for packages. */
export const unknownMachine = (arch: Arch): MachineFacts => ({
  ...anonymous({} as MachineFacts),
  os: { id: 'linux', like: [], version: '', name: 'Linux' },
  // Families differ in their packages, of which such a bundle has none.
  family: families[0]?.id ?? '',
  arch,
  packageManager: 'none',
  selinux: 'absent',
  firewall: null,
  container: null,
  swaps: [],
  commands: [],
  foreignRuntimes: [],
});

/** A machine as the steps see it, without whose it is. */
export const anonymous = (machine: MachineFacts): MachineFacts => ({
  ...machine,
  hostname: '',
  machineId: '',
  productUuid: '',
  macs: [],
  addresses: [],
  routes: [],
  listening: {},
  listeningUdp: {},
  proxyEnvironment: {},
  packageManagerBusy: null,
  resolvConf: [],
  resolvedUpstreams: [],
  hostsFileNames: [],
  kubernetesPaths: [],
  cniConfigs: [],
  kubeletVersion: null,
  clusterCa: null,
  owner: null,
});
