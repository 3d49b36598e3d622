import type { Probe, Resource, Scene } from '../model/index.js';
import { render } from '../templates.js';
import { cgroupDriver } from './cgroups.js';
import { BIN, CONTAINERD_SOCKET } from './places.js';
import { repositoriesFor } from './repositories.js';
import { artifact, directory, file, packages, unit } from './words.js';

/** What containerd's archive holds that Kubernetes needs; the rest of it is for people who test containerd. */
const BINARIES = ['containerd', 'containerd-shim-runc-v2', 'ctr'];

/** containerd with runc, its configuration and its registries. A package brings runc and the unit with it. */
export const containerd = (scene: Scene): readonly Resource[] => {
  const config = file(
    '/etc/containerd/config.toml',
    render('containerd/config.toml', {
      pauseImage: scene.release.images.pause,
      systemdCgroup: cgroupDriver(scene.cluster) === 'systemd',
    }),
  );
  const program =
    scene.cluster.install === 'packages'
      ? [...repositoriesFor(scene, ['docker-ce']), containerdPackage(scene)]
      : containerdBinaries(scene);
  return [
    // Before the package, which has a file in it: reset goes backwards, and takes the directory when it is empty.
    directory('/etc/containerd'),
    ...program,
    config,
    directory('/etc/containerd/certs.d'),
    ...registryMirrors(scene),
    unit('containerd.service', [...program, config]),
    { kind: 'pods', runtime: 'containerd', socket: CONTAINERD_SOCKET },
  ];
};

/** Docker's repository has it, and Docker's own build of runc in it. */
const containerdPackage = (scene: Scene): Resource =>
  packages(scene, 'containerd', 'docker-ce', { 'containerd.io': scene.release.components.containerd });

const containerdBinaries = (scene: Scene): readonly Resource[] => [
  artifact(scene, 'runc', 'binary', [{ member: '', path: '/usr/local/sbin/runc' }]),
  artifact(
    scene,
    'containerd',
    'tar.gz',
    BINARIES.map((name) => ({ member: `bin/${name}`, path: `${BIN}/${name}` })),
  ),
  file(
    '/etc/systemd/system/containerd.service',
    render('systemd/containerd.service', { openFiles: scene.node.system.openFiles }),
  ),
];

/** containerd reads these at every pull: no restart. https://github.com/containerd/containerd/blob/main/docs/hosts.md */
function registryMirrors({ cluster }: Scene): readonly Resource[] {
  return Object.entries(cluster.mirrors.registries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([registry, mirrors]) => [
      directory(`/etc/containerd/certs.d/${registry}`),
      file(
        `/etc/containerd/certs.d/${registry}/hosts.toml`,
        render('containerd/hosts.toml', { server: registryServer(registry), mirrors }),
      ),
    ]);
}

/** Docker Hub answers under another name than the one in image references. */
const registryServer = (registry: string): string =>
  registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`;

/** `crictl info` shows the configuration that the running containerd has. */
export const containerdCgroups = ({ cluster }: Scene): Probe => {
  const driver = cgroupDriver(cluster);
  return {
    id: 'cgroup-driver',
    title: `containerd has the cgroup driver ${driver}`,
    command: ['crictl', 'info'],
    expect: `"[sS]ystemdCgroup": ${driver === 'systemd'}`,
    within: 30,
    hint: 'runtime and kubelet must have one cgroup driver: look who else configures containerd (containerd config dump; systemctl cat containerd)',
  };
};
