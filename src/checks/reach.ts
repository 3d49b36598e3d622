import { isIP } from 'node:net';
import type { Arch, ArtifactName, Cluster, Node, Reached, Release, Trial, TrialWish } from '../model/index.js';
import { hasEtcd, isControlPlane } from '../model/index.js';
import { type Draft, error, type FleetCheck, type HostCheck, onHost, tells, warning } from './check.js';

const PROGRAMS = ['kubeadm', 'kubectl', 'kubelet'] as const;

/** What the steps fetch on every host (test/unit/checks holds this list to theirs). */
function artifactNames({ install, runtime }: Cluster, { cri }: Release): readonly ArtifactName[] {
  const shim = runtime === 'docker' && cri === 'cri' ? ['cri-dockerd' as const] : [];
  if (install === 'packages') return shim;
  const containerd = runtime === 'containerd' ? (['containerd', 'runc'] as const) : [];
  return [...shim, ...containerd, 'cni-plugins' as const, 'crictl' as const, ...PROGRAMS].sort();
}

/** Asked for by `smoke` only. */
const NOT_OF_THE_CLUSTER = 'agnhost';

/** The images of one pod network are nothing to another. */
const isOfNetwork = (name: string, plugin: Cluster['network']['plugin']): boolean =>
  (['flannel', 'calico'] as const).every((other) => other === plugin || !name.startsWith(other));

export interface Download {
  readonly name: string;
  readonly url: string;
}

/** Nothing for a machine that no artifact is made for: that is another finding. */
export function artifactsFor(cluster: Cluster, release: Release, arch: string): readonly Download[] {
  const isArch = (word: string): word is Arch => word === 'amd64' || word === 'arm64';
  return isArch(arch)
    ? artifactNames(cluster, release).map((name) => ({ name, url: release.artifact(name, arch).url }))
    : [];
}

/** Registry of the cluster's images -> where the runtime looks for them, in order. */
export function registriesOf(cluster: Cluster, release: Release): ReadonlyMap<string, readonly string[]> {
  const images = Object.entries(release.images).filter(
    ([name]) => name !== NOT_OF_THE_CLUSTER && isOfNetwork(name, cluster.network.plugin),
  );
  return new Map(
    images.map(([, image]) => {
      const { registry, urls } = release.registryOf(image);
      return [registry, urls.map((url) => `${url}/v2/`)];
    }),
  );
}

/** @param thorough also what writes to the host's disk for a moment. */
export function trialWish(cluster: Cluster, release: Release, node: Node, arch: string, thorough: boolean): TrialWish {
  const names = [cluster.endpoint.host, ...(node.system.hostsFile ? [] : [node.name])];
  const urls = [
    ...artifactsFor(cluster, release, arch).map(({ url }) => url),
    ...[...registriesOf(cluster, release).values()].flat(),
  ];
  return {
    names: [...new Set(names)].filter((name) => isIP(name) === 0),
    urls: [...new Set(urls)],
    etcdData: thorough && hasEtcd(cluster, node) ? '/var/lib/etcd' : null,
    units: node.system.disableServices,
    users: isControlPlane(node) ? node.system.kubectlUsers : [],
  };
}

const originOf = (url: string): string => new URL(url).origin;
/** `Reach-dl.k8s.io`, `Reach-10.0.0.1-8080`: a name may not hold a colon. */
const nameOf = (word: string, url: string): string =>
  `${word}-${new URL(url).host.replace(/[[\]]/g, '').replaceAll(':', '-')}`;

const saidBy = ({ outcome, status, said }: Reached): string =>
  outcome === 'timeout' ? 'no answer within 3 s' : outcome === 'answered' ? `HTTP ${status}` : said;

/** Not there, or nobody there: it will not get better. Silence may, and a server's own trouble too. */
const isLost = ({ outcome, status }: Reached): boolean =>
  outcome === 'failed' || status === 404 || status === 410 || status === 400;
const isWell = ({ outcome, status }: Reached): boolean =>
  outcome === 'connected' || (outcome === 'answered' && !isLost({ outcome, status, said: '' }) && status < 500);

/** One finding per place: seven artifacts that one dead mirror keeps are one fault. */
export const downloads: HostCheck = {
  tells: [
    tells(
      'Reach-<host>',
      'error or warning',
      'from the host, every artifact answers where the release and `mirrors.artifacts` have it; no answer within 3 s is a warning',
      '`mirrors.artifacts`, or open the way to it',
    ),
  ],
  before: ['apply'],
  look(subject) {
    const { release, trial, node, cluster } = subject;
    if (trial === null) return [];
    const troubles = new Map<string, { readonly names: readonly string[]; readonly url: string }>();
    for (const { name, url } of artifactsFor(cluster, release, subject.machine.arch)) {
      const reached = trial.reached[url];
      if (reached === undefined || isWell(reached)) continue;
      const key = `${originOf(url)} ${reached.outcome} ${reached.status}`;
      troubles.set(key, { url, names: [...(troubles.get(key)?.names ?? []), name] });
    }
    return [...troubles.values()].flatMap(({ url, names }) => told(cluster, node, trial, url, names));
  },
};

function told(cluster: Cluster, node: Node, trial: Trial, url: string, names: readonly string[]): readonly Draft[] {
  const reached = trial.reached[url];
  if (reached === undefined) return [];
  const make = isLost(reached) ? error : warning;
  const which =
    cluster.mirrors.artifacts === null
      ? 'set mirrors.artifacts to a mirror that it can reach'
      : 'correct mirrors.artifacts';
  // The one thing here that another setting makes needless.
  const without = names.includes('cri-dockerd') ? ', or do without it: cluster.runtime: containerd' : '';
  return [
    make(
      nameOf('Reach', url),
      `it cannot have ${names.join(', ')} from ${originOf(url)}: ${saidBy(reached)}`,
      `${which}, or open the way: ${onHost(node, `curl -I ${url}`)}${without}`,
    ),
  ];
}

/** containerd tries them in order, so one that answers is enough; 401 is an answer. */
export const registries: HostCheck = {
  tells: [
    tells(
      'Registry-<registry>',
      'error or warning',
      'from the host, a mirror of the registry or the registry itself answers, with a certificate that the host trusts',
      '`mirrors.registries`, or open the way to it',
    ),
  ],
  before: ['apply'],
  look({ cluster, release, trial, node }) {
    if (trial === null) return [];
    return [...registriesOf(cluster, release)].flatMap(([registry, urls]): readonly Draft[] => {
      const tried = urls.flatMap((url) => {
        const reached = trial.reached[url];
        return reached === undefined ? [] : [{ url, reached }];
      });
      if (tried.length < urls.length || tried.some(({ reached }) => isWell(reached) || reached.status === 404))
        return [];
      const make = tried.every(({ reached }) => isLost(reached)) ? error : warning;
      return [
        make(
          `Registry-${registry.replaceAll(':', '-')}`,
          `no images of ${registry} can be had: ${tried.map(({ url, reached }) => `${originOf(url)}: ${saidBy(reached)}`).join('; ')}`,
          `set mirrors.registries to a mirror that it can reach, or open the way: ${onHost(node, `curl -I ${urls[0]}`)}`,
        ),
      ];
    });
  },
};

/** The pod network's manifest is fetched by this machine, before any host is touched. */
export const manifests: FleetCheck = {
  tells: [
    tells(
      'Manifest',
      'error',
      "this machine can fetch the pod network's manifest, and it is the one that was pinned",
      '`mirrors.artifacts`, `mirrors.checksums`',
    ),
  ],
  before: ['apply'],
  look(_cluster, _subjects, tried) {
    const cause = tried?.manifests ?? null;
    if (cause === null) return [];
    return [
      {
        name: 'Manifest',
        severity: 'error',
        host: null,
        message: `${cause.message}${cause.said ? `: ${cause.said}` : ''}`,
        cure: cause.hint ?? 'correct mirrors.artifacts, or open the way to it from this machine',
      },
    ];
  },
};
