// What an inventory's hosts fetch, said by the very steps that will make them fetch it. Pure.
import { families } from '../family/index.js';
import {
  type Arch,
  type ArtifactResource,
  type Cluster,
  isControlPlane,
  type MachineFacts,
  type PackagesResource,
  type Release,
  type Scene,
  Secret,
  type Step,
  type Trust,
} from '../model/index.js';
import { clusterImages } from '../release/index.js';
import { type BundleIndex, fileName } from './layout.js';

export interface Needs {
  readonly artifacts: readonly NeededFile[];
  readonly manifests: readonly NeededFile[];
  /** Of the cluster, and the one that `smoke` runs. */
  readonly images: readonly string[];
  /** Names, for hosts of one system. */
  readonly packages: readonly string[];
}

export interface NeededFile {
  readonly name: string;
  readonly version: string;
  /** Where its publisher has it. */
  readonly url: string;
  readonly sha256: string;
}

/** The cluster as if there were no mirror for artifacts: its resources then name upstream's own URLs. */
export const upstreamOf = (cluster: Cluster): Cluster => ({
  ...cluster,
  mirrors: { ...cluster.mirrors, artifacts: null, urls: {}, bundle: undefined },
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
    images: [...clusterImages(cluster, release), release.images.agnhost],
    packages: [...new Set(packages.flatMap((resource) => resource.packages))].sort(),
  };
}

/** A manifest that lies beside the inventory is there without a bundle. */
function fetched({ podNetwork }: Release): Needs['manifests'] {
  if (podNetwork === null || podNetwork.text === null || !podNetwork.upstream.startsWith('https://')) return [];
  const { name, version, upstream, sha256 } = podNetwork;
  return [{ name, version, url: upstream, sha256 }];
}

const once = (files: readonly NeededFile[]): readonly NeededFile[] => [
  ...new Map(files.map((file) => [file.url, file])).values(),
];

/** What of that the bundle lacks, in words. Packages only where it has any for that system. */
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
    ...(packages === null ? [] : needs.packages.filter((name) => !packages.includes(name))).map(
      (name) => `package ${name}`,
    ),
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
