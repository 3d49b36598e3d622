import { retiredRepository } from '../family/index.js';
import type { Cluster, Release } from '../model/index.js';
import { unknownNames } from './names.js';

/** What no host could change: parts of the inventory that do not go together. `validate` says so, at the place in the file. */
export interface Misfit {
  /** From the top of the inventory. */
  readonly path: readonly string[];
  readonly message: string;
  readonly cure: string;
}

/** A question to the inventory and the release alone. */
type Look = (cluster: Cluster, release: Release) => readonly Misfit[];

/** containerd speaks CRI v1 alone since 2.0, which kubelets speak since 1.23; what containerd 1 is too old for is the release's word. */
const containerd: Look = ({ version, runtime }, { components, criApis, host }) => {
  if (runtime !== 'containerd') return [];
  const path = ['cluster', 'runtime'];
  const major = Number.parseInt(components.containerd, 10);
  if (major >= 2 && !criApis.includes('v1')) {
    const said = `the kubelet of Kubernetes ${version} speaks CRI ${criApis.join(', ')}, containerd ${components.containerd} speaks v1 only`;
    return [{ path, message: said, cure: 'write `runtime: docker`, or a newer release' }];
  }
  if (major >= host.leastContainerd) return [];
  const said = `Kubernetes ${version} needs containerd ${host.leastContainerd}, not ${components.containerd}`;
  return [{ path, message: said, cure: 'write `runtime: docker`, or an older release' }];
};

const proxyMode: Look = ({ version, proxyMode: mode }, { proxyModes }) =>
  proxyModes.includes(mode)
    ? []
    : [
        {
          path: ['cluster', 'proxyMode'],
          message: `kube-proxy of Kubernetes ${version} has no mode \`${mode}\``,
          cure: `write ${proxyModes.map((known) => `\`${known}\``).join(' or ')}`,
        },
      ];

const podNetwork: Look = ({ version, network }, release) =>
  release.podNetwork !== null
    ? []
    : [
        {
          path: ['cluster', 'network'],
          message: `no ${network.plugin} is known to go with Kubernetes ${version}`,
          cure: 'write `network: flannel`, or `network: {manifest: …}` with one that you know to go with it',
        },
      ];

/** On any system: what is not published at all. For which systems the others are is a matter of the hosts. */
const packages: Look = ({ install, mirrors, version }) => {
  const gone = install === 'packages' ? retiredRepository(mirrors.preset, version) : null;
  return gone === null ? [] : [{ path: ['cluster', 'install'], message: gone.missing, cure: gone.cure }];
};

/** A typing error would be found out only when the finding is still an error. */
const ignored: Look = ({ ignorePreflight }) =>
  unknownNames(ignorePreflight).map(({ name, cure }) => ({
    path: ['cluster', 'ignorePreflight'],
    message: `preflight has no finding \`${name}\``,
    cure,
  }));

const ALL: readonly Look[] = [containerd, proxyMode, podNetwork, packages, ignored];

/** Everything about the cluster that cannot work on any host, in the order of the questions. */
export const misfits = (cluster: Cluster, release: Release): readonly Misfit[] =>
  ALL.flatMap((look) => look(cluster, release));
