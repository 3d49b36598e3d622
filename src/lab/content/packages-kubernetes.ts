// Kubernetes' own packages as data: the binaries of a release under the names, paths and dependencies that the project's
// packages have. Knows nothing of where they are offered.
import type { LabVersions } from './components.js';
import { cniPluginNames } from './go-builds.js';
import type { FileSource, PackageSpec } from './packages.js';

/**
 * How packages of a time were made. Until 1.23 they lay in one repository for all minors (packages.cloud.google.com, its spec
 * in kubernetes/release packages/rpm/kubelet.spec); pkgs.k8s.io has one per minor (cmd/krel/templates/latest there).
 */
const times = {
  legacy: {
    release: { rpm: '0', deb: '00' },
    kubelet: ['conntrack', 'ebtables', 'ethtool', 'iproute', 'iptables >= 1.4.21', 'kubernetes-cni >= 0.8.7', 'socat'],
    kubeadm: ['kubelet >= 1.13.0', 'kubectl >= 1.13.0', 'kubernetes-cni >= 0.8.6', 'cri-tools >= 1.19.0'],
  },
  perMinor: {
    release: { rpm: '150500.1.1', deb: '1.1' },
    kubelet: ['kubernetes-cni >= 1.2.0'],
    kubeadm: [],
  },
} as const;

/** Debian calls it otherwise, and has no package `conntrack-tools` that provides it. */
const debianNames: Readonly<Record<string, string>> = { iproute: 'iproute2' };

/** Before 1.24, pkgs.k8s.io has nothing. */
export const isLegacy = (kubernetes: string): boolean => Number(kubernetes.split('.')[1]) < 24;

/** The patch release before: there is no program of it here, the packages have this one's and say so. */
export function formerPatch(version: string): string {
  const [major, minor, patch] = version.split('.');
  return `${major}.${minor}.${Number(patch) - 1}`;
}

const forDebian = (dependency: string): string => {
  const [name = '', ...version] = dependency.split(' ');
  return [debianNames[name] ?? name, ...version].join(' ');
};

export function kubernetesPackages(versions: LabVersions, format: PackageSpec['format']): readonly PackageSpec[] {
  const time = times[isLegacy(versions.kubernetes) ? 'legacy' : 'perMinor'];
  const depend = (names: readonly string[]) => (format === 'deb' ? names.map(forDebian) : names);
  const made = (
    name: string,
    version: string,
    summary: string,
    files: Readonly<Record<string, FileSource>>,
    depends: readonly string[] = [],
  ): PackageSpec => ({
    ...{ name, version, release: time.release[format], format, summary, files },
    ...(depends.length === 0 ? {} : { depends: depend(depends) }),
  });
  const ofRelease = (version: string): readonly PackageSpec[] => {
    const label = version === versions.kubernetes ? '' : ` (the lab's: the program is ${versions.kubernetes})`;
    const program = (name: string): Readonly<Record<string, FileSource>> => ({
      [`/usr/bin/${name}`]: { build: `kubernetes/${name}` },
    });
    return [
      {
        ...made(
          'kubelet',
          version,
          `Node agent of Kubernetes${label}`,
          {
            ...program('kubelet'),
            '/usr/lib/systemd/system/kubelet.service': { recipe: 'packages/kubelet/kubelet.service' },
            [format === 'deb' ? '/etc/default/kubelet' : '/etc/sysconfig/kubelet']: {
              recipe: 'packages/kubelet/kubelet',
            },
            '/etc/kubernetes/manifests': { folder: true },
            '/var/lib/kubelet': { folder: true },
          },
          [...time.kubelet, 'util-linux'],
        ),
        after: format === 'deb' ? 'started-units.sh' : 'units.sh',
      },
      {
        ...made(
          'kubeadm',
          version,
          `Administers a Kubernetes cluster${label}`,
          {
            ...program('kubeadm'),
            '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf': {
              recipe: `packages/kubelet/10-kubeadm-${format}.conf`,
            },
          },
          time.kubeadm,
        ),
        after: 'units.sh',
      },
      made('kubectl', version, `Command line of Kubernetes${label}`, program('kubectl')),
    ];
  };
  return [
    ...ofRelease(formerPatch(versions.kubernetes)),
    ...ofRelease(versions.kubernetes),
    made(
      'kubernetes-cni',
      versions.cniPlugins,
      'Network plugins of containernetworking',
      Object.fromEntries(cniPluginNames.map((name) => [`/opt/cni/bin/${name}`, { build: `cni-plugins/${name}` }])),
    ),
    made('cri-tools', versions.crictl, 'Command line of container runtimes', {
      '/usr/bin/crictl': { build: 'crictl/crictl' },
    }),
  ];
}
