// What the lab's mirror of one Kubernetes release holds, as data: the files under upstream's URLs, the images under
// upstream's names and the Debian packages beside them. Knows nothing of how any of it is made or served.
import { type LabRelease, type LabVersions, versionsOf } from './components.js';
import { cniPluginNames, etcdPrograms, type GoBuild, goBuilds } from './go-builds.js';
import { type PackageRepository, packageRepositories } from './package-repositories.js';

/** A binary of a build: `<build id>/<file name>`. */
export type BinaryRef = string;

/** A file under its publisher's URL; `{arch}` stands for the machine's. */
export type MirrorFile =
  | { readonly kind: 'binary'; readonly url: string; readonly binary: BinaryRef }
  | {
      readonly kind: 'tarball';
      readonly url: string;
      /** Path inside the archive by binary. */
      readonly members: Readonly<Record<string, BinaryRef>>;
    }
  | {
      readonly kind: 'module-file';
      readonly url: string;
      /** A file out of the source of a Go module, so that nothing of upstream's is copied into git. */
      readonly recipe: string;
      readonly module: string;
      readonly path: string;
    };

export interface ImageSpec extends ImageRecipe {
  /** Names under which other registries carry the same image. */
  readonly aliases: readonly string[];
}

interface ImageRecipe {
  /** Name and tag as upstream publishes it. */
  readonly reference: string;
  /** `static`: nothing but the binaries. `busybox`: a shell and small tools. `netfilter`: Debian's iptables and friends. */
  readonly base: 'static' | 'busybox' | 'netfilter';
  /** Absolute path inside the image by binary. */
  readonly binaries: Readonly<Record<string, BinaryRef>>;
  readonly directories?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
}

/** Everything that decides a mirror, but for the recipes in lab/: equal content and recipes are one mirror. */
export interface MirrorContent {
  readonly release: LabRelease;
  readonly builds: readonly GoBuild[];
  readonly files: readonly MirrorFile[];
  readonly images: readonly ImageSpec[];
  readonly hostPackages: readonly string[];
  readonly layerPackages: typeof layerPackages;
  /** Of yum and apt, beside Debian's own. */
  readonly repositories: readonly PackageRepository[];
}

export function mirrorContent(release: LabRelease): MirrorContent {
  const versions = versionsOf(release);
  return {
    release,
    builds: goBuilds(versions),
    files: mirrorFiles(versions),
    images: images(versions).map((image) => ({ ...image, aliases: aliasesOf(image.reference) })),
    hostPackages,
    layerPackages,
    repositories: packageRepositories(versions),
  };
}

/** Aliyun carries the images of registry.k8s.io that kubeadm asks for, all in one folder: `coredns/coredns` is `coredns`. */
export function aliasesOf(reference: string): readonly string[] {
  const [, name] = /^registry\.k8s\.io\/(?!e2e-test-images\/)(?:[^/]+\/)*([^/]+)$/.exec(reference) ?? [];
  return name === undefined ? [] : [`registry.aliyuncs.com/google_containers/${name}`];
}

const github = 'https://github.com';
const etcdFolder = ({ etcd }: LabVersions): string => `etcd-v${etcd}-linux-{arch}`;

const mirrorFiles = (versions: LabVersions): readonly MirrorFile[] => [
  ...['kubelet', 'kubeadm', 'kubectl'].map(
    (name): MirrorFile => ({
      kind: 'binary',
      url: `https://dl.k8s.io/release/v${versions.kubernetes}/bin/linux/{arch}/${name}`,
      binary: `kubernetes/${name}`,
    }),
  ),
  {
    kind: 'tarball',
    url: `${github}/etcd-io/etcd/releases/download/v${versions.etcd}/${etcdFolder(versions)}.tar.gz`,
    members: Object.fromEntries(
      etcdPrograms(versions).map((name) => [`${etcdFolder(versions)}/${name}`, `etcd/${name}`]),
    ),
  },
  {
    kind: 'tarball',
    url: `${github}/containerd/containerd/releases/download/v${versions.containerd}/containerd-${versions.containerd}-linux-{arch}.tar.gz`,
    members: {
      'bin/containerd': 'containerd/containerd',
      'bin/containerd-shim-runc-v2': 'containerd-shim/containerd-shim-runc-v2',
      'bin/ctr': 'containerd/ctr',
    },
  },
  {
    kind: 'binary',
    url: `${github}/opencontainers/runc/releases/download/v${versions.runc}/runc.{arch}`,
    binary: 'runc/runc',
  },
  {
    kind: 'tarball',
    url: `${github}/containernetworking/plugins/releases/download/v${versions.cniPlugins}/cni-plugins-linux-{arch}-v${versions.cniPlugins}.tgz`,
    members: Object.fromEntries(cniPluginNames.map((name) => [`./${name}`, `cni-plugins/${name}`])),
  },
  {
    kind: 'tarball',
    url: `${github}/kubernetes-sigs/cri-tools/releases/download/v${versions.crictl}/crictl-v${versions.crictl}-linux-{arch}.tar.gz`,
    members: { crictl: 'crictl/crictl' },
  },
  {
    kind: 'module-file',
    url: `https://raw.githubusercontent.com/flannel-io/flannel/v${versions.flannel}/Documentation/kube-flannel.yml`,
    recipe: 'flannel-0.28',
    module: 'github.com/flannel-io/flannel',
    path: 'Documentation/kube-flannel.yml',
  },
  {
    kind: 'module-file',
    url: `https://raw.githubusercontent.com/projectcalico/calico/v${versions.calico}/manifests/calico.yaml`,
    recipe: 'calico-3.31',
    module: 'github.com/projectcalico/calico',
    path: 'manifests/calico.yaml',
  },
];

const images = (versions: LabVersions): readonly ImageRecipe[] => [
  ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
    (name): ImageRecipe => ({
      reference: `registry.k8s.io/${name}:v${versions.kubernetes}`,
      base: 'static',
      binaries: { [`/usr/local/bin/${name}`]: `kubernetes/${name}` },
      command: [`/usr/local/bin/${name}`],
    }),
  ),
  {
    reference: `registry.k8s.io/kube-proxy:v${versions.kubernetes}`,
    base: 'netfilter',
    binaries: { '/usr/local/bin/kube-proxy': 'kubernetes/kube-proxy' },
    command: ['/usr/local/bin/kube-proxy'],
  },
  {
    reference: `registry.k8s.io/etcd:${versions.etcdImage}`,
    base: 'static',
    binaries: Object.fromEntries(etcdPrograms(versions).map((name) => [`/usr/local/bin/${name}`, `etcd/${name}`])),
    directories: ['/var/etcd', '/var/lib/etcd'],
    command: ['/usr/local/bin/etcd'],
  },
  {
    // Upstream runs as `nonroot` with a file capability on the binary. Ours runs as root in the same pod, whose manifest
    // drops every capability but NET_BIND_SERVICE: a layer made by tar would lose the file capability.
    reference: `registry.k8s.io/${versions.corednsImage}`,
    base: 'static',
    binaries: { '/coredns': 'coredns/coredns' },
    entrypoint: ['/coredns'],
  },
  {
    reference: `registry.k8s.io/pause:${versions.pause}`,
    base: 'static',
    binaries: { '/pause': 'pause/pause' },
    entrypoint: ['/pause'],
    user: '65535:65535', // build/pause/Dockerfile
  },
  {
    reference: `ghcr.io/flannel-io/flannel:v${versions.flannel}`,
    base: 'netfilter',
    binaries: { '/opt/bin/flanneld': 'flannel/flanneld' },
    entrypoint: ['/opt/bin/flanneld'],
  },
  {
    reference: `ghcr.io/flannel-io/flannel-cni-plugin:v${versions.flannelCniPlugin}`,
    base: 'busybox', // its only use is `cp`, the init container's command in kube-flannel.yml
    binaries: { '/flannel': 'flannel-cni-plugin/flannel' },
  },
  {
    reference: `registry.k8s.io/e2e-test-images/agnhost:${versions.agnhost}`,
    base: 'busybox',
    binaries: { '/agnhost': 'agnhost/agnhost' },
    directories: ['/uploads'], // netexec writes there
    entrypoint: ['/agnhost'],
    command: ['pause'],
  },
];

/** What a Kubernetes host asks of its distribution, offered to the lab hosts by a signed apt repository. */
const hostPackages: readonly string[] = [
  'bash-completion',
  'ca-certificates',
  'chrony',
  'conntrack',
  'curl',
  'ebtables',
  'ethtool',
  'iproute2',
  'ipset',
  'iptables',
  'ipvsadm',
  'kmod',
  'libdevmapper1.02.1', // Docker's packages want it and xz
  // A virtual machine's root has the kernel of the last point release; this is the newest, for system.kernel to bring.
  'linux-image-cloud-{arch}',
  'mount',
  'nftables',
  'openssl',
  'procps',
  'socat',
  'tar',
  'util-linux',
  'xz-utils',
];

/** Debian packages unpacked into the layers of the image bases. */
const layerPackages: Readonly<Record<'busybox' | 'netfilter', readonly string[]>> = {
  busybox: ['busybox-static'],
  netfilter: ['conntrack', 'ipset', 'iptables', 'kmod', 'nftables', 'busybox-static'],
};
