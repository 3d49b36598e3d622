import type { ComponentName, ReleaseTraits } from '../model/index.js';
import { traits } from './traits.js';

// Data only: which versions make up a release. Source: kubeadm's constants of each version (etcd, CoreDNS, pause),
// test/utils/image/manifest.go (agnhost).

export interface ReleaseRow extends ReleaseTraits {
  readonly kubernetes: string;
  /** calico goes with few releases of Kubernetes; flannel's manifest asks nothing that changed. */
  readonly pins: Readonly<Record<ComponentName, string> & { calico?: string }>;
  /** Image tags that are not the component's version. */
  readonly tags: Readonly<Record<'agnhost' | 'coredns' | 'etcd' | 'flannel-cni-plugin', string>>;
}

/** What does not go with Kubernetes' minor releases. */
const common = {
  'cni-plugins': '1.9.1',
  containerd: '2.2.1',
  'cri-dockerd': '0.3.26',
  // The last line that still has API 1.24 for the old clients and runs on EL7; dockershim of 1.23 was tested with it (go.mod).
  docker: '20.10.24',
  flannel: '0.28.4',
  runc: '1.4.3',
};
/** agnhost is one for all: it serves HTTP and asks no API. flannel-cni-plugin: the tag that kube-flannel.yml of the pinned flannel names. */
const commonTags = { agnhost: '2.63.0', 'flannel-cni-plugin': '1.9.1-flannel1' };

/** The last crictl lines that fall back to CRI v1alpha2 are 1.23 to 1.25. */
const bilingual = { ...common, crictl: '1.23.0' };
/** calico 3.31 asks for policy/v1 and CRDs with validation rules: the releases that docs.tigera.io/calico/3.31 names, and 1.36. */
const modern = { ...common, calico: '3.31.0', crictl: '1.36.0' };

/** By minor version; sorted. */
export const releases: Readonly<Record<string, ReleaseRow>> = Object.freeze({
  '1.17': {
    ...traits['1.17'],
    kubernetes: '1.17.17',
    pins: { ...bilingual, coredns: '1.6.5', etcd: '3.4.3', pause: '3.1' },
    tags: { ...commonTags, coredns: '1.6.5', etcd: '3.4.3-0' },
  },
  '1.18': {
    ...traits['1.18'],
    kubernetes: '1.18.20',
    pins: { ...bilingual, coredns: '1.6.7', etcd: '3.4.3', pause: '3.2' },
    tags: { ...commonTags, coredns: '1.6.7', etcd: '3.4.3-0' },
  },
  '1.19': {
    ...traits['1.19'],
    kubernetes: '1.19.16',
    pins: { ...bilingual, coredns: '1.7.0', etcd: '3.4.13', pause: '3.2' },
    tags: { ...commonTags, coredns: '1.7.0', etcd: '3.4.13-0' },
  },
  '1.23': {
    ...traits['1.23'],
    kubernetes: '1.23.17',
    pins: { ...bilingual, coredns: '1.8.6', etcd: '3.5.6', pause: '3.6' },
    tags: { ...commonTags, coredns: 'v1.8.6', etcd: '3.5.6-0' },
  },
  '1.34': {
    ...traits['1.34'],
    kubernetes: '1.34.3',
    pins: { ...modern, coredns: '1.12.1', etcd: '3.6.5', pause: '3.10.1' },
    tags: { ...commonTags, coredns: 'v1.12.1', etcd: '3.6.5-0' },
  },
  '1.35': {
    ...traits['1.35'],
    kubernetes: '1.35.4',
    pins: { ...modern, coredns: '1.13.1', etcd: '3.6.6', pause: '3.10.1' },
    tags: { ...commonTags, coredns: 'v1.13.1', etcd: '3.6.6-0' },
  },
  '1.36': {
    ...traits['1.36'],
    kubernetes: '1.36.3',
    pins: { ...modern, coredns: '1.14.2', etcd: '3.6.8', pause: '3.10.2' },
    tags: { ...commonTags, coredns: 'v1.14.2', etcd: '3.6.8-0' },
  },
});
