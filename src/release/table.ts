// Data only: which versions make up a release, where they are published and what they must hash to.
// Sources: kubeadm's constants of each version (images), the publishers' own checksum files (sha256).

export interface ReleaseRow {
  readonly kubernetes: string;
  readonly pins: Readonly<
    Record<'etcd' | 'containerd' | 'runc' | 'cni-plugins' | 'crictl' | 'coredns' | 'flannel' | 'pause', string>
  >;
  /** Image tags that are not the component's version. */
  readonly tags: Readonly<Record<'agnhost' | 'etcd' | 'flannel-cni-plugin', string>>;
  readonly kubeadmApi: string;
  readonly controlPlaneLabel: string;
}

export interface ArtifactRow {
  readonly component: string;
  readonly version: string;
  /** `{version}` and `{arch}` are filled in. */
  readonly url: string;
  readonly sha256: Readonly<Record<'amd64' | 'arm64', string>>;
}

export interface ManifestRow {
  readonly component: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
}

/** By minor version; sorted. */
export const releases: Readonly<Record<string, ReleaseRow>> = Object.freeze({
  '1.36': {
    kubernetes: '1.36.3',
    pins: {
      'cni-plugins': '1.9.1',
      containerd: '2.2.1',
      coredns: '1.14.2',
      crictl: '1.36.0',
      etcd: '3.6.8',
      flannel: '0.28.4',
      pause: '3.10.2',
      runc: '1.4.3',
    },
    // flannel-cni-plugin: the tag that kube-flannel.yml of the pinned flannel names.
    // agnhost: test/utils/image/manifest.go of that Kubernetes.
    tags: { agnhost: '2.63.0', etcd: '3.6.8-0', 'flannel-cni-plugin': '1.9.1-flannel1' },
    kubeadmApi: 'kubeadm.k8s.io/v1beta4',
    controlPlaneLabel: 'node-role.kubernetes.io/control-plane',
  },
});

const kubernetesBinary = (name: string): string => `https://dl.k8s.io/release/v{version}/bin/linux/{arch}/${name}`;

/** Sorted by component, then version. */
export const artifacts: readonly ArtifactRow[] = Object.freeze([
  {
    component: 'cni-plugins',
    version: '1.9.1',
    url: 'https://github.com/containernetworking/plugins/releases/download/v{version}/cni-plugins-linux-{arch}-v{version}.tgz',
    sha256: {
      amd64: 'b98f74a0f8522f0a83867178729c1aa70f2158f90c45a2ca8fa791db1c76b303',
      arm64: '56171987d3947707c3563db2f4001bccaf50fd63468611b9f3cbecb1375ee7ec',
    },
  },
  {
    component: 'containerd',
    version: '2.2.1',
    url: 'https://github.com/containerd/containerd/releases/download/v{version}/containerd-{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: 'f5d8e90ecb6c1c7e33ecddf8cc268a93b9e5b54e0e850320d765511d76624f41',
      arm64: 'dac15a0d412a24be8bfe6a40cec8f51829062725169f1e72ac7d120a891ef5b6',
    },
  },
  {
    component: 'crictl',
    version: '1.36.0',
    url: 'https://github.com/kubernetes-sigs/cri-tools/releases/download/v{version}/crictl-v{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: '83855e114566a8a8c44c548d515670f51de3a5e1da8b2effb59870e2f10c25a3',
      arm64: '68328594ccf780a80ae2b092d9f6ce484eec7cf540c275242e8fd954bfd95332',
    },
  },
  {
    component: 'etcd',
    version: '3.6.8',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: 'cf9cfe91a4856cb90eed9c99e6aee4b708db2c7888b88a6f116281f04b0ea693',
      arm64: '438f56a700d17ce761510a3e63e6fa5c1d587b2dd4d7a22c179c09a649366760',
    },
  },
  {
    component: 'kubeadm',
    version: '1.36.3',
    url: kubernetesBinary('kubeadm'),
    sha256: {
      amd64: 'bba1733c701bf70ec74ba1cc3fd5745404c1134a8a4b0a5f8560cc9832023421',
      arm64: '276cfbdc43b10fef663288cc1ed76abf77b1b7f700e9f1c053cb5dc3115484de',
    },
  },
  {
    component: 'kubectl',
    version: '1.36.3',
    url: kubernetesBinary('kubectl'),
    sha256: {
      amd64: 'ebbd080e7c2e275093b55915722043257eb24004363e20acb3c4d71919f88336',
      arm64: '3d86f24401c41ae5a46ac50eef8865fe891d3647d324a0836f6c63757a126e62',
    },
  },
  {
    component: 'kubelet',
    version: '1.36.3',
    url: kubernetesBinary('kubelet'),
    sha256: {
      amd64: '46707a53209f826ad0f0d62371ac69cd00e78fd9a8176cf5f6f87f18f7f8b718',
      arm64: '57205a5daf5883873d87b4914e1e00bdd7707acd075714788cfb0fc1f60bc414',
    },
  },
  {
    component: 'runc',
    version: '1.4.3',
    url: 'https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}',
    sha256: {
      amd64: 'f6ae8efc0fa40079e1475e97cbe9d1bd3f106a28d6af78a11d9f1bd565515e60',
      arm64: '633301e2e32f8a5ad54031aab4901eb00308bec677dd15faa2751e8f9dab5ca4',
    },
  },
]);

/** Sorted by component, then version. */
export const manifests: readonly ManifestRow[] = Object.freeze([
  {
    component: 'flannel',
    version: '0.28.4',
    // The file of that tag, as the Go checksum database vouches for it in the module of the same version.
    url: 'https://raw.githubusercontent.com/flannel-io/flannel/v{version}/Documentation/kube-flannel.yml',
    sha256: '0bd380eb4954227c903bdea96dc9254650badd2d45ebe31978a47c3ffe2e9727',
  },
]);
