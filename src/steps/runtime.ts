import type { Resource, Scene, Step } from '../model/index.js';
import { toYaml } from '../templates.js';
import { containerd } from './containerd.js';
import { docker } from './docker.js';
import { networkTraces } from './network-traces.js';
import { BIN, endpointOf } from './places.js';
import { repositoriesFor } from './repositories.js';
import { artifact, directory, file, packages } from './words.js';

export const CNI_PLUGINS = [
  'bandwidth',
  'bridge',
  'dhcp',
  'dummy',
  'firewall',
  'host-device',
  'host-local',
  'ipvlan',
].concat(['loopback', 'macvlan', 'portmap', 'ptp', 'sbr', 'static', 'tap', 'tuning', 'vlan', 'vrf']);

export const runtime: Step = {
  id: 'runtime',
  title: 'Run the container runtime',
  on: () => true,
  desire: (scene) => [
    // containerd would narrow the mode of one that was there; a mount of it would make the other, where no kernel module ever was.
    directory('/var/lib/containerd', 0o700),
    directory('/lib/modules'),
    // Reset goes backwards: what running pods left is swept after the runtime is gone, and before the directories it lies in.
    RUNTIME_TRACES,
    directory('/opt/cni'),
    directory('/opt/cni/bin'),
    directory('/etc/cni'),
    directory('/etc/cni/net.d'),
    networkTraces(scene.cluster),
    KERNEL_TRACES,
    ...tools(scene),
    file('/etc/crictl.yaml', toYaml({ 'runtime-endpoint': endpointOf(scene), 'image-endpoint': endpointOf(scene) })),
    ...(scene.cluster.runtime === 'docker' ? docker(scene) : containerd(scene)),
  ],
};

/** CNI plugins and crictl; as packages they are of the versions that the repository of this Kubernetes release has. */
const tools = (scene: Scene): readonly Resource[] =>
  scene.cluster.install === 'packages'
    ? [
        ...repositoriesFor(scene, ['kubernetes']),
        packages(scene, 'kubernetes tools', 'kubernetes', { 'cri-tools': null, 'kubernetes-cni': null }),
      ]
    : [
        artifact(
          scene,
          'cni-plugins',
          'tar.gz',
          CNI_PLUGINS.map((name) => ({ member: `./${name}`, path: `/opt/cni/bin/${name}` })),
        ),
        artifact(scene, 'crictl', 'tar.gz', [{ member: 'crictl', path: `${BIN}/crictl` }]),
      ];

/**
 * Set by running components, whatever we say. kube-proxy v1.36.3: cmd/kube-proxy/app/server_linux.go (setupConntrack),
 * pkg/proxy/{iptables,ipvs}/proxier.go; kubelet: pkg/kubelet/cm/container_manager_linux.go (setupKernelTunables).
 */
const KERNEL_TRACES: Resource = {
  kind: 'traces',
  name: 'kernel settings of components',
  paths: [],
  links: [],
  chains: [],
  ipvs: false,
  sysctls: [
    'net/netfilter/nf_conntrack_max',
    'net/netfilter/nf_conntrack_tcp_be_liberal',
    'net/netfilter/nf_conntrack_tcp_timeout_close_wait',
    'net/netfilter/nf_conntrack_tcp_timeout_established',
    'net/netfilter/nf_conntrack_udp_timeout',
    'net/netfilter/nf_conntrack_udp_timeout_stream',
    'net/ipv4/conf/all/route_localnet',
    'net/ipv4/conf/all/arp_announce',
    'net/ipv4/conf/all/arp_ignore',
    'net/ipv4/vs/conn_reuse_mode',
    'net/ipv4/vs/conntrack',
    'net/ipv4/vs/expire_nodest_conn',
    'net/ipv4/vs/expire_quiescent_template',
    'kernel/keys/root_maxbytes',
    'kernel/keys/root_maxkeys',
    'kernel/panic',
    'kernel/panic_on_oops',
    'vm/overcommit_memory',
    'vm/panic_on_oom',
  ],
};

const RUNTIME_TRACES: Resource = {
  kind: 'traces',
  name: 'runtime',
  paths: [
    '/opt/containerd',
    '/run/containerd',
    '/run/nri',
    '/run/xtables.lock',
    '/var/lib/containerd',
    '/var/log/containers',
    '/var/log/pods',
  ],
  links: [],
  chains: [],
  ipvs: false,
};

export const kubernetesBinaries: Step = {
  id: 'kubernetes-binaries',
  title: 'Install kubelet, kubeadm and kubectl',
  on: () => true,
  desire: (scene) => binaries(scene),
};

const PROGRAMS = ['kubelet', 'kubeadm', 'kubectl'] as const;

/** The kubelet is in the first of them. */
export const binaries = (scene: Scene): readonly Resource[] =>
  scene.cluster.install === 'packages'
    ? [
        packages(
          scene,
          'kubernetes programs',
          'kubernetes',
          Object.fromEntries(PROGRAMS.map((name) => [name, scene.release.kubernetes])),
        ),
      ]
    : PROGRAMS.map((name) => artifact(scene, name, 'binary', [{ member: '', path: `${BIN}/${name}` }]));
