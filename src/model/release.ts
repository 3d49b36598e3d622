import type { Arch } from './cluster.js';

/** A row of the release table, resolved for one exact Kubernetes version. */
export interface Release {
  readonly kubernetes: string;
  readonly minor: string;
  readonly components: Readonly<
    Record<'etcd' | 'containerd' | 'runc' | 'cni-plugins' | 'crictl' | 'coredns' | 'flannel' | 'pause', string>
  >;
  readonly images: Readonly<
    Record<
      | 'kube-apiserver'
      | 'kube-controller-manager'
      | 'kube-scheduler'
      | 'kube-proxy'
      | 'etcd'
      | 'coredns'
      | 'agnhost'
      | 'pause'
      | 'flannel'
      | 'flannel-cni-plugin',
      string
    >
  >;
  readonly kubeadmApi: string;
  readonly controlPlaneLabel: string;
  /** The artifact for an architecture, mirror and checksum overrides already applied. Throws ARTIFACT when there is no checksum. */
  artifact(
    name: 'kubelet' | 'kubeadm' | 'kubectl' | 'etcd' | 'containerd' | 'runc' | 'cni-plugins' | 'crictl',
    arch: Arch,
  ): ArtifactSource;
  /** Manifests by URL. */
  readonly manifests: Readonly<Record<'flannel', ManifestSource>>;
}

export interface ManifestSource extends ArtifactSource {
  /** The verified content once `loadManifests` has fetched it. */
  readonly text: string | null;
}

export interface ArtifactSource {
  readonly name: string;
  readonly version: string;
  /** Where it is fetched from. */
  readonly url: string;
  /** Where its publisher has it. */
  readonly upstream: string;
  readonly sha256: string;
}
