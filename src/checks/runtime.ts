import type { Cluster, Release } from '../model/index.js';
import { type FleetCheck, tells } from './check.js';

/** containerd speaks CRI v1 alone since 2.0, which kubelets speak since 1.23; what containerd 1 is too old for is the release's word. */
function trouble({ version, runtime }: Cluster, { components, criApis, host }: Release): string | null {
  if (runtime !== 'containerd') return null;
  const major = Number.parseInt(components.containerd, 10);
  if (major >= 2 && !criApis.includes('v1')) {
    return `the kubelet of Kubernetes ${version} speaks CRI ${criApis.join(', ')}, containerd ${components.containerd} speaks v1 only`;
  }
  return major < host.leastContainerd
    ? `Kubernetes ${version} needs containerd ${host.leastContainerd}, not ${components.containerd}`
    : null;
}

export const runtimeFits: FleetCheck = {
  tells: [tells('Runtime', 'error', 'kubelet and container runtime speak the same CRI', '`cluster.runtime: docker`')],
  before: ['apply'],
  look(cluster, subjects) {
    const [release] = subjects.map((subject) => subject.release);
    const message = release === undefined ? null : trouble(cluster, release);
    if (message === null) return [];
    return [
      {
        name: 'Runtime',
        severity: 'error',
        host: null,
        message,
        cure: 'set cluster.runtime: docker, or a newer release',
      },
    ];
  },
};
