import { z } from 'zod';
import { defaults } from './defaults.js';
import { key, or, required, section } from './schema-key.js';
import * as word from './words.js';

const plainValue = z.union([z.string(), z.number(), z.boolean()], {
  error: 'should be one value: a text, a number, true or false',
});
const freeSettings = z.record(z.string(), z.unknown());
const component = section('component', 'A component of the control plane.', {
  extraArgs: key(z.record(word.flagName, plainValue), {
    is: 'Flag name without dashes -> value; beats the flag that provision would set.',
    example: { v: 4 },
    default: {},
  }),
});
const flags = (name: string) => key(component, { is: `Further flags of ${name}.`, example: { extraArgs: { v: 4 } } });

const podCidr = key(word.cidr, {
  is: 'Addresses of pods; every node gets a /24 of it.',
  example: '10.244.0.0/16',
  default: defaults.podCidr,
});
const serviceCidr = key(word.cidr, {
  is: 'Addresses of Services; /12 at most, /28 at least.',
  example: '10.96.0.0/12',
  default: defaults.serviceCidr,
});
const dnsDomain = key(word.dnsDomain, {
  is: 'DNS domain of the cluster.',
  example: 'cluster.local',
  default: defaults.dnsDomain,
});

const plugin = z.enum(['flannel', 'calico']);
const network = section('network', 'The pod network.', {
  plugin: key(plugin, { is: 'Who connects pods across nodes.', example: 'calico', default: defaults.network }),
  encapsulation: key(z.enum(['vxlan', 'ipip', 'none']), {
    is: "calico: how packets travel between nodes. `none`: unwrapped, by routes that BGP hands on; the nodes' network must let them pass. flannel's are always VXLAN.",
    example: 'ipip',
    default: defaults.encapsulation,
  }),
  mtu: key(z.int().min(576).max(65_535), {
    is: "calico: MTU of the pods' links.",
    example: 1440,
    otherwise: 'calico finds it out',
  }),
  manifest: key(word.path, {
    is: 'Instead of `plugin`: a manifest of any other pod network, applied as it is. A file, or an https URL whose sha256 `mirrors.checksums` has.',
    example: 'cilium.yaml',
  }),
  podCidr,
  serviceCidr,
  dnsDomain,
});

const pki = section('pki', 'Keys and certificates.', {
  algorithm: key(z.enum(['RSA-2048', 'ECDSA-P256']), {
    is: 'Kind of every key, the CA included. Cannot change while the cluster lives.',
    example: 'ECDSA-P256',
    default: defaults.algorithm,
  }),
  certSans: key(z.array(word.certSan), {
    is: "Further names and addresses for the API server's certificate.",
    example: ['api.example.com'],
    default: [],
  }),
});

const mirrorPreset = z.enum(['official', 'aliyun']);
const mirrors = section('mirrors', 'Where hosts fetch from instead of upstream.', {
  preset: key(mirrorPreset, {
    is: "Whose package repositories, images and time servers: the publishers' own, or Aliyun's copies of them. What else stands here beats the preset.",
    example: 'aliyun',
    default: defaults.mirrors,
  }),
  artifacts: key(word.url, {
    is: '`https://HOST/PATH` is fetched from `<artifacts>/HOST/PATH`.',
    example: 'https://mirror.example.com/artifacts',
    otherwise: 'upstream',
  }),
  checksums: key(word.path, {
    is: 'JSON file: upstream URL -> sha256 in hex. Beats the release table; for binaries that you built yourself.',
    example: 'checksums.json',
    otherwise:
      'the release table; what it lacks is asked of the publisher once and kept in `provision.lock` beside the inventory',
  }),
  registries: key(
    z.record(word.registryName, or(word.url, z.array(word.url).min(1), 'should be a URL or a list of URLs')),
    {
      is: 'Registry -> mirror URL or URLs, tried in order before the registry itself.',
      example: { 'registry.k8s.io': 'https://mirror.example.com:5000' },
      default: {},
    },
  ),
  urls: key(z.record(word.urlBeginning, word.url), {
    is: 'Beginning of an upstream URL -> what stands there instead; the longest that fits wins, and beats `artifacts`.',
    example: { 'https://raw.githubusercontent.com/': 'https://raw.example.com/' },
    default: {},
  }),
  imageRepository: key(word.imageRepository, {
    is: "Where copies of Kubernetes' own images are, under flat names.",
    example: 'registry.aliyuncs.com/google_containers',
    otherwise: "the preset's; official: registry.k8s.io",
  }),
  dockerRegistryMirrors: key(z.array(word.url), {
    is: "`registry-mirrors` of Docker's daemon.json.",
    example: ['https://mirror.example.com'],
    default: [],
  }),
  keys: key(
    z.record(
      word.repositoryId,
      or(word.fingerprint, z.array(word.fingerprint).min(1), 'should be a fingerprint or a list of them'),
    ),
    {
      is: "Repository id -> fingerprint or fingerprints of the keys that may sign it, instead of its publisher's: for a mirror that signs itself.",
      example: { kubernetes: 'DE15B14486CD377B9E876E1A234654DA9A296436' },
      default: {},
    },
  ),
});

export const cluster = section('cluster', 'The cluster as a whole.', {
  name: required(word.clusterName, {
    is: 'Name of the cluster, its state folder and its kubeconfig context.',
    example: 'lab',
  }),
  release: required(word.releaseName, {
    is: 'Kubernetes release: a minor (its newest known patch is taken) or an exact version. Quote it.',
    example: '1.36',
  }),
  method: key(z.enum(['static-pods']), {
    is: 'How control-plane components run.',
    example: 'static-pods',
    default: defaults.method,
  }),
  install: key(z.enum(['binaries', 'packages']), {
    is: 'How kubelet, kubeadm, kubectl and containerd come to a host: published archives that are verified, or packages of pinned versions. Docker always comes by packages.',
    example: 'packages',
    default: defaults.install,
  }),
  runtime: key(z.enum(['containerd', 'docker']), {
    is: 'Container runtime. Up to Kubernetes 1.23 the kubelet speaks to Docker itself, from 1.24 through cri-dockerd.',
    example: 'containerd',
    default: defaults.runtime,
  }),
  docker: key(freeSettings, {
    is: "Fields of Docker's daemon.json, merged over ours; what stands in that file on a host and nobody says here is kept.",
    example: { 'log-opts': { 'max-size': '50m' } },
    default: {},
  }),
  network: key(or(plugin, network, 'should be the name of a network plugin, or a map with `plugin`'), {
    is: 'The pod network: the name of the plugin, or a map.',
    example: 'flannel',
    default: defaults.network,
  }),
  podCidr,
  serviceCidr,
  dnsDomain,
  endpoint: key(word.hostPort, {
    is: 'Where clients reach the API: `host` or `host:port`. Needed with more than one control plane.',
    example: 'api.example.com:6443',
    otherwise: "first control plane's `internalAddress`, port 6443",
  }),
  proxyMode: key(z.enum(['iptables', 'ipvs', 'nftables']), {
    is: 'How kube-proxy sends Service traffic.',
    example: 'ipvs',
    default: defaults.proxyMode,
  }),
  pki: key(pki, { is: 'Keys and certificates.', example: { algorithm: 'ECDSA-P256' } }),
  mirrors: key(or(mirrorPreset, mirrors, 'should be the name of a preset, or a map'), {
    is: 'Where hosts fetch from instead of upstream: the name of a preset, or a map.',
    example: { artifacts: 'https://mirror.example.com/artifacts' },
  }),
  kubelet: key(freeSettings, {
    is: 'Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1), merged over ours.',
    example: { maxPods: 200 },
    default: {},
  }),
  kubeletExtraArgs: key(z.record(word.flagName, plainValue), {
    is: 'Flags of the kubelet, beside those that kubeadm gives it: into /etc/sysconfig/kubelet, or /etc/default/kubelet on Debian and Ubuntu.',
    example: { v: 4 },
    default: {},
  }),
  kubeProxy: key(freeSettings, {
    is: 'Fields of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1), merged over ours.',
    example: { conntrack: { maxPerCore: 0 } },
    default: {},
  }),
  apiServer: flags('kube-apiserver'),
  controllerManager: flags('kube-controller-manager'),
  scheduler: flags('kube-scheduler'),
  etcd: flags('etcd'),
  hardware: key(z.enum(['minimum', 'test', 'production']), {
    is: 'What every host must be made of (CPUs, memory, disk), asked by preflight; docs/preflight.md has the figures.',
    example: 'production',
    otherwise: 'what kubeadm asks of a control plane',
  }),
  ignorePreflight: key(z.array(word.findingName), {
    is: 'Preflight findings that become warnings.',
    example: ['Mem'],
    default: [],
  }),
});
