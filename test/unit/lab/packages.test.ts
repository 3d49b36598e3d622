import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { baseRepositories, repositoryNamed } from '../../../src/family/index.js';
import { labReleases, versionsOf } from '../../../src/lab/content/components.js';
import { mirrorContent } from '../../../src/lab/content/mirror-content.js';
import { keyUrls, packageRepositories, repositoryFiles } from '../../../src/lab/content/package-repositories.js';
import { distributionPackages, type PackageSpec } from '../../../src/lab/content/packages.js';
import { formerPatch, kubernetesPackages } from '../../../src/lab/content/packages-kubernetes.js';
import { readRootPackages, rootPackages } from '../../../src/lab/content/packages-root.js';
import { recipesDir } from '../../../src/lab/content/recipes.js';
import { mirrorPath } from '../../../src/lab/mirror/layout.js';
import { groupsOf, nfpmRecipe, packageFile } from '../../../src/lab/mirror/packages.js';
import { repositoryText } from '../../../src/lab/mirror/rpm.js';

const doubles = (names: readonly string[]): readonly string[] =>
  names.filter((name, index) => names.indexOf(name) !== index);

describe.each(labReleases)('the package repositories of %s', (release) => {
  const { repositories, builds } = mirrorContent(release);
  const specs = repositories.flatMap(({ packages }) => packages);

  test('every URL has one place in the mirror', () => {
    const urls = repositories.flatMap((repository) => repository.urls);
    const places = [...urls, ...keyUrls, ...repositoryFiles.map(({ url }) => url)].map((url) =>
      mirrorPath(url.replaceAll('{machine}', 'x86_64')),
    );
    expect(doubles(places)).toEqual([]);
  });

  test('no repository lies inside another: it would be thrown away with it', () => {
    const urls = repositories.flatMap((repository) => repository.urls);
    expect(urls.filter((url) => urls.some((other) => url !== other && url.startsWith(`${other}/`)))).toEqual([]);
  });

  test('a file name is one package', () =>
    expect(doubles(specs.map((spec) => packageFile(spec, 'amd64')))).toEqual([]));

  test('what is needed is offered', () => {
    const offered = new Set(
      specs.flatMap(({ name, provides = [] }) => [name, ...provides.map((text) => text.split(' ')[0])]),
    );
    const missing = specs
      .filter(({ format }) => format === 'rpm')
      .flatMap(({ depends = [] }) => depends.map((text) => text.split(' ')[0] ?? ''))
      .filter((name) => !offered.has(name));
    expect(missing).toEqual([]);
  });

  test('every recipe of a file and of a script is there, and every binary is built', () => {
    const ids = new Set(builds.map(({ id }) => id));
    for (const spec of specs) {
      for (const source of Object.values(spec.files ?? {})) {
        if ('recipe' in source) expect(existsSync(join(recipesDir, source.recipe))).toBe(true);
        if ('build' in source) expect(ids).toContain(source.build.split('/')[0]);
      }
      for (const script of [spec.before, spec.after]) {
        if (script !== undefined) expect(existsSync(join(recipesDir, 'packages', script))).toBe(true);
      }
    }
  });

  test('what goes by the release is kept apart from what does not', () => {
    const [shared = [], ofRelease = []] = groupsOf(specs);
    expect(new Set(ofRelease.map(({ name }) => name))).toEqual(
      new Set(['kubelet', 'kubeadm', 'kubectl', 'kubernetes-cni', 'cri-tools']),
    );
    expect(shared.length + ofRelease.length).toBe(specs.length);
  });

  test('two versions of kubelet, of which one says that it is not what it is called', () => {
    const kubelets = kubernetesPackages(versionsOf(release), 'rpm').filter(({ name }) => name === 'kubelet');
    const { kubernetes } = versionsOf(release);
    expect(kubelets.map(({ version }) => version)).toEqual([formerPatch(kubernetes), kubernetes]);
    expect(kubelets.map(({ summary }) => summary.includes('the lab’s') || summary.includes("the lab's"))).toEqual([
      true,
      false,
    ]);
  });
});

test('Kubernetes before 1.24 lies where its publisher had it, and newer ones per minor', () => {
  const versions = versionsOf('1.36');
  const urls = (kubernetes: string): readonly string[] =>
    packageRepositories({ ...versions, kubernetes }).flatMap((repository) => repository.urls);
  expect(urls('1.23.17')).toContain('https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-{machine}');
  expect(urls('1.36.3')).toContain('https://pkgs.k8s.io/core:/stable:/v1.36/rpm');
  expect(urls('1.36.3')).toContain('https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.36/deb');
  expect(urls('1.36.3').filter((url) => url.includes('kubernetes-el7'))).toEqual([]);
});

describe.each(['official', 'aliyun'] as const)('what the product asks for with mirrors: %s', (preset) => {
  const centos = (version: string, name: string) => ({
    os: { id: 'centos', like: ['rhel', 'fedora'], version, name },
    family: `el${version}`,
    arch: 'amd64' as const,
  });
  const machines = [
    centos('7', 'CentOS Linux 7 (Core)'),
    centos('8', 'CentOS Linux 8'),
    centos('9', 'CentOS Stream 9'),
  ];

  test.each(machines)('the mirror has it for $os.name', (machine) => {
    const versions = versionsOf('1.36');
    const repositories = packageRepositories(versions);
    const offered = repositories.flatMap(({ urls }) => urls.map((url) => url.replace('{machine}', 'x86_64')));
    const wanted = { machine, preset, version: versions.kubernetes };
    const sources = [
      baseRepositories(wanted),
      ...(['docker-ce', 'kubernetes', 'elrepo-kernel'] as const).map((name) => repositoryNamed(name, wanted)),
    ].flatMap((answer) => ('found' in answer ? answer.found : []));
    expect(sources.length).toBeGreaterThan(5);
    for (const { baseUrl, keyUrls: keys } of sources) {
      expect(offered).toContain(baseUrl.replace(/\/$/, ''));
      for (const key of keys) if (!key.startsWith(baseUrl)) expect(keyUrls).toContain(key);
    }
  });
});

test('what hosts come with is in the repositories, too, as it was entered there', () => {
  expect(
    readRootPackages(`# the root
bash 5.1.8-9.el9 x86_64 /bin/bash,/bin/sh
dbus 1:1.12.20-8.el9 x86_64
release 9.0-24.el9 noarch system-release=9.0,system-release(releasever)=9
`),
  ).toMatchObject([
    { name: 'bash', version: '5.1.8', release: '9.el9', provides: ['/bin/bash', '/bin/sh'] },
    { name: 'dbus', epoch: 1, version: '1.12.20', release: '8.el9' },
    { name: 'release', noarch: true, provides: ['system-release = 9.0', 'system-release(releasever) = 9'] },
  ]);
  for (const el of [7, 8, 9] as const) expect(rootPackages(el).map(({ name }) => name)).toContain('bash');
});

test('stand-ins say what they are', () => {
  for (const el of [7, 8, 9] as const) {
    for (const spec of distributionPackages(el)) {
      if (spec.files === undefined) expect(spec.summary).toMatch(/stand-in of the lab/);
    }
  }
});

describe('what nfpm is told', () => {
  const places = { debian: '/debian', binaries: '/go', secretFile: '/secret.asc' };
  const recipe = (spec: Partial<PackageSpec>) =>
    nfpmRecipe({ name: 'x', version: '1.2', release: '3.el7', format: 'rpm', summary: 'X', ...spec }, 'amd64', places);

  test.each([
    ['a built program', { build: 'kubernetes/kubelet' }, { src: '/go/kubernetes/kubelet', file_info: { mode: 0o755 } }],
    ['a file of Debian', { debian: 'socat', path: '/usr/bin/socat' }, { src: '/debian/socat/usr/bin/socat' }],
    ['a link', { link: 'y' }, { src: 'y', type: 'symlink' }],
    ['a folder', { folder: true }, { type: 'dir', file_info: { mode: 0o755 } }],
  ] as const)('%s', (_what, source, content) => {
    expect(recipe({ files: { '/usr/bin/x': source } })).toMatchObject({
      contents: [{ dst: '/usr/bin/x', ...content }],
    });
  });

  test('a wanted version is written as each package manager reads it', () => {
    const depends = ['iptables >= 1.4', 'tar'];
    expect(recipe({ depends })).toMatchObject({ depends });
    expect(recipe({ depends, format: 'deb' })).toMatchObject({ depends: ['iptables (>= 1.4)', 'tar'] });
  });

  test('what lies in /etc is the administrator’s from then on', () => {
    const files = { '/etc/x.conf': { recipe: 'packages/x' } };
    expect(recipe({ files })).toMatchObject({ contents: [{ type: 'config|noreplace' }] });
  });

  test('libraries lie where the machine’s Debian has them', () => {
    const files = { '/usr/lib/{triplet}/x.so': { debian: 'x', path: '/usr/lib/{triplet}/x.so' } };
    expect(recipe({ files })).toMatchObject({
      contents: [{ src: '/debian/x/usr/lib/x86_64-linux-gnu/x.so', dst: '/usr/lib/x86_64-linux-gnu/x.so' }],
    });
  });

  test('versions stay as they are, epochs and scripts come along, and the key signs', () => {
    expect(recipe({ epoch: 3, before: 'a.sh', noarch: true })).toMatchObject({
      ...{ arch: 'all', epoch: '3', version: '1.2', version_schema: 'none', release: '3.el7' },
      provides: ['x = 3:1.2-3.el7'],
      scripts: { preinstall: join(recipesDir, 'packages/a.sh') },
      rpm: { signature: { key_file: '/secret.asc' } },
    });
  });
});

test('file names are those of rpm and dpkg, without the epoch', () => {
  const spec = { name: 'x', epoch: 3, version: '1', release: '2', summary: '' };
  expect(packageFile({ ...spec, format: 'rpm' }, 'arm64')).toBe('x-1-2.aarch64.rpm');
  expect(packageFile({ ...spec, format: 'rpm', noarch: true }, 'arm64')).toBe('x-1-2.noarch.rpm');
  expect(packageFile({ ...spec, format: 'deb' }, 'arm64')).toBe('x_1-2_arm64.deb');
});

test('a repository file names base, key and its check', () => {
  const [file] = repositoryFiles.filter(({ url }) => url.endsWith('epel-7.repo'));
  expect(file && repositoryText(file)).toBe(
    [
      ...['[epel]', 'name=epel', 'baseurl=https://mirrors.aliyun.com/epel/7/$basearch', 'enabled=1', 'gpgcheck=1'],
      ...['gpgkey=https://mirrors.aliyun.com/epel/RPM-GPG-KEY-EPEL-7', ''],
    ].join('\n'),
  );
});
