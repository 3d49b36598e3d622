import { describe, expect, test } from '@jest/globals';
import type { Cluster, NetworkSettings, Scene } from '../../../src/model/index.js';
import { openPorts } from '../../../src/model/index.js';
import { clusterImages } from '../../../src/release/index.js';
import { aCluster } from '../../support/scene.js';
import { aRelease, aScene, wishes } from './scene.js';

const networked = (over: Partial<NetworkSettings>): Partial<Cluster> => ({
  network: { ...aCluster([]).network, plugin: 'calico', ...over },
});
const groups = (scene: Scene) =>
  wishes(scene).flatMap((r) => (r.kind === 'objects' && /^(calico|network)/.test(r.name) ? [r] : []));

interface Container {
  readonly name: string;
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly livenessProbe?: { readonly exec: { readonly command: readonly string[] }; readonly periodSeconds: number };
  readonly readinessProbe?: { readonly exec: { readonly command: readonly string[] } };
}

/** What calico's manifest becomes: its ConfigMap's data, and the containers of its DaemonSet by name. */
function calico(over: Partial<NetworkSettings>) {
  const objects = groups(aScene({ cluster: networked(over) })).flatMap((group) => group.manifests);
  const agent = objects.find(({ kind }) => kind === 'DaemonSet')?.['spec'] as {
    template: { spec: { hostNetwork: boolean; initContainers: Container[]; containers: Container[] } };
  };
  const { initContainers, containers, hostNetwork } = agent.template.spec;
  return {
    config: objects.find(({ kind }) => kind === 'ConfigMap')?.['data'],
    hostNetwork,
    containers: new Map([...initContainers, ...containers].map((container) => [container.name, container])),
  };
}
const env = (container: Container | undefined): Record<string, string | undefined> =>
  Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));

describe('calico', () => {
  test.each([
    ['vxlan', 'vxlan', 'Never', 'Always', ['/bin/calico-node', '-felix-live']],
    ['ipip', 'bird', 'Always', 'Never', ['/bin/calico-node', '-felix-live', '-bird-live']],
    ['none', 'bird', 'Never', 'Never', ['/bin/calico-node', '-felix-live', '-bird-live']],
  ] as const)('%s: its backend is %s, IPIP %s, VXLAN %s, and its probes ask who runs', (encapsulation, ...expected) => {
    const [backend, ipip, vxlan, live] = expected;
    const { config, containers } = calico({ encapsulation });
    const agent = containers.get('calico-node');
    expect(config).toMatchObject({ calico_backend: backend, veth_mtu: '0', typha_service_name: 'none' });
    expect(env(agent)).toMatchObject({ CALICO_IPV4POOL_IPIP: ipip, CALICO_IPV4POOL_VXLAN: vxlan });
    expect(agent?.livenessProbe).toEqual({ exec: { command: live }, periodSeconds: 10 });
    expect(agent?.readinessProbe?.exec.command.includes('-bird-ready')).toBe(backend === 'bird');
  });

  test('gets the pod network, the MTU and the address that the kubelet was told; all else of its manifest stays', () => {
    const { config, containers, hostNetwork } = calico({ podCidr: '10.50.0.0/16', mtu: 1440 });
    expect(config).toMatchObject({ veth_mtu: '1440' });
    expect(env(containers.get('calico-node'))).toMatchObject({
      CALICO_IPV4POOL_CIDR: '10.50.0.0/16',
      IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
      DATASTORE_TYPE: 'kubernetes',
    });
    expect(hostNetwork).toBe(true);
    expect(containers.get('upgrade-ipam')?.env[0]?.valueFrom).toEqual({
      configMapKeyRef: { name: 'calico-config', key: 'calico_backend' },
    });
  });

  test('leaves the reference plugins alone, which are ours', () => {
    const skipped = env(calico({}).containers.get('install-cni'))['SKIP_CNI_BINARIES']?.split(',') ?? [];
    expect(skipped).toEqual(expect.arrayContaining(['host-local', 'loopback', 'portmap', 'bandwidth', 'tuning']));
    expect(skipped).not.toContain('calico');
  });

  test('kinds come before what is of them', () => {
    const made = groups(aScene({ cluster: networked({}) }));
    expect(made.map(({ name }) => name)).toEqual(['calico definitions', 'calico']);
    expect(made.map(({ manifests }) => manifests.some(({ kind }) => kind === 'CustomResourceDefinition'))).toEqual([
      true,
      false,
    ]);
  });

  test('a manifest in which nothing can be set is refused', () => {
    const scene = aScene({ cluster: networked({}) });
    const { podNetwork } = scene.release;
    if (podNetwork === null) throw new Error('calico goes with this release');
    const text = 'kind: Namespace\napiVersion: v1\nmetadata: {name: x}\n';
    const odd = { ...scene, release: { ...scene.release, podNetwork: { ...podNetwork, text } } };
    expect(() => wishes(odd)).toThrow(/no calico-config or no calico-node/);
  });

  test('its images are those of the release, and flannel has none there', () => {
    const { cluster, release } = aScene({ cluster: networked({}) });
    const images = clusterImages(cluster, release);
    expect(images.filter((image) => image.startsWith('quay.io/calico/'))).toHaveLength(3);
    expect(images.filter((image) => image.includes('flannel'))).toEqual([]);
  });

  test('reset takes its sets, routes and links along', () => {
    const traces = wishes(aScene({ cluster: networked({ podCidr: '10.50.0.0/16' }) })).find(
      (r) => r.kind === 'traces' && r.name === 'network',
    );
    expect(traces).toMatchObject({
      paths: expect.arrayContaining(['/etc/cni/net.d/10-calico.conflist', '/opt/cni/bin/calico-ipam']),
      links: expect.arrayContaining(['cali*', 'vxlan.calico', 'tunl0', 'cni0']),
      chains: ['KUBE-', 'CNI-', 'cali-'],
      ipsets: ['cali40', 'cali60'],
      routes: ['10.50.0.0/16'],
    });
  });
});

test.each([
  [{ plugin: 'flannel' }, '8472/udp'],
  [{ plugin: 'calico', encapsulation: 'vxlan' }, '4789/udp'],
  [{ plugin: 'calico', encapsulation: 'ipip' }, '179/tcp'],
  [{ plugin: 'calico', encapsulation: 'none' }, '179/tcp'],
  [{ plugin: 'manifest', manifest: { source: '/net.yaml', text: 'x' } }, undefined],
] as const)('%j opens %s between nodes', (network, port) => {
  const { cluster, node } = aScene({ cluster: networked(network) });
  const ports = openPorts(cluster, node);
  expect(ports.filter((one) => /^(8472|4789|179)\//.test(one))).toEqual(port === undefined ? [] : [port]);
});

describe('a manifest of the operator’s own', () => {
  const TEXT = `
apiVersion: example.com/v1
kind: Net
metadata: {name: all}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: nets.example.com}
---
# nothing
---
apiVersion: v1
kind: Namespace
metadata: {name: net}
`;
  const at = (text: string): Scene =>
    aScene({ cluster: networked({ plugin: 'manifest', manifest: { source: '/site/net.yaml', text } }) });

  test('is applied as it is, definitions first', () => {
    expect(groups(at(TEXT)).map(({ name, manifests }) => [name, ...manifests.map(({ kind }) => kind)])).toEqual([
      ['network definitions', 'CustomResourceDefinition', 'Namespace'],
      ['network', 'Net'],
    ]);
  });

  test.each([
    ['a: [', /not YAML/],
    ['just words', /no Kubernetes object/],
    ['', /no Kubernetes object/],
    ['kind: ConfigMap\napiVersion: v1\n', /no Kubernetes object/],
  ])('%j is refused', (text, message) => expect(() => groups(at(text))).toThrow(message));

  test('no image is known of it, and no port', () => {
    const { cluster } = at(TEXT);
    expect(clusterImages(cluster, aRelease(cluster)).filter((image) => /calico|flannel/.test(image))).toEqual([]);
  });
});
