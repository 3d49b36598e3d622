import {
  baseRepositories,
  familyById,
  type RepositoryName,
  type RepositorySource,
  repositoryNamed,
  type Sources,
  type Wanted,
} from '../family/index.js';
import type { RepositoryResource, Scene, Step } from '../model/index.js';
import { fetchedFrom, mirrored } from '../release/index.js';

export const repositories: Step = {
  id: 'repositories',
  title: "Take the distribution's packages from the mirror",
  on: (node) => node.system.repositories === 'mirror',
  desire: (scene) => asResources(scene, baseRepositories(wanted(scene)), {}),
};

/** Packages of each repository that only we install: a plain update does not see them, so they stay at their version. */
const HELD: Readonly<Record<RepositoryName, readonly string[]>> = {
  'docker-ce': ['docker-ce', 'docker-ce-cli', 'docker-ce-rootless-extras', 'containerd.io'],
  kubernetes: ['kubelet', 'kubeadm', 'kubectl', 'cri-tools', 'kubernetes-cni'],
  'elrepo-kernel': [],
};

/** Repositories of others, for the steps that install from them. One that nobody has for this system is preflight's to tell. */
export const repositoriesFor = (scene: Scene, names: readonly RepositoryName[]): readonly RepositoryResource[] =>
  names.flatMap((name) => asResources(scene, repositoryNamed(name, wanted(scene)), { exclude: HELD[name] }));

const wanted = ({ machine, cluster }: Scene): Wanted => ({
  machine,
  preset: cluster.mirrors.preset,
  version: cluster.version,
});

const asResources = (
  scene: Scene,
  sources: Sources,
  further: Partial<RepositoryResource>,
): readonly RepositoryResource[] =>
  'found' in sources ? sources.found.map((source) => asResource(scene, source, further)) : [];

function asResource(
  { machine, cluster }: Scene,
  source: RepositorySource,
  further: Partial<RepositoryResource>,
): RepositoryResource {
  const { mirrors } = cluster;
  return {
    kind: 'repository',
    exclude: [],
    ...source,
    ...further,
    format: familyById(machine.family).repositories,
    baseUrl: mirrored(source.baseUrl, mirrors),
    keyUrls: source.keyUrls.map((url) => fetchedFrom(url, mirrors)),
    keyFingerprints: mirrors.keys[source.id] ?? source.keyFingerprints,
    ...(mirrors.bundle ? { untried: true } : {}),
  };
}
