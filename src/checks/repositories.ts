import {
  baseRepositories,
  isBuilt,
  type RepositoryName,
  repositoryNamed,
  type Sources,
  type Wanted,
} from '../family/index.js';
import { type Draft, error, type HostCheck, type Subject, tells } from './check.js';

/** Where the packages come from that the inventory asks for: known for this system, this release and this preset, or said so. */
export const repositories: HostCheck = {
  tells: [
    tells(
      'PackageRepository',
      'error',
      "the repositories that `install`, `runtime`, `system.repositories` and `system.kernel` need are published for the host's system, and have the release's Docker or containerd for it",
      '`mirrors`, `install: binaries`, `system.repositories: keep`',
    ),
  ],
  before: ['apply'],
  look(subject) {
    const { cluster, node, machine } = subject;
    const wanted: Wanted = { machine, preset: cluster.mirrors.preset, version: cluster.version };
    const named: readonly RepositoryName[] = [
      ...(cluster.install === 'packages' || cluster.runtime === 'docker' ? (['docker-ce'] as const) : []),
      ...(cluster.install === 'packages' ? (['kubernetes'] as const) : []),
      ...(node.system.kernel === 'elrepo-lt' ? (['elrepo-kernel'] as const) : []),
    ];
    return [
      ...(node.system.repositories === 'mirror' ? told(baseRepositories(wanted)) : []),
      ...named.flatMap((name) => told(repositoryNamed(name, wanted))),
      ...runtimeVersion(subject),
    ];
  },
};

const told = (sources: Sources): readonly Draft[] =>
  'found' in sources ? [] : [error('PackageRepository', sources.missing, sources.cure)];

/** A repository may be there and begin too late, or have ended too early; the installation would say so in the middle of an apply. */
function runtimeVersion({ cluster, machine, release }: Subject): readonly Draft[] {
  const { docker, containerd } = release.components;
  const system = machine.os.name || machine.os.id;
  if (cluster.runtime === 'docker') {
    if (isBuilt('docker-ce', docker, machine)) return [];
    return [
      error(
        'PackageRepository',
        `Docker ${docker} was never published for ${system}`,
        'set cluster.runtime: containerd, or use an older system',
      ),
    ];
  }
  if (cluster.install === 'binaries' || isBuilt('containerd.io', containerd, machine)) return [];
  return [
    error(
      'PackageRepository',
      `containerd.io ${containerd} was never published for ${system}`,
      'set cluster.install: binaries, or use a newer system',
    ),
  ];
}
