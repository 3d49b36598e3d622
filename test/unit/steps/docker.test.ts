import { describe, expect, test } from '@jest/globals';
import type { Cluster, Scene } from '../../../src/model/index.js';
import { reveal } from '../../../src/model/index.js';
import { keyOf } from '../../../src/resources/index.js';
import { steps } from '../../../src/steps/index.js';
import { aMirrors, noSettings } from '../../support/scene.js';
import { aCentOs, aDebian, aScene, wishes } from './scene.js';

const aBookworm = aDebian({ os: { id: 'debian', like: [], version: '12', name: 'Debian 12' } });
const docker = (over: Partial<Cluster> = {}, at = 'cp-1', machine = aCentOs('7')): Scene =>
  aScene({ cluster: { runtime: 'docker', version: '1.23.17', install: 'packages', ...over }, at }, machine);
const gates = (scene: Scene) =>
  steps
    .filter((s) => s.on(scene.node, scene.cluster, scene.leader))
    .flatMap((s) => s.gates?.(scene) ?? [])
    .map((gate) => ({ asks: gate.command.join(' '), expects: gate.expect }));
const text = (scene: Scene, path: string): string | null => {
  const found = wishes(scene).find((r) => r.kind === 'file' && r.path === path);
  return found?.kind === 'file' ? reveal(found.content) : null;
};
const settings = (scene: Scene) => {
  const found = wishes(scene).find((r) => r.kind === 'json-settings');
  return found?.kind === 'json-settings' ? found.settings : null;
};
const stamp = (scene: Scene, name: string): string | null => {
  const found = wishes(scene).find((r) => r.kind === 'unit' && r.name === name);
  return found?.kind === 'unit' ? found.stamp : null;
};
const position = (scene: Scene, key: string): number => wishes(scene).findIndex((r) => keyOf(r) === key);

describe('Docker', () => {
  test('is of the pinned version, and the programs of Kubernetes are, too', () => {
    const versions = Object.assign(
      {},
      ...wishes(docker()).map((r) => (r.kind === 'packages' ? (r.versions ?? {}) : {})),
    );
    expect(versions).toEqual({
      'docker-ce': '20.10.24',
      'docker-ce-cli': '20.10.24',
      kubeadm: '1.23.17',
      kubectl: '1.23.17',
      kubelet: '1.23.17',
    });
  });

  test('has one cgroup driver with the kubelet, whichever it is, and the running ones are asked', () => {
    expect(settings(docker())?.['exec-opts']).toEqual(['native.cgroupdriver=systemd']);
    const other = docker({ components: { ...noSettings, kubelet: { cgroupDriver: 'cgroupfs' } } });
    expect(settings(other)?.['exec-opts']).toEqual(['native.cgroupdriver=cgroupfs']);
    expect(text(other, '/var/lib/kubelet/config.yaml')).toContain('cgroupDriver: cgroupfs');
    expect(gates(docker())).toEqual(
      expect.arrayContaining([
        { asks: 'docker info --format {{.CgroupDriver}}', expects: '^systemd$' },
        { asks: 'systemctl is-active kubepods.slice', expects: '^active$' },
      ]),
    );
    expect(gates(other)).toEqual(
      expect.arrayContaining([
        { asks: 'docker info --format {{.CgroupDriver}}', expects: '^cgroupfs$' },
        { asks: 'systemctl is-active kubepods.slice', expects: '^inactive$' },
      ]),
    );
  });

  test("takes the operator's settings over ours, and keeps the driver beside other options", () => {
    const own = { 'log-opts': { 'max-size': '1m' }, 'exec-opts': ['isolation=default'], 'data-root': '/data/docker' };
    const scene = docker({ components: { ...noSettings, docker: own } });
    expect(settings(scene)).toEqual({
      'exec-opts': ['native.cgroupdriver=systemd', 'isolation=default'],
      'log-driver': 'json-file',
      'log-opts': { 'max-file': '3', 'max-size': '1m' },
      'data-root': '/data/docker',
    });
    const traces = wishes(scene).find((r) => r.kind === 'traces' && r.name === 'Docker');
    expect(traces?.kind === 'traces' && traces.paths).toContain('/data/docker');
  });

  test('knows mirrors of its Hub, and which registries speak plain HTTP', () => {
    const registries = {
      'docker.io': ['https://hub.example.com'],
      'registry.k8s.io': ['http://10.0.0.1:5000'],
      'ghcr.io': ['http://10.0.0.1:5000'],
    };
    const scene = docker({
      mirrors: aMirrors({ dockerRegistryMirrors: ['https://first.example.com'], registries }),
    });
    expect(settings(scene)).toMatchObject({
      'registry-mirrors': ['https://first.example.com', 'https://hub.example.com'],
      'insecure-registries': ['10.0.0.1:5000'],
    });
    const flannel = wishes(scene).find((r) => r.kind === 'objects' && r.name === 'flannel');
    expect(JSON.stringify(flannel)).toContain('"image":"10.0.0.1:5000/flannel-io/flannel:tag"');
  });

  test('is restarted when its settings or its version change, and not for the kubelet', () => {
    const set = docker({ components: { ...noSettings, docker: { debug: true } } });
    expect(stamp(set, 'docker.service')).not.toBe(stamp(docker(), 'docker.service'));
    const flag = docker({ components: { ...noSettings, kubeletExtraArgs: { v: '4' } } });
    expect(stamp(flag, 'docker.service')).toBe(stamp(docker(), 'docker.service'));
    expect(stamp(flag, 'kubelet.service')).not.toBe(stamp(docker(), 'kubelet.service'));
  });

  test('reset: pods first, then its units, its package, its settings, and what it left', () => {
    const scene = docker();
    const order = [
      'traces Docker',
      'json-settings /etc/docker/daemon.json',
      'packages docker',
      'unit docker.service',
      'pods host',
    ];
    const found = order.map((key) => position(scene, key));
    expect(found).not.toContain(-1);
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(position(scene, 'unit containerd.service')).toBeLessThan(position(scene, 'unit docker.service'));
  });
});

describe('a kubelet with dockershim', () => {
  test('gets the flags that kubeadm 1.23 gives it, and no socket in its configuration', () => {
    expect(text(docker(), '/var/lib/kubelet/kubeadm-flags.env')).toContain(
      'KUBELET_KUBEADM_ARGS="--network-plugin=cni --pod-infra-container-image=registry.k8s.io/pause:3.6 --node-ip=192.0.2.1"',
    );
    expect(text(docker(), '/var/lib/kubelet/config.yaml')).not.toContain('containerRuntimeEndpoint');
    expect(text(docker(), '/var/lib/kubelet/instance-config.yaml')).toBeNull();
  });

  test('says its socket where kubeadm of its time looks for it', () => {
    const node = wishes(docker()).find((r) => r.kind === 'node');
    expect(node?.kind === 'node' && node.annotations).toEqual({
      'kubeadm.alpha.kubernetes.io/cri-socket': '/var/run/dockershim.sock',
    });
  });

  test("takes the administrator's flags from the file of its family", () => {
    const components = { ...noSettings, kubeletExtraArgs: { v: '4', 'image-pull-progress-deadline': '5m' } };
    const line = 'KUBELET_EXTRA_ARGS="--image-pull-progress-deadline=5m --v=4"\n';
    expect(text(docker({ components }), '/etc/sysconfig/kubelet')).toContain(line);
    expect(text(docker({ components }, 'cp-1', aBookworm), '/etc/default/kubelet')).toContain(line);
    expect(text(docker(), '/etc/sysconfig/kubelet')).toBeNull();
  });

  test('as a package has its own unit; as a binary ours, which reads the same files', () => {
    expect(text(docker(), '/etc/systemd/system/kubelet.service')).toBeNull();
    const unit = text(docker({ install: 'binaries', version: '1.36.3' }), '/etc/systemd/system/kubelet.service');
    expect(unit).toContain('After=network-online.target docker.service');
    expect(unit).toContain('EnvironmentFile=-/etc/sysconfig/kubelet');
  });
});

describe('Kubernetes without dockershim', () => {
  const modern = docker({ version: '1.36.3' });
  test('has cri-dockerd between the two, verified, with the pause image of the release', () => {
    const shim = wishes(modern).find((r) => r.kind === 'artifact' && r.name === 'cri-dockerd');
    expect(shim?.kind === 'artifact' && shim.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(text(modern, '/etc/systemd/system/cri-docker.service')).toContain(
      '--pod-infra-container-image=registry.k8s.io/pause:3.10.2',
    );
    expect(text(modern, '/etc/systemd/system/cri-docker.socket')).toContain('ListenStream=/run/cri-dockerd.sock');
    expect(text(modern, '/var/lib/kubelet/config.yaml')).toContain(
      'containerRuntimeEndpoint: unix:///run/cri-dockerd.sock',
    );
    expect(text(modern, '/var/lib/kubelet/kubeadm-flags.env')).not.toContain('network-plugin');
  });
});

describe('containerd as a package', () => {
  const scene = aScene({ cluster: { install: 'packages' } }, aCentOs('9'));
  test('brings its own programs and unit; ours is the configuration', () => {
    const keys = wishes(scene).map(keyOf);
    expect(keys.filter((key) => key.startsWith('artifact '))).toEqual([]);
    expect(keys.filter((key) => key.startsWith('file /etc/systemd/system/'))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(['file /etc/containerd/config.toml', 'unit containerd.service']));
    const found = wishes(scene).find((r) => r.kind === 'packages' && r.name === 'containerd');
    expect(found).toMatchObject({ versions: { 'containerd.io': '2.2.1' }, hold: true });
  });
  test('is restarted for another version of it', () => {
    const other = {
      ...scene,
      release: { ...scene.release, components: { ...scene.release.components, containerd: '9' } },
    };
    expect(stamp(other, 'containerd.service')).not.toBe(stamp(scene, 'containerd.service'));
  });
});
