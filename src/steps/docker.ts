import type { Probe, Resource, Scene } from '../model/index.js';
import { hubMirrors, plainRegistries } from '../release/index.js';
import { render } from '../templates.js';
import { cgroupDriver } from './cgroups.js';
import { BIN, CRI_DOCKERD_SOCKET } from './places.js';
import { repositoriesFor } from './repositories.js';
import { artifact, file, merge, packages, unit } from './words.js';

const DATA_ROOT = '/var/lib/docker';
const DAEMON_JSON = '/etc/docker/daemon.json';

/** Docker from its own repository, set up for a kubelet; from Kubernetes 1.24 on with cri-dockerd between the two. */
export const docker = (scene: Scene): readonly Resource[] => {
  const settings: Resource = {
    kind: 'json-settings',
    path: DAEMON_JSON,
    settings: daemonSettings(scene),
    unit: 'docker.service',
  };
  const program = packages(scene, 'docker', 'docker-ce', {
    'docker-ce': scene.release.components.docker,
    'docker-ce-cli': scene.release.components.docker,
    'containerd.io': null,
  });
  return [
    dockerTraces(scene),
    // Before the package, which starts Docker at once on Debian: where its data are must be right from the first start.
    settings,
    ...repositoriesFor(scene, ['docker-ce']),
    program,
    // By name, so that reset stops them: nothing of ours is in what they were started from.
    unit('containerd.service', []),
    unit('docker.socket', []),
    unit('docker.service', [program, settings]),
    ...(scene.release.cri === 'cri' ? criDockerd(scene) : []),
    { kind: 'pods', runtime: 'docker', socket: '/run/docker.sock' },
  ];
};

/** What kubernetes.io/docs/setup/production-environment/container-runtimes asked of Docker, and the mirrors; the operator's over it. */
function daemonSettings({ cluster }: Scene): Readonly<Record<string, unknown>> {
  const { 'exec-opts': options, ...own } = cluster.components.docker;
  const driver = `native.cgroupdriver=${cgroupDriver(cluster)}`;
  const [hub, plain] = [hubMirrors(cluster.mirrors), plainRegistries(cluster.mirrors)];
  const ours = {
    'log-driver': 'json-file',
    'log-opts': { 'max-file': '3', 'max-size': '100m' },
    ...(hub.length === 0 ? {} : { 'registry-mirrors': hub }),
    ...(plain.length === 0 ? {} : { 'insecure-registries': plain }),
  };
  return {
    'exec-opts': [...new Set([driver, ...(Array.isArray(options) ? options.map(String) : [])])],
    ...(merge(ours, own) as Readonly<Record<string, unknown>>),
  };
}

/** Of a Docker that was there before us the network stays, and so does what lay in its folders. */
function dockerTraces({ cluster }: Scene): Resource {
  const root = cluster.components.docker['data-root'];
  return {
    kind: 'traces',
    name: 'Docker',
    paths: [
      '/etc/docker',
      '/run/cri-dockerd.sock',
      '/run/docker',
      '/run/docker.pid',
      '/run/docker.sock',
      '/run/dockershim.sock',
      '/var/lib/cri-dockerd',
      '/var/lib/dockershim',
      typeof root === 'string' ? root : DATA_ROOT,
    ],
    links: ['docker0'],
    chains: ['DOCKER'],
    ipvs: false,
    theirsWith: 'docker0',
    forwarding: true,
  };
}

/** Its release has no units; upstream's packaging/systemd has them for a package (v0.3.26). */
function criDockerd(scene: Scene): readonly Resource[] {
  const program = artifact(scene, 'cri-dockerd', 'tar.gz', [
    { member: 'cri-dockerd/cri-dockerd', path: `${BIN}/cri-dockerd` },
  ]);
  const service = file(
    '/etc/systemd/system/cri-docker.service',
    render('systemd/cri-docker.service', { pauseImage: scene.release.images.pause }),
  );
  const socket = file(
    '/etc/systemd/system/cri-docker.socket',
    render('systemd/cri-docker.socket', { path: CRI_DOCKERD_SOCKET }),
  );
  return [
    program,
    service,
    socket,
    unit('cri-docker.socket', [socket]),
    unit('cri-docker.service', [program, service]),
  ];
}

/** Asked of the daemon, because its flags and other people's files can say otherwise than ours. */
export const dockerCgroups = ({ cluster }: Scene): Probe => {
  const driver = cgroupDriver(cluster);
  return {
    id: 'cgroup-driver',
    title: `Docker has the cgroup driver ${driver}`,
    command: ['docker', 'info', '--format', '{{.CgroupDriver}}'],
    expect: `^${driver}$`,
    within: 30,
    hint: `Docker and kubelet must have one cgroup driver: look who else sets it (${DAEMON_JSON}; systemctl cat docker)`,
  };
};
