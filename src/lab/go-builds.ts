// The Go builds that make the lab's components, as data. Builds that releases share are equal, so that they share their
// results. Knows nothing of how a build is run or of what becomes of the binaries.
import type { LabVersions } from './components.js';

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

const containerd = 'github.com/containerd/containerd/v2';
const cni = 'github.com/containernetworking/plugins';

const cniPlugins = {
  ipam: ['dhcp', 'host-local', 'static'],
  main: ['bridge', 'dummy', 'host-device', 'ipvlan', 'loopback', 'macvlan', 'ptp', 'tap', 'vlan'],
  meta: ['bandwidth', 'firewall', 'portmap', 'sbr', 'tuning', 'vrf'],
};
export const cniPluginNames: readonly string[] = Object.values(cniPlugins).flat();

/** The builds of one release. Longest first, so that a broken recipe of the long one is known early. */
export const goBuilds = (versions: LabVersions): readonly GoBuild[] => [
  kubernetesBuild(versions),
  ...containerdBuilds(versions),
  etcdBuild(versions),
  {
    id: 'coredns',
    recipe: `coredns-${versions.coredns}`,
    source: `github.com/coredns/coredns@v${versions.coredns}`,
    packages: ['github.com/coredns/coredns'],
  },
  ...flannelBuilds(versions),
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
  ...mirrorTools,
];

/** What the mirror itself is made with and served by. */
const mirrorTools: readonly GoBuild[] = [
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

const kubernetesPrograms = [
  'cmd/kubelet',
  'cmd/kubeadm',
  'cmd/kubectl',
  'cmd/kube-apiserver',
  'cmd/kube-controller-manager',
  'cmd/kube-scheduler',
  'cmd/kube-proxy',
  'test/images/agnhost',
];

function kubernetesBuild({ kubernetes }: LabVersions): GoBuild {
  const [major, minor] = kubernetes.split('.');
  return {
    id: 'kubernetes',
    recipe: `kubernetes-${major}.${minor}`,
    source: `k8s.io/kubernetes@v${kubernetes}`,
    packages: kubernetesPrograms.map((path) => `k8s.io/kubernetes/${path}`),
    tags: ['selinux', 'notest', 'grpcnotrace'], // hack/lib/golang.sh
    // hack/lib/version.sh sets both copies of the version; kubectl reads the second one.
    linker: ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
      `-X ${path}.gitVersion=v${kubernetes}`,
      `-X ${path}.gitMajor=${major}`,
      `-X ${path}.gitMinor=${minor}`,
      `-X ${path}.gitTreeState=clean`,
    ]),
    linkerForAll: true,
  };
}

function containerdBuilds(versions: LabVersions): readonly GoBuild[] {
  const common = {
    recipe: 'containerd-2.2',
    source: `${containerd}@v${versions.containerd}`,
    linker: [
      `-X ${containerd}/version.Version=v${versions.containerd}`,
      `-X ${containerd}/version.Package=${containerd}`,
    ],
  };
  return [
    {
      ...common,
      id: 'containerd',
      packages: [`${containerd}/cmd/containerd`, `${containerd}/cmd/ctr`],
      tags: ['urfave_cli_no_docs'],
    },
    {
      ...common,
      id: 'containerd-shim',
      packages: [`${containerd}/cmd/containerd-shim-runc-v2`],
      tags: ['urfave_cli_no_docs', 'no_grpc'], // SHIM_GO_BUILDTAGS of containerd's Makefile
    },
  ];
}

const etcdBuild = ({ etcd }: LabVersions): GoBuild => ({
  id: 'etcd',
  recipe: `etcd-${etcd}`,
  source: `go.etcd.io/etcd/server/v3@v${etcd}`,
  packages: ['go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/etcdctl/v3', 'go.etcd.io/etcd/etcdutl/v3'],
  rename: { server: 'etcd' },
});

const flannelBuilds = (versions: LabVersions): readonly GoBuild[] => [
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
];
