// Docker's packages as data: the programs of Debian's docker.io, containerd and runc (and the containerd that is built here)
// under the names, versions and paths of download.docker.com. Knows nothing of where they are offered.
import type { LabVersions } from './components.js';
import { debianFiles, type EnterpriseLinux, type FileSource, type PackageSpec } from './packages.js';

/** What Debian 12 has; a version that differs is a label, for pinning to have something to choose from. */
const real = { docker: '20.10.24', containerd: '1.6.20', runc: '1.1.5' };
const dockers = ['20.10.23', real.docker];

/** The same package for one family: how its release, its architecture-neutral epoch and its scripts are. */
interface Flavour {
  readonly format: PackageSpec['format'];
  readonly dockerEpoch: { readonly engine: number; readonly cli: number };
  readonly dockerRelease: string;
  readonly containerdRelease: string;
  readonly depends: { readonly docker: readonly string[]; readonly containerd: readonly string[] };
  readonly after: string;
}

/** `3:20.10.24-3.el7`, `1.6.20-3.1.el7`: https://download.docker.com/linux/centos/7/x86_64/stable/Packages/ */
const enterprise = (el: EnterpriseLinux): Flavour => ({
  format: 'rpm',
  dockerEpoch: { engine: 3, cli: 1 },
  dockerRelease: `3.el${el}`,
  containerdRelease: `3.1.el${el}`,
  depends: {
    docker: ['container-selinux >= 2:2.74', 'libseccomp >= 2.3', 'systemd', 'iptables', 'tar', 'xz'].concat(
      'device-mapper-libs >= 1.02.90',
    ),
    containerd: ['container-selinux >= 2:2.74', 'libseccomp'],
  },
  after: 'units.sh',
});

/** `5:20.10.24~3-0~debian-bookworm`, `1.6.20-1`: https://download.docker.com/linux/debian/dists/bookworm/ */
const debian: Flavour = {
  format: 'deb',
  dockerEpoch: { engine: 5, cli: 5 },
  dockerRelease: '0~debian-bookworm',
  containerdRelease: '1',
  depends: {
    docker: ['iptables', 'libdevmapper1.02.1', 'libsystemd0', 'xz-utils', 'tar'],
    containerd: ['libseccomp2'],
  },
  after: 'started-units.sh',
};

const label = (what: string, version: string, actual: string): string =>
  version === actual ? what : `${what} (the lab's: the program is ${actual})`;

const engine = (flavour: Flavour, version: string): PackageSpec => ({
  name: 'docker-ce',
  epoch: flavour.dockerEpoch.engine,
  version: flavour.format === 'deb' ? `${version}~3` : version,
  release: flavour.dockerRelease,
  format: flavour.format,
  summary: label('Docker, the engine', version, real.docker),
  files: {
    '/usr/bin/dockerd': { debian: 'docker.io', path: '/usr/sbin/dockerd' },
    '/usr/bin/docker-proxy': { debian: 'docker.io', path: '/usr/sbin/docker-proxy' },
    '/usr/bin/docker-init': { debian: 'tini', path: '/usr/bin/tini-static' },
    '/usr/lib/systemd/system/docker.service': { recipe: 'packages/docker/docker.service' },
    '/usr/lib/systemd/system/docker.socket': { recipe: 'packages/docker/docker.socket' },
  },
  depends: [...flavour.depends.docker, 'docker-ce-cli', 'containerd.io >= 1.4.1'],
  before: 'docker/before.sh',
  after: flavour.after,
});

const cli = (flavour: Flavour, version: string): PackageSpec => ({
  name: 'docker-ce-cli',
  epoch: flavour.dockerEpoch.cli,
  version: flavour.format === 'deb' ? `${version}~3` : version,
  release: flavour.dockerRelease,
  format: flavour.format,
  summary: label('Docker, the command line', version, real.docker),
  files: debianFiles('docker.io', '/usr/bin/docker', '/usr/share/bash-completion/completions/docker'),
});

const runtime = (
  flavour: Flavour,
  version: string,
  what: string,
  files: Readonly<Record<string, FileSource>>,
): PackageSpec => ({
  name: 'containerd.io',
  version,
  release: flavour.containerdRelease,
  format: flavour.format,
  summary: what,
  files: {
    ...files,
    '/usr/lib/systemd/system/containerd.service': { recipe: 'packages/containerd/containerd.service' },
    '/etc/containerd/config.toml': { recipe: 'packages/containerd/config.toml' },
  },
  depends: flavour.depends.containerd,
  provides: ['containerd', 'runc'],
  conflicts: ['containerd', 'runc'],
  after: flavour.after,
});

const oldRuntime = (flavour: Flavour): PackageSpec =>
  runtime(flavour, real.containerd, `containerd, with runc ${real.runc}`, {
    ...debianFiles(
      'containerd',
      ...['containerd', 'containerd-shim', 'containerd-shim-runc-v1', 'containerd-shim-runc-v2', 'ctr'].map(
        (name) => `/usr/bin/${name}`,
      ),
    ),
    '/usr/bin/runc': { debian: 'runc', path: '/usr/sbin/runc' },
  });

const newRuntime = (flavour: Flavour, versions: LabVersions): PackageSpec =>
  runtime(flavour, versions.containerd, `containerd, with runc ${versions.runc}`, {
    '/usr/bin/containerd': { build: 'containerd/containerd' },
    '/usr/bin/containerd-shim-runc-v2': { build: 'containerd-shim/containerd-shim-runc-v2' },
    '/usr/bin/ctr': { build: 'containerd/ctr' },
    '/usr/bin/runc': { build: 'runc/runc' },
  });

const all = (flavour: Flavour, runtimes: readonly PackageSpec[]): readonly PackageSpec[] => [
  ...dockers.flatMap((version) => [engine(flavour, version), cli(flavour, version)]),
  ...runtimes,
];

/** Docker never made containerd 2 for 7 and 8. */
export function dockerPackages(system: EnterpriseLinux | 'debian', versions: LabVersions): readonly PackageSpec[] {
  const flavour = system === 'debian' ? debian : enterprise(system);
  const old = oldRuntime(flavour);
  return all(flavour, system === 7 || system === 8 ? [old] : [old, newRuntime(flavour, versions)]);
}
