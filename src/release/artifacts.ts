// Data only: where artifacts and manifests are published, and what they must hash to by their publishers' own checksum files.

export interface ArtifactRow {
  readonly component: string;
  readonly version: string;
  /** `{version}` and `{arch}` are filled in. */
  readonly url: string;
  /** Empty: its publisher's sum is not known here, and an inventory that wants it brings the sum (mirrors.checksums). */
  readonly sha256: Readonly<Partial<Record<'amd64' | 'arm64', string>>>;
}

export interface ManifestRow {
  readonly component: string;
  readonly version: string;
  readonly url: string;
  readonly sha256: string;
}

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
    component: 'cri-dockerd',
    version: '0.3.26',
    url: 'https://github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.{arch}.tgz',
    sha256: {
      amd64: '87f31c964d974cdce9c883c79b69e355c3c323e51d3a7d36cda140e6df7b8d5a',
      arm64: 'd33e46e0d7ce28b22fdf7fa6327961cf0220ec3814fd7cc482f8cb77e7fd986a',
    },
  },
  {
    component: 'crictl',
    version: '1.23.0',
    url: 'https://github.com/kubernetes-sigs/cri-tools/releases/download/v{version}/crictl-v{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: 'b754f83c80acdc75f93aba191ff269da6be45d0fc2d3f4079704e7d1424f1ca8',
      arm64: '91094253e77094435027998a99b9b6a67b0baad3327975365f7715a1a3bd9595',
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
    version: '3.4.13',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {},
  },
  {
    component: 'etcd',
    version: '3.4.3',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {},
  },
  {
    component: 'etcd',
    version: '3.5.6',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {},
  },
  {
    component: 'etcd',
    version: '3.6.5',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: '66bad39ed920f6fc15fd74adcb8bfd38ba9a6412f8c7852d09eb11670e88cac3',
      arm64: '7010161787077b07de29b15b76825ceacbbcedcb77fe2e6832f509be102cab6b',
    },
  },
  {
    component: 'etcd',
    version: '3.6.6',
    url: 'https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz',
    sha256: {
      amd64: '887afaa4a99f22d802ccdfbe65730a5e79aa5c9ce2c8799c67e9d804c50ecedb',
      arm64: '8a15f5427c111ff4692753682374970fb68878401d946c2c28bdad6857db652f',
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
    version: '1.17.17',
    url: kubernetesBinary('kubeadm'),
    sha256: {},
  },
  {
    component: 'kubeadm',
    version: '1.18.20',
    url: kubernetesBinary('kubeadm'),
    sha256: {},
  },
  {
    component: 'kubeadm',
    version: '1.19.16',
    url: kubernetesBinary('kubeadm'),
    sha256: {},
  },
  {
    component: 'kubeadm',
    version: '1.23.17',
    url: kubernetesBinary('kubeadm'),
    sha256: {},
  },
  {
    component: 'kubeadm',
    version: '1.34.3',
    url: kubernetesBinary('kubeadm'),
    sha256: {
      amd64: 'f9ce265434d306e59d800b26f3049b8430ba71f815947f4bacdcdc33359417fb',
      arm64: '697cf3aa54f1a5740b883a3b18a5d051b4032fd68ba89af626781a43ec9bccc3',
    },
  },
  {
    component: 'kubeadm',
    version: '1.35.4',
    url: kubernetesBinary('kubeadm'),
    sha256: {
      amd64: '0c0497da793f8897c14e45340da919534b615294a1aab69dc1998896c0f11145',
      arm64: 'e8f6b5bee3e2c8b5965f4ae65c2ae04e3f9f426d2458a1e2f159e824d419d92c',
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
    version: '1.17.17',
    url: kubernetesBinary('kubectl'),
    sha256: {},
  },
  {
    component: 'kubectl',
    version: '1.18.20',
    url: kubernetesBinary('kubectl'),
    sha256: {},
  },
  {
    component: 'kubectl',
    version: '1.19.16',
    url: kubernetesBinary('kubectl'),
    sha256: {},
  },
  {
    component: 'kubectl',
    version: '1.23.17',
    url: kubernetesBinary('kubectl'),
    sha256: {},
  },
  {
    component: 'kubectl',
    version: '1.34.3',
    url: kubernetesBinary('kubectl'),
    sha256: {
      amd64: 'ab60ca5f0fd60c1eb81b52909e67060e3ba0bd27e55a8ac147cbc2172ff14212',
      arm64: '46913a7aa0327f6cc2e1cc2775d53c4a2af5e52f7fd8dacbfbfd098e757f19e9',
    },
  },
  {
    component: 'kubectl',
    version: '1.35.4',
    url: kubernetesBinary('kubectl'),
    sha256: {
      amd64: 'b529430df69a688fd61b64ad2299edb5fd71cb58be2a4779dba624c7d3510efd',
      arm64: '6a5a4cc4e396d7626a7a693a3044b51c75520f81db30fe6816c2554e53be336f',
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
    version: '1.17.17',
    url: kubernetesBinary('kubelet'),
    sha256: {},
  },
  {
    component: 'kubelet',
    version: '1.18.20',
    url: kubernetesBinary('kubelet'),
    sha256: {},
  },
  {
    component: 'kubelet',
    version: '1.19.16',
    url: kubernetesBinary('kubelet'),
    sha256: {},
  },
  {
    component: 'kubelet',
    version: '1.23.17',
    url: kubernetesBinary('kubelet'),
    sha256: {},
  },
  {
    component: 'kubelet',
    version: '1.34.3',
    url: kubernetesBinary('kubelet'),
    sha256: {
      amd64: '0e759f40bbc717c05227ae3994b77786f58f59ffa0137a34958c6b26fa5bcbbd',
      arm64: '765b740e3ad9c590852652a2623424ec60e2dddce2c6280d7f042f56c8c98619',
    },
  },
  {
    component: 'kubelet',
    version: '1.35.4',
    url: kubernetesBinary('kubelet'),
    sha256: {
      amd64: '983a6ba5a49823dcdd745c674e5e2416377dd27d6ad1b42d2befa0fb961a19f6',
      arm64: 'd710eef03bb4ad164bb77af9be5b11b44f874e2fc08153c7d383420d685f73e8',
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
    component: 'calico',
    version: '3.31.0',
    // The file of that tag's commit, b1f3c43f8437, as the Go module proxy has it. The checksum database has no record of
    // that module: calico's tags are none of a Go module's.
    url: 'https://raw.githubusercontent.com/projectcalico/calico/v{version}/manifests/calico.yaml',
    sha256: '1990b1cec14002790718bb960b1b8445eb7b896cd16c32e952309f35a9026981',
  },
  {
    component: 'flannel',
    version: '0.28.4',
    // The file of that tag, as the Go checksum database vouches for it in the module of the same version.
    url: 'https://raw.githubusercontent.com/flannel-io/flannel/v{version}/Documentation/kube-flannel.yml',
    sha256: '0bd380eb4954227c903bdea96dc9254650badd2d45ebe31978a47c3ffe2e9727',
  },
]);
