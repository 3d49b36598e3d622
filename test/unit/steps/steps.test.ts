import { describe, expect, test } from '@jest/globals';
import type { MachineFacts, Node, Scene } from '../../../src/model/index.js';
import { reveal, Secret } from '../../../src/model/index.js';
import { keyOf } from '../../../src/resources/index.js';
import { portsFor, steps } from '../../../src/steps/index.js';
import { MARK } from '../../../src/templates.js';
import { aCluster, aMirrors, aNode, noSettings } from '../../support/scene.js';
import { aDebian, aRelease, aScene, wishes } from './scene.js';

const text = (scene: Scene, path: string): string => {
  const found = wishes(scene).find((r) => r.kind === 'file' && r.path === path);
  if (found?.kind !== 'file') throw new Error(`no file ${path}`);
  return reveal(found.content);
};
function positionOf(scene: Scene, key: string): number {
  const position = wishes(scene).findIndex((r) => keyOf(r) === key);
  if (position < 0) throw new Error(`nothing called ${key}`);
  return position;
}
const keys = (scene: Scene): readonly string[] => wishes(scene).map(keyOf);

const three = ['cp-1', 'cp-2', 'cp-3'].map((name) => aNode(name, { roles: ['control-plane'] }));

describe('the list', () => {
  test('no step has the id of another, and `after` and `behind` name steps before it', () => {
    const ids = steps.map((step) => step.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [i, step] of steps.entries()) {
      for (const name of [...(step.after ?? []), ...(step.behind ?? [])]) expect(ids.slice(0, i)).toContain(name);
    }
  });

  test('one owner per thing, on every kind of host', () => {
    const nodes = [...three, aNode('worker-4'), aNode('both-5', { roles: ['control-plane', 'worker'] })];
    for (const { name } of nodes) {
      const all = keys(aScene({ nodes, at: name }));
      expect(all.filter((key, i) => all.indexOf(key) !== i)).toEqual([]);
    }
  });

  test('every text file of ours that may hold a comment says whose it is', () => {
    for (const at of ['cp-1', 'worker-2']) {
      for (const r of wishes(aScene({ at }))) {
        if (r.kind !== 'file' || /\.(crt|key|pub)$|provision\/cluster$/.test(r.path)) continue;
        expect({ path: r.path, starts: reveal(r.content).startsWith(MARK) }).toEqual({ path: r.path, starts: true });
      }
    }
  });

  test('nobody but root reads a key', () => {
    for (const r of wishes(aScene())) {
      if (r.kind === 'file' && /\.key$|\.conf$/.test(r.path) && r.path.startsWith('/etc/kubernetes/')) {
        expect({ path: r.path, mode: r.mode }).toEqual({ path: r.path, mode: 0o600 });
      }
    }
  });

  test('a worker gets the CA and no key at all', () => {
    const files = wishes(aScene({ at: 'worker-2' })).filter((r) => r.kind === 'file');
    expect(files.map((r) => r.path).filter((path) => path.startsWith('/etc/kubernetes/'))).toEqual([
      '/etc/kubernetes/pki/ca.crt',
    ]);
  });
});

describe('the system', () => {
  const contentOf = (scene: Scene): string =>
    wishes(scene).flatMap((r) => (r.kind === 'block' && r.path === '/etc/hosts' ? [r.content] : []))[0] ?? '';
  const withSystem = (system: Partial<Node['system']>): Scene => {
    const node = aNode('worker-2');
    return aScene({
      nodes: [aNode('cp-1', { roles: ['control-plane'] }), { ...node, system: { ...node.system, ...system } }],
      at: 'worker-2',
    });
  };
  const extraHosts = { 'raw.example.com': ['192.0.2.8', '192.0.2.9'] };
  test('further lines of /etc/hosts stand behind the nodes, one per address', () => {
    expect(contentOf(withSystem({ extraHosts }))).toBe(
      '192.0.2.1 cp-1\n192.0.2.2 worker-2\n192.0.2.8 raw.example.com\n192.0.2.9 raw.example.com\n',
    );
  });
  test('and alone where the nodes are not wanted there', () => {
    expect(contentOf(withSystem({ extraHosts, hostsFile: false }))).toBe(
      '192.0.2.8 raw.example.com\n192.0.2.9 raw.example.com\n',
    );
    expect(contentOf(withSystem({ hostsFile: false }))).toBe('');
  });
  test('NetworkManager may be a service to stop; then nobody starts it', () => {
    const node = aNode('worker-2');
    const scene = aScene(
      { nodes: [{ ...node, system: { ...node.system, disableServices: ['NetworkManager.service'] } }] },
      aDebian({ networkManagerIgnores: [] }),
    );
    expect(keys(scene).filter((key) => key.includes('NetworkManager'))).toEqual(['unit NetworkManager.service']);
    const el7 = aScene(
      { nodes: [{ ...node, system: { ...node.system, disableServices: ['ntpd.service'] } }] },
      aDebian({ family: 'el7' }),
    );
    expect(keys(el7).filter((key) => key === 'unit ntpd.service')).toHaveLength(1);
  });
  test('a service to stop that the firewall step stops already is said once', () => {
    const disableServices = ['postfix.service', 'firewalld.service'];
    const stoppedBy = (system: Partial<Node['system']>) =>
      wishes(withSystem(system)).flatMap((r) => (r.kind === 'unit' && r.state === 'stopped' ? [r.name] : []));
    expect(stoppedBy({ disableServices })).toEqual(['firewalld.service', 'ufw.service', 'postfix.service']);
    expect(stoppedBy({ disableServices, firewall: 'keep' })).toEqual(['postfix.service', 'firewalld.service']);
  });
});

describe('people and programs of the host', () => {
  const system = { ...aNode('cp-1').system, kubectlUsers: ['root', 'ops'] };
  const scene = (at: string): Scene =>
    aScene({ nodes: [aNode('cp-1', { roles: ['control-plane'], system }), aNode('worker-2', { system })], at });
  const homes = (s: Scene) => wishes(s).filter((r) => r.kind === 'user-file');
  test('users of a control plane get its admin.conf, as a secret of their own', () => {
    const admin = text(scene('cp-1'), '/etc/kubernetes/admin.conf');
    expect(homes(scene('cp-1')).map((r) => [keyOf(r), r.mode, r.content instanceof Secret, reveal(r.content)])).toEqual(
      [
        ['user-file ~root/.kube/config', 0o600, true, admin],
        ['user-file ~ops/.kube/config', 0o600, true, admin],
      ],
    );
    expect(wishes(scene('cp-1')).flatMap((r) => (r.kind === 'packages' ? r.packages : []))).toContain(
      'bash-completion',
    );
  });
  test('a worker learns no key by it, and nobody asks for nothing', () => {
    for (const s of [scene('worker-2'), aScene()]) {
      expect(homes(s)).toEqual([]);
      expect(keys(s).filter((key) => key.includes('completion'))).toEqual([]);
      expect(wishes(s).flatMap((r) => (r.kind === 'packages' ? r.packages : []))).not.toContain('bash-completion');
    }
  });
  test('NetworkManager, where it runs, is told of the pod links, beside what it was told', () => {
    const at = aScene({}, aDebian({ networkManagerIgnores: [] }));
    expect(text(at, '/etc/NetworkManager/conf.d/90-provision.conf')).toMatch(
      /^\[keyfile\]\nunmanaged-devices\+=interface-name:cali\*;.*;interface-name:flannel\*;interface-name:cni0$/m,
    );
    const unit = wishes(at).find((r) => r.kind === 'unit' && r.name === 'NetworkManager.service');
    expect(unit).toMatchObject({ state: 'started', change: 'reload', stamp: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(keys(aScene()).filter((key) => key.includes('NetworkManager'))).toEqual([]);
  });
  test('before kernel 4.18 connection tracking of IPv4 is a module of its own', () => {
    const loadedOn = (kernel: string): string | undefined => {
      const at = aScene({ cluster: { proxyMode: 'ipvs' } }, aDebian({ kernel }));
      const found = wishes(at).find((r) => r.kind === 'modules' && r.name === 'ipvs');
      return found?.kind === 'modules' ? found.modules.at(-1) : undefined;
    };
    expect(loadedOn('3.10.0-1160.119.1.el7.x86_64')).toBe('nf_conntrack_ipv4');
    for (const kernel of ['4.18.0-553.el8.x86_64', '5.4.278-1.el7.elrepo.x86_64', '6.1.0-40-amd64'])
      expect(loadedOn(kernel)).toBe('nf_conntrack');
  });
});

describe('the kernel', () => {
  const system = { ...aNode('cp-1').system, kernel: 'distribution' as const };
  const at = (machine: Partial<MachineFacts>) =>
    wishes(aScene({ nodes: [aNode('cp-1', { roles: ['control-plane'], system })] }, aDebian(machine))).filter(
      (r) => r.kind === 'kernel',
    );
  test('is brought to a host that is to become a node, and a node is never restarted', () => {
    expect(at({ kernel: '6.1.0-18-cloud-amd64' })).toEqual([
      { kind: 'kernel', source: 'distribution', package: 'linux-image-cloud-amd64', enableRepos: [] },
    ]);
    expect(at({ kernel: '6.1.0-18-cloud-amd64', clusterCa: 'CA' })).toEqual([]);
    expect(keys(aScene())).not.toContain('kernel host');
  });
  test('of ELRepo comes from its repository, which stays when the host is a node', () => {
    const el = { ...system, kernel: 'elrepo-lt' as const };
    const of = (machine: Partial<MachineFacts>): Scene =>
      aScene(
        { nodes: [aNode('cp-1', { roles: ['control-plane'], system: el })], cluster: { proxyMode: 'ipvs' } },
        aDebian({
          family: 'el7',
          kernel: '3.10.0-1160.el7.x86_64',
          os: { id: 'centos', like: ['rhel'], version: '7', name: 'CentOS Linux 7' },
          ...machine,
        }),
      );
    const wanted = wishes(of({})).filter((r) => r.kind === 'kernel' || keyOf(r) === 'repository elrepo-kernel');
    expect(wanted.map(keyOf)).toEqual(['repository elrepo-kernel', 'kernel host']);
    expect(wanted[0]).toMatchObject({ enabled: false });
    expect(wanted[1]).toMatchObject({ package: 'kernel-lt', enableRepos: ['elrepo-kernel'] });
    expect(keys(of({ clusterCa: 'CA' })).filter((key) => /^(repository|kernel) /.test(key))).toEqual([
      'repository elrepo-kernel',
    ]);
    // Its modules are those of the kernel that will run.
    const ipvs = wishes(of({})).find((r) => r.kind === 'modules' && r.name === 'ipvs');
    expect(ipvs?.kind === 'modules' ? ipvs.modules.at(-1) : '').toBe('nf_conntrack');
  });
  test('is there before its modules and settings are asked for', () => {
    const scene = aScene(
      { nodes: [aNode('cp-1', { roles: ['control-plane'], system })] },
      aDebian({ kernel: '6.1.0-18-amd64' }),
    );
    expect(positionOf(scene, 'kernel host')).toBeLessThan(positionOf(scene, 'modules kubernetes'));
    expect(positionOf(scene, 'kernel host')).toBeGreaterThan(positionOf(scene, 'packages kubernetes'));
  });
});

describe('time', () => {
  const node = aNode('cp-1', { roles: ['control-plane'] });
  const at = (system: Partial<Node['system']>, machine: Partial<MachineFacts>): readonly string[] => {
    const scene = aScene({ nodes: [{ ...node, system: { ...node.system, ...system } }] }, aDebian(machine));
    const step = steps.find(({ id }) => id === 'time');
    return (step?.on(scene.node, scene.cluster, scene.leader) ? step.desire(scene) : []).map(keyOf);
  };
  const servers = { timeSync: { enabled: true, servers: ['ntp.example.com'] } };
  test('chrony is told the servers, and its own are off', () => {
    expect(at(servers, {})).toEqual([
      'muted /etc/chrony/chrony.conf',
      'file /etc/chrony/conf.d/90-provision.conf',
      'unit chrony.service',
    ]);
    expect(at(servers, { family: 'el9' })).toEqual([
      'muted /etc/chrony.conf',
      'block /etc/chrony.conf',
      'unit chronyd.service',
    ]);
  });
  test('the preset of the mirrors has servers, too, and the inventory beats them', () => {
    const mirrors = { ...aMirrors(), timeServers: ['ntp.aliyun.com'] };
    const textOf = (s: Partial<Node['system']>): string =>
      text(
        aScene({ nodes: [{ ...node, system: { ...node.system, ...s } }], cluster: { mirrors } }),
        '/etc/chrony/conf.d/90-provision.conf',
      );
    expect(textOf({})).toContain('server ntp.aliyun.com iburst');
    expect(textOf(servers)).toMatch(/server ntp\.example\.com iburst\n$/);
    expect(textOf(servers)).not.toContain('aliyun');
  });
  test('without servers its own stay', () => expect(at({}, {})).toEqual(['unit chrony.service']));
  test('Enterprise Linux 7 sets its clock by cron, and nothing else does', () => {
    const all = [
      'unit chronyd.service',
      'unit ntpd.service',
      'file /etc/cron.d/provision-ntpdate',
      'unit crond.service',
    ];
    expect(at(servers, { family: 'el7' })).toEqual(all);
  });
  test('the cron lines name the servers, as many as there are', () => {
    const timeSync = { enabled: true, servers: ['ntp.example.com', '192.0.2.9'] };
    const scene = aScene({ nodes: [{ ...node, system: { ...node.system, timeSync } }] }, aDebian({ family: 'el7' }));
    expect(text(scene, '/etc/cron.d/provision-ntpdate')).toContain(
      '\n*/10 * * * * root ntpdate -u ntp.example.com 192.0.2.9 >/dev/null 2>&1\n',
    );
  });
  test('other servers are another stamp of chrony', () => {
    const stampOf = (system: Partial<Node['system']>): string => {
      const scene = aScene({ nodes: [{ ...node, system: { ...node.system, ...system } }] });
      const found = wishes(scene).find((r) => r.kind === 'unit' && r.name === 'chrony.service');
      return found?.kind === 'unit' ? found.stamp : 'none';
    };
    expect(stampOf({})).toBe('');
    expect(stampOf(servers)).not.toBe(stampOf({ timeSync: { enabled: true, servers: ['other.example.com'] } }));
  });
  test('a time zone brings the package that has it', () => {
    const scene = aScene({ nodes: [{ ...node, system: { ...node.system, timezone: 'Asia/Shanghai' } }] });
    const installed = wishes(scene).flatMap((r) => (r.kind === 'packages' ? r.packages : []));
    expect(installed).toContain('tzdata');
    expect(keys(scene)).toContain('timezone host');
    expect(keys(aScene())).not.toContain('timezone host');
  });
});

describe('reset goes backwards, so', () => {
  const scene = aScene();
  test('static pods are there before the kubelet starts, and go after it has stopped', () => {
    expect(positionOf(scene, 'file /etc/kubernetes/manifests/kube-apiserver.yaml')).toBeLessThan(
      positionOf(scene, 'kubelet-identity cp-1'),
    );
  });
  test('pods go while containerd still runs', () => {
    const pods = wishes(scene).findIndex((r) => r.kind === 'pods');
    expect(pods).toBeGreaterThan(positionOf(scene, 'unit containerd.service'));
    expect(pods).toBeLessThan(positionOf(scene, 'unit kubelet.service'));
  });
  test('what pods left goes after containerd and before the directories that it lies in', () => {
    const traces = positionOf(scene, 'traces network');
    expect(traces).toBeLessThan(positionOf(scene, 'unit containerd.service'));
    expect(traces).toBeGreaterThan(positionOf(scene, 'directory /etc/cni/net.d'));
    expect(traces).toBeGreaterThan(positionOf(scene, 'directory /opt/cni/bin'));
  });
});

describe('a restart is a fact', () => {
  const stamp = (scene: Scene, name: string): string => {
    const found = wishes(scene).find((r) => r.kind === 'unit' && r.name === name);
    return found?.kind === 'unit' ? found.stamp : 'no such unit';
  };
  test('another kubelet setting is another stamp of the kubelet, and of nobody else', () => {
    const components = { ...noSettings, kubelet: { maxPods: 200 } };
    const other = aScene({ cluster: { components } });
    expect(stamp(other, 'kubelet.service')).not.toBe(stamp(aScene(), 'kubelet.service'));
    expect(stamp(other, 'containerd.service')).toBe(stamp(aScene(), 'containerd.service'));
  });
  test('another checksum of runc is another stamp of containerd', () => {
    const scene = aScene();
    const upstream = scene.release.artifact('runc', 'amd64').upstream;
    const mirrors = aMirrors({ checksums: { [upstream]: 'f'.repeat(64) } });
    expect(stamp(aScene({ cluster: { mirrors } }), 'containerd.service')).not.toBe(stamp(scene, 'containerd.service'));
  });
  test('a registry mirror needs no restart: containerd reads it at every pull', () => {
    const mirrors = aMirrors({ registries: { 'docker.io': ['https://m.example'] } });
    const other = aScene({ cluster: { mirrors } });
    expect(stamp(other, 'containerd.service')).toBe(stamp(aScene(), 'containerd.service'));
    expect(text(other, '/etc/containerd/certs.d/docker.io/hosts.toml')).toContain('https://registry-1.docker.io');
  });
});

describe('the control plane', () => {
  test('all members are born with the same list, whatever the order of the inventory', () => {
    const line = (nodes: typeof three, at: string): string | undefined =>
      /--initial-cluster=\S+/.exec(text(aScene({ nodes, at }), '/etc/kubernetes/manifests/etcd.yaml'))?.[0];
    const wanted =
      '--initial-cluster=cp-1=https://192.0.2.1:2380,cp-2=https://192.0.2.2:2380,cp-3=https://192.0.2.3:2380';
    expect(line(three, 'cp-1')).toBe(wanted);
    expect(line([...three].reverse(), 'cp-3')).toBe(wanted);
  });

  test("the operator's flag beats ours, once", () => {
    const components = { ...noSettings, apiServer: { 'allow-privileged': 'false', 'audit-log-maxage': '30' } };
    const manifest = text(aScene({ cluster: { components } }), '/etc/kubernetes/manifests/kube-apiserver.yaml');
    expect(manifest.match(/--allow-privileged=\S+/g)).toEqual(['--allow-privileged=false']);
    expect(manifest).toContain('--audit-log-maxage=30');
  });

  test('an IPv6 node is spoken to in brackets', () => {
    const nodes = [aNode('cp-1', { roles: ['control-plane'], internalAddress: 'fd00::11' })];
    const etcd = text(aScene({ nodes }), '/etc/kubernetes/manifests/etcd.yaml');
    expect(etcd).toContain('--listen-client-urls=https://[::1]:2379,https://[fd00::11]:2379');
    expect(text(aScene({ nodes }), '/etc/kubernetes/manifests/kube-apiserver.yaml')).toContain(
      '--etcd-servers=https://[::1]:2379',
    );
  });

  test('only the leader applies API objects', () => {
    const objects = (at: string): number =>
      wishes(aScene({ nodes: three, at })).filter((r) => r.kind === 'objects').length;
    expect([objects('cp-1') > 0, objects('cp-2'), objects('cp-3')]).toEqual([true, 0, 0]);
  });

  test('taints itself, unless it is a worker too', () => {
    const taints = (roles: Parameters<typeof aNode>[1]) => {
      const found = wishes(aScene({ nodes: [aNode('cp-1', roles)] })).find((r) => r.kind === 'node');
      return found?.kind === 'node' ? found.taints.map((t) => `${t.key}:${t.effect}`) : null;
    };
    expect(taints({ roles: ['control-plane'] })).toEqual(['node-role.kubernetes.io/control-plane:NoSchedule']);
    expect(taints({ roles: ['control-plane', 'worker'] })).toEqual([]);
  });
});

describe('joining', () => {
  test('every kubelet bootstraps with a token; a control plane through its own API server', () => {
    const identity = (at: string) => wishes(aScene({ at })).find((r) => r.kind === 'kubelet-identity');
    const [own, led] = [identity('cp-1'), identity('worker-2')];
    expect(own?.kind === 'kubelet-identity' && own.ownApi?.server).toBe('https://192.0.2.1:6443');
    expect(led?.kind === 'kubelet-identity' && [led.ownApi, led.server]).toEqual([null, 'https://192.0.2.1:6443']);
  });

  test('what a host is called just now changes nothing', () => {
    const named = (hostname: string): readonly string[] => keys(aScene({}, aDebian({ hostname })));
    expect(text(aScene({}, aDebian({ hostname: 'x' })), '/var/lib/kubelet/kubeadm-flags.env')).toBe(
      text(aScene({}, aDebian({ hostname: 'cp-1' })), '/var/lib/kubelet/kubeadm-flags.env'),
    );
    expect(named('x')).toEqual(named('cp-1'));
  });

  test("systemd-resolved's stub is not what pods shall ask", () => {
    const config = (resolvConf: readonly string[]): string =>
      text(aScene({}, aDebian({ resolvConf })), '/var/lib/kubelet/config.yaml');
    expect(config(['127.0.0.53'])).toContain('resolvConf: /run/systemd/resolve/resolv.conf');
    expect(config(['192.0.2.53'])).not.toContain('resolvConf');
  });
});

describe('flannel', () => {
  const manifests = (scene: Scene) => {
    const found = wishes(scene).find((r) => r.kind === 'objects' && r.name === 'flannel');
    return found?.kind === 'objects' ? found.manifests : [];
  };
  const network = { ...aCluster([]).network, podCidr: '172.20.0.0/16' };

  test('gets the pod network, and keeps everything else of its manifest', () => {
    const data = manifests(aScene({ cluster: { network } })).find((m) => m.kind === 'ConfigMap')?.['data'] as Record<
      string,
      string
    >;
    expect(JSON.parse(data['net-conf.json'] ?? '')).toEqual({
      Network: '172.20.0.0/16',
      EnableNFTables: false,
      Backend: { Type: 'vxlan' },
    });
    expect(data['cni-conf.json']).toBe('{ "name": "cbr0" }\n');
  });

  test('a manifest without a place for the pod network is refused, not applied', () => {
    const scene = aScene();
    const odd = {
      ...scene,
      release: aRelease(scene.cluster, 'kind: Namespace\napiVersion: v1\nmetadata: {name: x}\n'),
    };
    expect(() => manifests(odd)).toThrow(/net-conf.json/);
    expect(() => manifests({ ...scene, release: aRelease(scene.cluster, 'a: [') })).toThrow(/not YAML/);
    expect(() => manifests({ ...scene, release: aRelease(scene.cluster, null) })).toThrow(/not loaded/);
  });
});

describe('the firewall', () => {
  const node = (at: string) => aScene({ at });
  test('opens the API and etcd on control planes only', () => {
    expect(portsFor(node('cp-1'))).toEqual(
      expect.arrayContaining(['6443/tcp', '2379-2380/tcp', '10250/tcp', '8472/udp', '30000-32767/udp']),
    );
    expect(portsFor(node('worker-2')).filter((port) => /^(6443|2379)/.test(port))).toEqual([]);
  });
});

test('an architecture without a Kubernetes is refused by name', () => {
  expect(() => wishes(aScene({}, aDebian({ arch: 'riscv64' })))).toThrow(/riscv64/);
});
