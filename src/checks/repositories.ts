import { baseRepositories, type RepositoryName, repositoryNamed, type Sources, type Wanted } from '../family/index.js';
import { type Draft, error, type HostCheck, tells } from './check.js';

/** Where the packages come from that the inventory asks for: known for this system, this release and this preset, or said so. */
export const repositories: HostCheck = {
  tells: [
    tells(
      'PackageRepository',
      'error',
      "the repositories that `install`, `runtime`, `system.repositories` and `system.kernel` need are published for the host's system",
      '`mirrors`, `install: binaries`, `system.repositories: keep`',
    ),
  ],
  before: ['apply'],
  look({ cluster, node, machine }) {
    const wanted: Wanted = { machine, preset: cluster.mirrors.preset, version: cluster.version };
    const named: readonly RepositoryName[] = [
      ...(cluster.install === 'packages' || cluster.runtime === 'docker' ? (['docker-ce'] as const) : []),
      ...(cluster.install === 'packages' ? (['kubernetes'] as const) : []),
      ...(node.system.kernel === 'elrepo-lt' ? (['elrepo-kernel'] as const) : []),
    ];
    return [
      ...(node.system.repositories === 'mirror' ? told(baseRepositories(wanted)) : []),
      ...named.flatMap((name) => told(repositoryNamed(name, wanted))),
    ];
  },
};

const told = (sources: Sources): readonly Draft[] =>
  'found' in sources ? [] : [error('PackageRepository', sources.missing, sources.cure)];
