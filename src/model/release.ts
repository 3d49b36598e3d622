import type { Arch, ProxyMode } from './cluster.js';

/** A row of the release table, resolved for one exact Kubernetes version. */
export interface Release extends ReleaseTraits {
  readonly kubernetes: string;
  readonly minor: string;
  readonly components: Readonly<Record<ComponentName, string>>;
  /** calico's are there when it goes with the release. */
  readonly images: Readonly<Record<Exclude<ImageName, CalicoImage>, string> & Partial<Record<CalicoImage, string>>>;
  /** Where the images of Kubernetes itself come from; kubeadm's word for it. */
  readonly imageRepository: string;
  /** The name that the hosts' runtime pulls an image by, from its upstream name. */
  imageName(upstream: string): string;
  /** The other way round, of the cluster's own images: what a bundle knows them by. */
  publishedName(image: string): string;
  /** The registry in an image's name, and the URLs that the runtime tries for it, in order. */
  registryOf(image: string): { readonly registry: string; readonly urls: readonly string[] };
  /** The artifact for an architecture, mirror and checksum overrides already applied. Throws ARTIFACT when there is no checksum. */
  artifact(name: ArtifactName, arch: Arch): ArtifactSource;
  /** The manifest of the cluster's pod network; null: of that plugin none is known to go with this release. */
  readonly podNetwork: ManifestSource | null;
}

export type ComponentName =
  | 'etcd'
  | 'containerd'
  | 'docker'
  | 'cri-dockerd'
  | 'runc'
  | 'cni-plugins'
  | 'crictl'
  | 'coredns'
  | 'flannel'
  | 'pause';

export type ArtifactName =
  | 'kubelet'
  | 'kubeadm'
  | 'kubectl'
  | 'etcd'
  | 'containerd'
  | 'cri-dockerd'
  | 'runc'
  | 'cni-plugins'
  | 'crictl';

export type ControlPlaneComponent = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd';

export type ImageName =
  | ControlPlaneComponent
  | 'kube-proxy'
  | 'coredns'
  | 'agnhost'
  | 'pause'
  | 'flannel'
  | 'flannel-cni-plugin'
  | CalicoImage;

export type CalicoImage = 'calico-node' | 'calico-cni' | 'calico-kube-controllers';

/** What one release does otherwise than another. Steps and checks read these; none of them compares versions. */
export interface ReleaseTraits {
  /** `dockershim`: the kubelet drives Docker itself. `cri`: it speaks CRI only, and Docker needs cri-dockerd. */
  readonly cri: 'dockershim' | 'cri';
  /** CRI versions that the kubelet speaks. containerd 2 and crictl from 1.26 speak v1 only, dockershim v1alpha2 only. */
  readonly criApis: readonly ('v1' | 'v1alpha2')[];
  readonly kubelet: KubeletTraits;
  readonly kubeadm: KubeadmTraits;
  readonly controlPlane: ControlPlaneTraits;
  /** How a control plane is marked: labels without a value, the keys of its NoSchedule taints, and those that add-ons tolerate. */
  readonly marks: {
    readonly labels: readonly string[];
    readonly taints: readonly string[];
    readonly tolerated: readonly string[];
  };
  readonly coreDns: CoreDnsTraits;
  readonly proxyModes: readonly ProxyMode[];
  readonly host: HostTraits;
  /** Names that kubectl gave to the same thing. */
  readonly kubectl: { readonly deleteEmptyDirData: string };
  /** Pod spread constraints can honour taints (field nodeTaintsPolicy). */
  readonly spreadHonoursTaints: boolean;
}

export interface KubeletTraits {
  /** Where the kubelet is told the runtime's socket: a flag, or the field `containerRuntimeEndpoint` of its configuration. */
  readonly endpoint: 'flag' | 'config';
  /** Flags by runtime, beside the endpoint's. */
  readonly flags: Readonly<Record<'containerd' | 'docker', readonly string[]>>;
  /** ConfigMap in kube-system with the configuration that all share. */
  readonly configMap: string;
  /** kubeadm keeps the runtime's socket in /var/lib/kubelet/instance-config.yaml; else in an annotation of the Node. */
  readonly instanceConfig: boolean;
}

/** The shape of `kubeadm-config`. */
export interface KubeadmTraits {
  readonly api: string;
  readonly extraArgs: 'map' | 'list';
  /** Key algorithm and validity are part of the configuration. */
  readonly certificateFields: boolean;
  /** `dns.type` must say CoreDNS: kube-dns was the other one. */
  readonly dnsType: boolean;
  /** The ConfigMap lists every API server under `ClusterStatus`, too. */
  readonly clusterStatus: boolean;
}

export interface ControlPlaneTraits {
  /** Beside the flags that are the same in all releases. */
  readonly flags: Readonly<Record<ControlPlaneComponent, Readonly<Record<string, string>>>>;
  /** The API server signs service account tokens itself (TokenRequest): issuer and signing key are given. */
  readonly issuesTokens: boolean;
  /** The controller manager sees the folder of FlexVolume drivers. */
  readonly flexVolumes: boolean;
  readonly probes: Readonly<Record<ControlPlaneComponent, ProbePaths>>;
  readonly pod: {
    readonly priorityClass: string;
    /** The number of that class, where the manifest says it; null: admission fills it in. */
    readonly priority: number | null;
    /** Seccomp profile RuntimeDefault, as a field. */
    readonly seccomp: boolean;
    /** Probes name a port (`probe-port`) instead of a number. */
    readonly probePort: boolean;
    /** Seconds before the first liveness probe. */
    readonly livenessDelay: number;
  };
}

export interface ProbePaths {
  readonly liveness: string;
  readonly readiness: string | null;
  readonly startup: string | null;
}

export interface CoreDnsTraits {
  /** Below the image repository. */
  readonly image: string;
  /** What it may list and watch, or get. */
  readonly readsEndpointSlices: boolean;
  readonly readsNodes: boolean;
  /** Its copies prefer different hosts. */
  readonly spread: boolean;
  readonly probePorts: boolean;
  readonly dropped: 'all' | 'ALL';
  /** In the Corefile: at most 1000 questions at a time are passed on; answers about the cluster itself are not cached. */
  readonly maxConcurrent: boolean;
  readonly cachesClusterNames: boolean;
}

/** What a host must have. */
export interface HostTraits {
  /** `major.minor` that kubeadm's system verification asks for. */
  readonly leastKernel: string;
  /** `5.4`, …: long-term kernels that it names; null: it names none. */
  readonly namedKernels: readonly string[] | null;
  /** `taken`, `leaving`: a warning, `refused`: unless kubelet.failCgroupV1 is false. */
  readonly cgroupV1: 'taken' | 'leaving' | 'refused';
  readonly cgroupV2: boolean;
  /** kube-proxy calls the program `conntrack`. */
  readonly conntrack: boolean;
  /** Oldest major version of containerd that works. */
  readonly leastContainerd: 1 | 2;
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
