// The versions of what the lab runs, by Kubernetes minor, as data. How they are built is in go-builds.ts, what becomes of the
// binaries in mirror-content.ts.
import { ProvisionError } from '../../model/index.js';

export type Arch = 'amd64' | 'arm64';

export interface LabVersions {
  readonly kubernetes: string;
  /** Version of the staging modules (`k8s.io/api` …), when it is not that of Kubernetes itself. */
  readonly staging?: string;
  readonly etcd: string;
  /** The image's tag: etcd's version and the revision of its image. */
  readonly etcdImage: string;
  readonly containerd: string;
  readonly runc: string;
  readonly cniPlugins: string;
  /** The release whose archive it is served as; see `crictlBuild` for what is in it. */
  readonly crictl: string;
  readonly coredns: string;
  /** The image's name and tag below `registry.k8s.io/`. */
  readonly corednsImage: string;
  readonly pause: string;
  readonly flannel: string;
  readonly flannelCniPlugin: string;
  readonly calico: string;
  readonly agnhost: string;
}

/** What does not go by the Kubernetes release. */
const shared = {
  containerd: '2.2.1',
  runc: '1.4.3',
  cniPlugins: '1.9.1',
  flannel: '0.28.4',
  // The tag that kube-flannel.yml 0.28.4 names. flannel-io/cni-plugin is not a published Go module; the plugin of the
  // same name in containernetworking/plugins 0.9.1 is the code it was forked from.
  flannelCniPlugin: '1.9.1-flannel1',
  calico: '3.31.0',
  // test/utils/image/manifest.go of 1.36.3. It serves HTTP and asks no API: one is for all.
  agnhost: '2.63.0',
};

/** cri-dockerd 0.3.26 is not among them: its Go module is not published. */
const cri = { ...shared, crictl: '1.36.0' };
/** crictl 1.23 still speaks CRI v1alpha2, which is all that dockershim has. */
const dockershim = { ...shared, crictl: '1.23.0' };

/**
 * One row per Kubernetes minor that a mirror can be made for, oldest first. etcd, coredns, pause:
 * cmd/kubeadm/app/constants/constants.go and images/images.go of that Kubernetes.
 */
const table = {
  '1.18': {
    ...dockershim,
    kubernetes: '1.18.20',
    staging: '0.18.19', // 0.18.20 was not published
    etcd: '3.4.3',
    etcdImage: '3.4.3-0',
    coredns: '1.6.7',
    corednsImage: 'coredns:1.6.7',
    pause: '3.2',
  },
  '1.23': {
    ...dockershim,
    kubernetes: '1.23.17',
    etcd: '3.5.6',
    etcdImage: '3.5.6-0',
    coredns: '1.8.6',
    corednsImage: 'coredns/coredns:v1.8.6',
    pause: '3.6',
  },
  '1.34': {
    ...cri,
    kubernetes: '1.34.3',
    etcd: '3.6.5',
    etcdImage: '3.6.5-0',
    coredns: '1.12.1',
    corednsImage: 'coredns/coredns:v1.12.1',
    pause: '3.10.1',
  },
  '1.35': {
    ...cri,
    kubernetes: '1.35.4',
    etcd: '3.6.6',
    etcdImage: '3.6.6-0',
    coredns: '1.13.1',
    corednsImage: 'coredns/coredns:v1.13.1',
    pause: '3.10.1',
  },
  '1.36': {
    ...cri,
    kubernetes: '1.36.3',
    etcd: '3.6.8',
    etcdImage: '3.6.8-0',
    coredns: '1.14.2',
    corednsImage: 'coredns/coredns:v1.14.2',
    pause: '3.10.2',
  },
} satisfies Readonly<Record<string, LabVersions>>;

/** A Kubernetes minor that the lab has. */
export type LabRelease = keyof typeof table;

export const labReleases = Object.keys(table) as readonly LabRelease[];
export const defaultRelease: LabRelease = '1.36';

export const versionsOf = (release: LabRelease): LabVersions => table[release];

/** Takes a word of the command line. Throws USAGE when the lab has no such release. */
export function labRelease(word: string): LabRelease {
  const found = labReleases.find((release) => release === word);
  if (found !== undefined) return found;
  throw new ProvisionError('USAGE', `the lab has no Kubernetes ${word}`, {
    hint: `choose one of ${labReleases.join(', ')}`,
  });
}
