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
  /** The module lacks pkg/generated/openapi: see kubernetes-openapi.ts. */
  readonly lacksOpenapi?: boolean;
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
  agnhost,
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
  crictlBuild(versions),
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
  {
    id: 'nfpm',
    recipe: 'nfpm-2',
    source: 'github.com/goreleaser/nfpm/v2@v2.45.0',
    packages: ['github.com/goreleaser/nfpm/v2/cmd/nfpm'],
    linker: ['-X main.version=2.45.0'],
  },
];

const kubernetesPrograms = [
  'kubelet',
  'kubeadm',
  'kubectl',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
];

/** hack/lib/golang.sh */
const kubernetesTags = ['selinux', 'notest', 'grpcnotrace'];

/** Since Go 1.23 the linker refuses to reach into the standard library by name, as modules of their day did. */
const formerLinker = '-checklinkname=0';

function kubernetesBuild({ kubernetes }: LabVersions): GoBuild {
  const [major, minor] = kubernetes.split('.');
  const old = Number(minor) <= 23;
  return {
    id: 'kubernetes',
    recipe: `kubernetes-${major}.${minor}`,
    source: `k8s.io/kubernetes@v${kubernetes}`,
    packages: kubernetesPrograms.map((name) => `k8s.io/kubernetes/cmd/${name}`),
    tags: kubernetesTags,
    ...(old ? { lacksOpenapi: true } : {}),
    linker: [
      ...(old ? [formerLinker] : []),
      // hack/lib/version.sh sets both copies of the version; kubectl reads the second one.
      ...['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
        `-X ${path}.gitVersion=v${kubernetes}`,
        `-X ${path}.gitMajor=${major}`,
        `-X ${path}.gitMinor=${minor}`,
        `-X ${path}.gitTreeState=clean`,
      ]),
    ],
    linkerForAll: true,
  };
}

/** The test image's program; one release's is for all. */
const agnhost: GoBuild = {
  id: 'agnhost',
  recipe: 'kubernetes-1.36',
  source: 'k8s.io/kubernetes@v1.36.3',
  packages: ['k8s.io/kubernetes/test/images/agnhost'],
  tags: kubernetesTags,
};

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

/** etcdutl came with 3.5, and the modules moved. */
const beforeEtcdutl = (etcd: string): boolean => Number(etcd.split('.')[1]) < 5;

export const etcdPrograms = ({ etcd }: LabVersions): readonly string[] =>
  beforeEtcdutl(etcd) ? ['etcd', 'etcdctl'] : ['etcd', 'etcdctl', 'etcdutl'];

function etcdBuild({ etcd }: LabVersions): GoBuild {
  const common = { id: 'etcd', recipe: `etcd-${etcd}` };
  if (beforeEtcdutl(etcd)) {
    return {
      ...common,
      // The commit of the tag v3.4.3: a path without /v3 cannot have that tag as its version.
      source: 'go.etcd.io/etcd@v0.0.0-20191023171146-3cf2f69b5738',
      packages: ['go.etcd.io/etcd', 'go.etcd.io/etcd/etcdctl'],
      linker: [formerLinker],
    };
  }
  return {
    ...common,
    source: `go.etcd.io/etcd/server/v3@v${etcd}`,
    packages: ['go.etcd.io/etcd/server/v3', 'go.etcd.io/etcd/etcdctl/v3', 'go.etcd.io/etcd/etcdutl/v3'],
    rename: { server: 'etcd' },
  };
}

/**
 * cri-tools of the years of dockershim are not published as a module. What is served as 1.23.0 is 1.36.0 as well; it says
 * so itself.
 */
const crictlBuild = (_: LabVersions): GoBuild => ({
  id: 'crictl',
  recipe: 'cri-tools-1.36',
  source: 'sigs.k8s.io/cri-tools@v1.36.0',
  packages: ['sigs.k8s.io/cri-tools/cmd/crictl'],
  linker: ['-X sigs.k8s.io/cri-tools/pkg/version.Version=1.36.0'],
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
