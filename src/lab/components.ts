// The versions of what the lab runs, by Kubernetes minor, as data. How they are built is in go-builds.ts, what becomes of the
// binaries in components-content.ts.
import { ProvisionError } from '../model/index.js';

export type Arch = 'amd64' | 'arm64';

export interface LabVersions {
  readonly kubernetes: string;
  readonly etcd: string;
  /** The image's tag: etcd's version and the revision of its image. */
  readonly etcdImage: string;
  readonly containerd: string;
  readonly runc: string;
  readonly cniPlugins: string;
  readonly crictl: string;
  readonly coredns: string;
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
  crictl: '1.36.0',
  flannel: '0.28.4',
  // The tag that kube-flannel.yml 0.28.4 names. flannel-io/cni-plugin is not a published Go module; the plugin of the
  // same name in containernetworking/plugins 0.9.1 is the code it was forked from.
  flannelCniPlugin: '1.9.1-flannel1',
  calico: '3.31.0',
};

/**
 * One row per Kubernetes minor that a mirror can be made for, oldest first. etcd, coredns, pause:
 * cmd/kubeadm/app/constants/constants.go of that Kubernetes; agnhost: its test/utils/image/manifest.go.
 */
const table = {
  '1.36': {
    ...shared,
    kubernetes: '1.36.3',
    etcd: '3.6.8',
    etcdImage: '3.6.8-0',
    coredns: '1.14.2',
    pause: '3.10.2',
    agnhost: '2.63.0',
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
