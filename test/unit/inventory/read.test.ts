import { describe, expect, test } from '@jest/globals';
import { InventoryError, readInventory } from '../../../src/inventory/index.js';
import { exitCodeOf, ProvisionError } from '../../../src/model/index.js';
import { aMirrors, aNode, noSettings } from '../../support/scene.js';
import { check, clusterOf, context } from './scene.js';

const minimal = `
cluster: {name: lab, release: "1.36"}
nodes: [{name: a, address: 10.0.0.11, roles: [control-plane]}]
`;

describe('what is left out', () => {
  test('is filled in', () => {
    expect(clusterOf(minimal)).toEqual({
      name: 'lab',
      version: '1.36.10',
      method: 'static-pods',
      install: 'binaries',
      runtime: 'containerd',
      network: {
        plugin: 'flannel',
        encapsulation: 'vxlan',
        mtu: null,
        manifest: null,
        podCidr: '10.244.0.0/16',
        serviceCidr: '10.96.0.0/12',
        dnsDomain: 'cluster.local',
      },
      proxyMode: 'iptables',
      endpoint: { host: '10.0.0.11', port: 6443 },
      pki: { algorithm: 'RSA-2048', certSans: [] },
      mirrors: aMirrors(),
      components: noSettings,
      ignorePreflight: [],
      hardware: null,
      // What tests take for a node with nothing said is what the inventory makes of one; but for how tests log in.
      nodes: [
        aNode('a', {
          address: '10.0.0.11',
          internalAddress: '10.0.0.11',
          roles: ['control-plane'],
          ssh: { ...aNode('a').ssh, agent: true, knownHosts: ['/home/op/.ssh/known_hosts'] },
        }),
      ],
    });
  });

  test('the endpoint is the internal address of the first control plane', () => {
    const cluster = clusterOf(`
cluster: {name: lab, release: "1.36"}
nodes:
  - {name: w, address: 192.0.2.1, roles: [worker]}
  - {name: c, address: 192.0.2.2, internalAddress: 10.0.0.2, roles: [control-plane]}`);
    expect(cluster.endpoint).toEqual({ host: '10.0.0.2', port: 6443 });
  });
});

describe('releases', () => {
  const version = (release: string) => clusterOf(minimal.replace('1.36', release)).version;
  test('a minor takes its newest patch, by number and not by letter', () => expect(version('1.36')).toBe('1.36.10'));
  test('an exact version stays', () => expect(version('1.36.1')).toBe('1.36.1'));
});

describe('layers', () => {
  const cluster = clusterOf(`
cluster: {name: lab, release: "1.36"}
ssh: {user: top, port: 2200, key: keys/id, become: {password: {file: ~/pw}}, bastion: "jump@gate:2222"}
system: {swap: keep, packages: [a], disableServices: [postfix], extraHosts: {raw.example.com: 192.0.2.8, b.example.com: 192.0.2.9}, sysctl: {vm.swappiness: 1, vm.max_map_count: 5}, timeSync: {servers: [10.0.0.1]}}
groups:
  g:
    nodes: [b]
    ssh: {user: group, knownHosts: known}
    system: {packages: [b], disableServices: [rpcbind.socket, postfix.service], extraHosts: {raw.example.com: [192.0.2.1, 192.0.2.2]}, sysctl: {vm.swappiness: 2}, selinux: keep}
    labels: {x: "1", y: "1"}
    taints: ["k=1:NoSchedule", "k=1:NoExecute"]
nodes:
  - {name: a, address: 10.0.0.11, roles: [control-plane]}
  - name: b
    address: 10.0.0.12
    roles: [worker]
    ssh: {port: 23, bastion: false, become: false, key: /abs/key}
    system: {selinux: enforcing, packages: [a, c], timeSync: false}
    labels: {y: "2"}
    taints: ["k=2:NoSchedule"]`);
  const [a, b] = cluster.nodes;

  test('the top level reaches nodes without a group', () => {
    expect(a?.ssh).toEqual({
      user: 'top',
      port: 2200,
      key: '/site/keys/id',
      agent: true,
      password: null,
      knownHosts: ['/home/op/.ssh/known_hosts'],
      bastion: { address: 'gate', port: 2222, user: 'jump', key: '/site/keys/id' },
      become: { method: 'sudo', password: { file: '/home/op/pw' } },
      connectTimeout: 10,
    });
    expect(a?.system).toMatchObject({ swap: 'keep', selinux: 'permissive', packages: ['a'] });
    expect(a?.labels).toEqual({});
  });

  test('a group beats the top level, a node beats its group, key by key', () => {
    expect(b?.ssh).toMatchObject({ user: 'group', port: 23, key: '/abs/key', knownHosts: ['/site/known'] });
    expect(b?.ssh.bastion).toBeNull();
    expect(b?.ssh.become).toEqual({ method: 'none', password: null });
    expect(b?.system.selinux).toBe('enforcing');
    expect(b?.labels).toEqual({ x: '1', y: '2' });
    expect(b?.system.sysctl).toEqual({ 'vm.swappiness': '2', 'vm.max_map_count': '5' });
    expect(b?.system.timeSync).toEqual({ enabled: false, servers: [] });
  });

  test('further host names are taken name by name', () => {
    expect(b?.system.extraHosts).toEqual({
      'raw.example.com': ['192.0.2.1', '192.0.2.2'],
      'b.example.com': ['192.0.2.9'],
    });
  });

  test('packages, services and taints add up', () => {
    expect(b?.system.disableServices).toEqual(['postfix.service', 'rpcbind.socket']);
    expect(b?.system.packages).toEqual(['a', 'b', 'c']);
    expect(b?.taints).toEqual([
      { key: 'k', value: '2', effect: 'NoSchedule' },
      { key: 'k', value: '1', effect: 'NoExecute' },
    ]);
  });

  test('a user who is not root becomes root by sudo', () => {
    const { nodes } = clusterOf(`${minimal}ssh: {user: deploy}`);
    expect(nodes[0]?.ssh.become).toEqual({ method: 'sudo', password: null });
  });
});

describe('cluster settings', () => {
  const cluster = clusterOf(`
cluster:
  name: lab
  release: "1.36.1"
  network: {podCidr: 10.9.0.0/16, serviceCidr: 10.10.0.0/20, dnsDomain: k8s.example}
  endpoint: "[fd00::1]:8443"
  mirrors:
    artifacts: http://mirror:8080/a/
    checksums: good.json
    registries: {registry.k8s.io: http://mirror:5000/, "reg:5000": [http://m1, http://m2]}
  kubelet: {failCgroupV1: false, evictionHard: {"nodefs.available": 5%}}
  apiServer: {extraArgs: {v: 4, profiling: false, audit-log-path: /var/log/audit}}
nodes: [{name: a, address: 10.0.0.11, roles: [control-plane, worker]}]`);

  test('the network may be a map', () =>
    expect(cluster.network).toEqual({
      plugin: 'flannel',
      encapsulation: 'vxlan',
      mtu: null,
      manifest: null,
      podCidr: '10.9.0.0/16',
      serviceCidr: '10.10.0.0/20',
      dnsDomain: 'k8s.example',
    }));
  test('the endpoint may be IPv6', () => expect(cluster.endpoint).toEqual({ host: 'fd00::1', port: 8443 }));
  test('mirrors lose their last slash, checksums come from the file in lower case', () =>
    expect(cluster.mirrors).toEqual(
      aMirrors({
        artifacts: 'http://mirror:8080/a',
        checksums: { 'https://dl.k8s.io/v1.36.3/bin/linux/amd64/kubelet': 'ab'.repeat(32) },
        registries: { 'registry.k8s.io': ['http://mirror:5000'], 'reg:5000': ['http://m1', 'http://m2'] },
      }),
    ));
  test('a preset is a name or a part of the map; what stands beside it beats it', () => {
    const mirrorsOf = (text: string) =>
      clusterOf(
        `{cluster: {name: lab, release: "1.36", mirrors: ${text}}, nodes: [{name: a, address: 10.0.0.1, roles: [control-plane, worker]}]}`,
      ).mirrors;
    const aliyun = aMirrors({
      preset: 'aliyun',
      imageRepository: 'registry.aliyuncs.com/google_containers',
      timeServers: ['ntp.aliyun.com'],
    });
    expect(mirrorsOf('aliyun')).toEqual(aliyun);
    expect(mirrorsOf('official')).toEqual(aMirrors());
    expect(
      mirrorsOf(`
        {preset: aliyun, imageRepository: "reg:5000/k8s", dockerRegistryMirrors: ["https://d.example.com"],
         urls: {"https://raw.githubusercontent.com/": "https://raw.example.com/x/"},
         keys: {kubernetes: "de15 b144 86cd 377b 9e87 6e1a 2346 54da 9a29 6436", docker-ce: [${'A'.repeat(40)}]}}`),
    ).toEqual({
      ...aliyun,
      imageRepository: 'reg:5000/k8s',
      dockerRegistryMirrors: ['https://d.example.com'],
      urls: { 'https://raw.githubusercontent.com/': 'https://raw.example.com/x/' },
      keys: { kubernetes: ['DE15B14486CD377B9E876E1A234654DA9A296436'], 'docker-ce': ['A'.repeat(40)] },
    });
  });
  test('flags become text, free settings stay as they are', () => {
    expect(cluster.components.apiServer).toEqual({ v: '4', profiling: 'false', 'audit-log-path': '/var/log/audit' });
    expect(cluster.components.kubelet).toEqual({ failCgroupV1: false, evictionHard: { 'nodefs.available': '5%' } });
  });
});

test('two nodes behind one address are fine when their ports differ', () => {
  const { nodes } = clusterOf(`
cluster: {name: lab, release: "1.36"}
groups: {other: {nodes: [b], ssh: {port: 2222}}}
nodes:
  - {name: a, address: 127.0.0.1, internalAddress: 10.0.0.1, roles: [control-plane]}
  - {name: b, address: 127.0.0.1, internalAddress: 10.0.0.2, roles: [worker]}`);
  expect(nodes.map(({ ssh }) => ssh.port)).toEqual([22, 2222]);
});

test('the result is frozen all the way down', () => {
  const thawed: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Object.isFrozen(value)) thawed.push(path);
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
  };
  walk(clusterOf(minimal.replace('"1.36"}', '"1.36", kubelet: {a: {b: [{c: 1}]}}}')), 'cluster');
  expect(thawed).toEqual([]);
});

describe('refusal', () => {
  const bad = 'cluster: {name: LAB, release: "1.36"}\nnodes: []';
  const refusal = (): unknown => {
    try {
      return readInventory(bad, '/site/lab.yaml', context);
    } catch (error) {
      return error;
    }
  };

  test('is one ProvisionError with all problems and exit code 3', () => {
    const error = refusal();
    expect(error).toBeInstanceOf(ProvisionError);
    expect(error).toBeInstanceOf(InventoryError);
    expect(exitCodeOf(error)).toBe(3);
    const { message, problems, hint } = error as InventoryError;
    expect(problems.map(({ path }) => path)).toEqual(['cluster.name', 'nodes']);
    expect(message).toContain('/site/lab.yaml:1:17: cluster.name: "LAB" should be');
    expect(message).toContain('/site/lab.yaml:2:8: nodes: is an empty list');
    expect(hint).toContain('provision validate');
  });

  test('problems are plain data for --json', () => {
    const [problem] = check(bad).problems;
    expect(JSON.parse(JSON.stringify(problem))).toEqual(problem);
    expect(Object.keys(problem ?? {}).sort()).toEqual(['column', 'cure', 'file', 'line', 'message', 'path']);
  });
});

describe('files that mean harm', () => {
  const firstMessage = (text: string) => check(text).problems[0]?.message;
  test('an alias bomb is stopped early', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}*l${i}]`);
    const { problems } = check(['l0: &l0 [x, x, x]', ...levels].join('\n'));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain('too large through aliases');
  });
  test('a tower of brackets', () => expect(firstMessage('['.repeat(10_000))).toContain('nested too deeply'));
  test('forty levels of lists', () =>
    expect(firstMessage(`a: ${'['.repeat(40)}${']'.repeat(40)}`)).toContain('nested too deeply'));
  test('five megabytes', () => expect(firstMessage(`# ${'x'.repeat(5 * 1024 * 1024)}`)).toContain('larger than'));
  test('a name that is a property of every object', () =>
    expect(
      clusterOf(minimal.replace('[control-plane]', '[control-plane], labels: {constructor: a, toString: b}')).nodes[0]
        ?.labels,
    ).toEqual({ constructor: 'a', toString: 'b' }));
});
