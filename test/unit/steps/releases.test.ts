import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Cluster, KubernetesObject, Resource, Scene } from '../../../src/model/index.js';
import { knownVersions } from '../../../src/release/index.js';
import { smokeObjects } from '../../../src/resources/index.js';
import { parseYamlDocuments } from '../../../src/templates.js';
import { aMirrors, aNode } from '../../support/scene.js';
import { aScene, root, wishes } from './scene.js';

// What kubeadm of each release makes, read in its own source and not in our table: flags in phases/controlplane/manifests.go and
// phases/etcd/local.go, pods and probes in util/staticpod/utils.go, marks in phases/markcontrolplane, names and images in constants and
// images/images.go (all below cmd/kubeadm/app of kubernetes v<version>). `ours`: `+flag` we give beside, `-flag` we leave out.
interface Expected {
  readonly kubernetes: string;
  readonly flags: Readonly<Record<Component, string>>;
  readonly ours: Readonly<Partial<Record<Component, string>>>;
  readonly values: Readonly<Partial<Record<Component, Readonly<Record<string, string>>>>>;
  /** Liveness, readiness, startup; `-`: none. */
  readonly probes: Readonly<Record<Component, string>>;
  readonly pod: {
    readonly priorityClassName: string;
    readonly priority: number | null;
    readonly seccomp: boolean;
    readonly probePort: boolean;
    readonly livenessDelay: number;
  };
  /** phases/controlplane/volumes.go */
  readonly flexVolumes: boolean;
  readonly labels: readonly string[];
  readonly taints: readonly string[];
  readonly images: Readonly<Record<string, string>>;
  readonly kubeletConfigMap: string;
  readonly kubeadmApi: string;
  /** phases/addons/dns/manifests.go */
  readonly coreDns: {
    readonly rules: readonly string[];
    readonly tolerates: readonly string[];
    readonly corefile: readonly string[];
    readonly drops: string;
    readonly spread: boolean;
    readonly ports: string;
  };
  /** phases/kubelet/flags.go: what its kubelet is told of the runtime by flags; since 1.27 its configuration says it. */
  readonly kubelet: Readonly<Record<'docker' | 'containerd', string>>;
  /** Of `kubectl drain`: k8s.io/kubectl, pkg/cmd/drain/drain.go. */
  readonly drain: string;
}

const COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;
type Component = (typeof COMPONENTS)[number];

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
  readonly initialDelaySeconds?: number;
}

interface StaticPod {
  readonly spec: {
    readonly priorityClassName: string;
    readonly priority?: number;
    readonly securityContext?: unknown;
    readonly volumes: readonly { readonly name: string }[];
    readonly containers: readonly [
      {
        readonly image: string;
        readonly command: readonly string[];
        readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
        readonly livenessProbe: Probe;
        readonly readinessProbe?: Probe;
        readonly startupProbe?: Probe;
      },
    ];
  };
}

const table = JSON.parse(readFileSync(join(root, 'test/cases/releases/kubeadm.json'), 'utf8')) as readonly Expected[];
const SECURE_PORTS: Readonly<Record<Component, number>> = {
  'kube-apiserver': 6443,
  'kube-controller-manager': 10_257,
  'kube-scheduler': 10_259,
  etcd: 2381,
};

/** Sums as an inventory brings them for binaries whose publisher's sums are not in the table. */
const checksums = (version: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['kubelet', 'kubeadm', 'kubectl'].map((name) => [
      `https://dl.k8s.io/release/v${version}/bin/linux/amd64/${name}`,
      'a'.repeat(64),
    ]),
  );

const sceneAt = (version: string, runtime: Cluster['runtime'] = 'containerd'): Scene =>
  aScene({
    nodes: [aNode('cp-1', { roles: ['control-plane'] }), aNode('worker-2')],
    cluster: {
      version,
      runtime,
      mirrors: aMirrors({ checksums: checksums(version) }),
    },
  });

function podOf(resources: readonly Resource[], name: Component): StaticPod {
  const path = `/etc/kubernetes/manifests/${name}.yaml`;
  const found = resources.find((resource) => resource.kind === 'file' && resource.path === path);
  if (found?.kind !== 'file') throw new Error(`no ${path}`);
  return parseYamlDocuments(String(found.content))[0] as StaticPod;
}

const flagsOf = (pod: StaticPod): ReadonlyMap<string, string> =>
  new Map(
    pod.spec.containers[0].command.slice(1).map((flag) => {
      const [, name = '', value = ''] = /^--([^=]+)=(.*)$/s.exec(flag) ?? [];
      return [name, value];
    }),
  );

const objectsOf = (resources: readonly Resource[]): readonly KubernetesObject[] =>
  resources.flatMap((resource) => (resource.kind === 'objects' ? resource.manifests : []));

test('every release of the table is held to its kubeadm', () => {
  expect(table.map((row) => row.kubernetes)).toEqual(knownVersions());
});

describe.each(table.map((row) => [row.kubernetes, row] as const))('%s', (version, expected) => {
  const scene = sceneAt(version);
  const resources = wishes(scene);

  test.each(COMPONENTS)('%s has the flags that kubeadm gives it, and no other', (name) => {
    const flags = flagsOf(podOf(resources, name));
    const changes = (expected.ours[name] ?? '').split(' ').filter((word) => word !== '');
    const names = new Set(expected.flags[name].split(' '));
    for (const change of changes) {
      if (change.startsWith('+')) names.add(change.slice(1));
      else expect(names.delete(change.slice(1))).toBe(true);
    }
    expect([...flags.keys()].sort()).toEqual([...names].sort());
    for (const [flag, value] of Object.entries(expected.values[name] ?? {}))
      expect([flag, flags.get(flag)]).toEqual([flag, value]);
  });

  test.each(COMPONENTS)('%s is probed and shaped as kubeadm has it', (name) => {
    const { spec } = podOf(resources, name);
    const [{ livenessProbe, readinessProbe, startupProbe, ports }] = spec.containers;
    const paths = [livenessProbe, readinessProbe, startupProbe].map((probe) => probe?.httpGet.path ?? '-');
    expect(paths.join(' ')).toBe(expected.probes[name]);
    expect(livenessProbe.initialDelaySeconds).toBe(expected.pod.livenessDelay);
    expect(livenessProbe.httpGet.port).toBe(expected.pod.probePort ? 'probe-port' : SECURE_PORTS[name]);
    expect(ports?.map((port) => port.containerPort)).toEqual(expected.pod.probePort ? [SECURE_PORTS[name]] : undefined);
    expect(spec.priorityClassName).toBe(expected.pod.priorityClassName);
    expect(spec.priority ?? null).toBe(expected.pod.priority);
    expect(spec.securityContext !== undefined).toBe(expected.pod.seccomp);
  });

  test('the controller manager sees FlexVolume drivers where kubeadm shows them', () => {
    const { volumes } = podOf(resources, 'kube-controller-manager').spec;
    expect(volumes.some(({ name }) => name === 'flexvolume-dir')).toBe(expected.flexVolumes);
  });

  test('images have the names and tags of that release', () => {
    expect(scene.release.images).toMatchObject(expected.images);
    expect(podOf(resources, 'kube-apiserver').spec.containers[0].image).toBe(
      `registry.k8s.io/kube-apiserver:v${version}`,
    );
  });

  test('the control plane is marked as kubeadm marks it', () => {
    const marks = resources.find((resource) => resource.kind === 'node');
    expect(Object.keys(marks?.kind === 'node' ? marks.labels : {})).toEqual(expected.labels);
    expect(marks?.kind === 'node' ? marks.taints.map(({ key }) => key) : []).toEqual(expected.taints);
  });

  test('ConfigMaps are where its kubeadm looks for them', () => {
    const maps = objectsOf(resources).filter((object) => object.kind === 'ConfigMap');
    const names = maps.map((object) => object.metadata.name);
    expect(names).toContain(expected.kubeletConfigMap);
    const kubeadm = maps.find((object) => object.metadata.name === 'kubeadm-config');
    expect((kubeadm?.['data'] as Record<string, string>)['ClusterConfiguration']).toContain(
      `apiVersion: ${expected.kubeadmApi}\n`,
    );
  });

  test.each(['docker', 'containerd'] as const)('its kubelet is told of %s as its kubeadm tells it', (runtime) => {
    const files = new Map(
      wishes(sceneAt(version, runtime)).flatMap((resource) =>
        resource.kind === 'file' ? [[resource.path, String(resource.content)] as const] : [],
      ),
    );
    const [, flags = ''] =
      /^KUBELET_KUBEADM_ARGS="(.*)"$/m.exec(files.get('/var/lib/kubelet/kubeadm-flags.env') ?? '') ?? [];
    expect(flags.replace(/ ?--node-ip=\S+$/, '')).toBe(expected.kubelet[runtime]);
    const config = files.get('/var/lib/kubelet/config.yaml') ?? '';
    expect(config.includes('containerRuntimeEndpoint: unix:///run/')).toBe(expected.kubelet[runtime] === '');
    expect(config).toContain('cgroupDriver: systemd\n');
  });

  test('CoreDNS is laid out as its kubeadm does', () => {
    const objects = objectsOf(resources);
    const rules = one(objects, 'ClusterRole', 'system:coredns')['rules'] as readonly { resources: readonly string[] }[];
    expect(rules.map((rule) => rule.resources.join(' '))).toEqual(expected.coreDns.rules);
    const { Corefile = '' } = one(objects, 'ConfigMap', 'coredns')['data'] as Record<string, string>;
    const lines = Corefile.split('\n').map((line) => line.trim());
    for (const line of NOT_IN_ALL)
      expect([line, lines.includes(line)]).toEqual([line, expected.coreDns.corefile.includes(line)]);
    const { spec } = (one(objects, 'Deployment', 'coredns')['spec'] as { template: { spec: CoreDnsPod } }).template;
    expect(spec.tolerations.map(({ key }) => key)).toEqual(['CriticalAddonsOnly', ...expected.coreDns.tolerates]);
    expect(spec.affinity !== undefined).toBe(expected.coreDns.spread);
    const [{ livenessProbe, readinessProbe, securityContext }] = spec.containers;
    expect(`${livenessProbe.httpGet.port} ${readinessProbe.httpGet.port}`).toBe(expected.coreDns.ports);
    expect(securityContext.capabilities.drop).toEqual([expected.coreDns.drops]);
  });

  test('kubectl drain is told in its own words', () =>
    expect(scene.release.kubectl.deleteEmptyDirData).toBe(expected.drain));

  // Server-side apply before 1.20 refuses an element of a list whose key field it would have to fill in.
  test('every port says its protocol', () => {
    const smoke = smokeObjects(scene.release, 2);
    const ports = [...objectsOf(resources), ...smoke].flatMap((object) => portsIn(object));
    expect(ports.length).toBeGreaterThan(8);
    for (const port of ports) expect(port).toMatchObject({ protocol: expect.stringMatching(/^(TCP|UDP)$/) });
  });
});

const NOT_IN_ALL = ['max_concurrent 1000', 'disable success cluster.local', 'disable denial cluster.local'];

interface CoreDnsPod {
  readonly tolerations: readonly { readonly key: string }[];
  readonly affinity?: unknown;
  readonly containers: readonly [
    {
      readonly livenessProbe: Probe;
      readonly readinessProbe: Probe;
      readonly securityContext: { readonly capabilities: { readonly drop: readonly string[] } };
    },
  ];
}

function one(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** Every element of a list `ports`, wherever it is. */
function portsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(portsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'ports' ? (inner as unknown[]) : portsIn(inner)));
}
