// The versions of the lab's components and the Go builds that make them, as data. What becomes of the binaries is in
// components-content.ts. Knows nothing of how any of it is built.

export type Arch = 'amd64' | 'arm64';

/** One `go build` in one folder of lab/. Several builds may share a folder: build tags differ inside containerd. */
export interface GoBuild {
  readonly id: string;
  /** Folder under lab/ with the go.mod that pins it. */
  readonly recipe: string;
  /** What a reader of the progress line knows it by: `module@version`. */
  readonly source: string;
  readonly packages: readonly string[];
  /** File names under which the results are known here, by the name `go build` gives them. */
  readonly rename?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Linker flags beyond `-s -w`. */
  readonly linker?: readonly string[];
  /** Linker flags for every package, as upstream's own build sets them (`-ldflags all=…`). */
  readonly linkerForAll?: boolean;
  /** Needs a C compiler; everything else is built with CGO_ENABLED=0 and static by nature. */
  readonly cgo?: boolean;
  readonly pie?: boolean;
}

export const versions = Object.freeze({
  kubernetes: '1.36.3',
  etcd: '3.6.8',
  etcdImage: '3.6.8-0',
  containerd: '2.2.1',
  runc: '1.4.3',
  cniPlugins: '1.9.1',
  crictl: '1.36.0',
  coredns: '1.14.2',
  pause: '3.10.2',
  flannel: '0.28.4',
  // The tag that kube-flannel.yml 0.28.4 names. flannel-io/cni-plugin is not a published Go module; the plugin of the
  // same name in containernetworking/plugins 0.9.1 is the code it was forked from.
  flannelCniPlugin: '1.9.1-flannel1',
  // k8s.io/kubernetes/test/images/agnhost/VERSION at 1.36.3
  agnhost: '2.63.0',
});

const kubernetes = 'k8s.io/kubernetes';
const containerd = 'github.com/containerd/containerd/v2';
const cni = 'github.com/containernetworking/plugins';
const [major, minor] = versions.kubernetes.split('.');

/** hack/lib/version.sh of Kubernetes sets both copies of the version; kubectl reads the second one. */
const kubernetesVersionFlags = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
  `-X ${path}.gitVersion=v${versions.kubernetes}`,
  `-X ${path}.gitMajor=${major}`,
  `-X ${path}.gitMinor=${minor}`,
  `-X ${path}.gitTreeState=clean`,
]);

const cniPlugins = {
  ipam: ['dhcp', 'host-local', 'static'],
  main: ['bridge', 'dummy', 'host-device', 'ipvlan', 'loopback', 'macvlan', 'ptp', 'tap', 'vlan'],
  meta: ['bandwidth', 'firewall', 'portmap', 'sbr', 'tuning', 'vrf'],
};
export const cniPluginNames: readonly string[] = Object.values(cniPlugins).flat();

const containerdFlags = [
  `-X ${containerd}/version.Version=v${versions.containerd}`,
  `-X ${containerd}/version.Package=${containerd}`,
];

/** Longest first, so that a broken recipe of the long one is known early. */
export const goBuilds: readonly GoBuild[] = [
  {
    id: 'kubernetes',
    recipe: 'kubernetes-1.36',
    source: `${kubernetes}@v${versions.kubernetes}`,
    packages: [
      ...[
        'kubelet',
        'kubeadm',
        'kubectl',
        'kube-apiserver',
        'kube-controller-manager',
        'kube-scheduler',
        'kube-proxy',
      ].map((name) => `${kubernetes}/cmd/${name}`),
      `${kubernetes}/test/images/agnhost`,
    ],
    tags: ['selinux', 'notest', 'grpcnotrace'], // hack/lib/golang.sh
    linker: kubernetesVersionFlags,
    linkerForAll: true,
  },
  {
    id: 'containerd',
    recipe: 'containerd-2.2',
    source: `${containerd}@v${versions.containerd}`,
    packages: [`${containerd}/cmd/containerd`, `${containerd}/cmd/ctr`],
    tags: ['urfave_cli_no_docs'],
    linker: containerdFlags,
  },
  {
    id: 'containerd-shim',
    recipe: 'containerd-2.2',
    source: `${containerd}@v${versions.containerd}`,
    packages: [`${containerd}/cmd/containerd-shim-runc-v2`],
    tags: ['urfave_cli_no_docs', 'no_grpc'], // SHIM_GO_BUILDTAGS of containerd's Makefile
    linker: containerdFlags,
  },
  {
    id: 'etcd',
    recipe: 'etcd-3.6',
    source: `go.etcd.io/etcd/server/v3@v${versions.etcd}`,
    packages: ['go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/etcdctl/v3', 'go.etcd.io/etcd/etcdutl/v3'],
    rename: { server: 'etcd' },
  },
  {
    id: 'coredns',
    recipe: 'coredns-1.14',
    source: `github.com/coredns/coredns@v${versions.coredns}`,
    packages: ['github.com/coredns/coredns'],
  },
  {
    id: 'flannel',
    recipe: 'flannel-0.28',
    source: `github.com/flannel-io/flannel@v${versions.flannel}`,
    packages: ['github.com/flannel-io/flannel'],
    rename: { flannel: 'flanneld' },
    tags: ['netgo', 'osusergo'],
    linker: [
      `-X github.com/flannel-io/flannel/pkg/version.Version=v${versions.flannel}`,
      '-linkmode external -extldflags -static',
    ],
    cgo: true, // the udp backend; its Makefile does the same
  },
  {
    id: 'flannel-cni-plugin',
    recipe: 'flannel-cni-plugin-0.9',
    source: `${cni}@v0.9.1`,
    packages: [`${cni}/plugins/meta/flannel`],
    linker: [`-X ${cni}/pkg/utils/buildversion.BuildVersion=v${versions.flannelCniPlugin}`],
  },
  {
    id: 'runc',
    recipe: 'runc-1.4',
    source: `github.com/opencontainers/runc@v${versions.runc}`,
    packages: ['github.com/opencontainers/runc'],
    tags: ['seccomp', 'urfave_cli_no_docs', 'netgo', 'osusergo'], // GO_BUILD_STATIC of runc's Makefile
    linker: ['-linkmode external -extldflags -static-pie'],
    cgo: true,
    pie: true,
  },
  {
    id: 'cni-plugins',
    recipe: 'cni-plugins-1.9',
    source: `${cni}@v${versions.cniPlugins}`,
    packages: Object.entries(cniPlugins).flatMap(([kind, names]) =>
      names.map((name) => `${cni}/plugins/${kind}/${name}`),
    ),
    linker: [`-X ${cni}/pkg/utils/buildversion.BuildVersion=v${versions.cniPlugins}`],
  },
  {
    id: 'crictl',
    recipe: 'cri-tools-1.36',
    source: `sigs.k8s.io/cri-tools@v${versions.crictl}`,
    packages: ['sigs.k8s.io/cri-tools/cmd/crictl'],
    linker: [`-X sigs.k8s.io/cri-tools/pkg/version.Version=${versions.crictl}`],
  },
  {
    id: 'pause',
    recipe: 'pause',
    source: `lab/pause for pause ${versions.pause}`,
    packages: ['.'],
    linker: [`-X main.version=${versions.pause}`],
  },
  {
    id: 'registry',
    recipe: 'registry',
    source: 'github.com/distribution/distribution/v3@v3.1.1',
    packages: ['.'],
    linker: ['-X github.com/distribution/distribution/v3/version.version=v3.1.1'],
  },
  {
    id: 'crane',
    recipe: 'crane-0.22',
    source: 'github.com/google/go-containerregistry@v0.22.1',
    packages: ['github.com/google/go-containerregistry/cmd/crane'],
  },
];
