import { describe, expect, test } from '@jest/globals';
import {
  baseRepositories,
  findFamily,
  type RepositoryName,
  type RepositorySource,
  repositoryNamed,
  type Sources,
  type Wanted,
} from '../../../src/family/index.js';
import type { MirrorPreset } from '../../../src/model/index.js';

const SYSTEMS: Readonly<Record<string, readonly [id: string, version: string, name: string]>> = {
  'CentOS 7': ['centos', '7', 'CentOS Linux 7 (Core)'],
  'CentOS 8': ['centos', '8', 'CentOS Linux 8'],
  'CentOS Stream 8': ['centos', '8', 'CentOS Stream 8'],
  'CentOS Stream 9': ['centos', '9', 'CentOS Stream 9'],
  'CentOS Stream 10': ['centos', '10', 'CentOS Stream 10 (Coughlan)'],
  'Rocky Linux 9': ['rocky', '9.4', 'Rocky Linux 9.4 (Blue Onyx)'],
  'AlmaLinux 8': ['almalinux', '8.10', 'AlmaLinux 8.10'],
  'Red Hat 9': ['rhel', '9.4', 'Red Hat Enterprise Linux 9.4 (Plow)'],
  'openEuler 22.03': ['openEuler', '22.03', 'openEuler 22.03 LTS'],
  'Debian 12': ['debian', '12', 'Debian GNU/Linux 12 (bookworm)'],
  'Debian testing': ['debian', '', 'Debian GNU/Linux trixie/sid'],
  'Ubuntu 24.04': ['ubuntu', '24.04', 'Ubuntu 24.04 LTS'],
};

function on(system: string, preset: MirrorPreset, minor = 36, arch = 'amd64'): Wanted {
  const [id = '', version = '', name = ''] = SYSTEMS[system] ?? [];
  const os = { id, version, name, like: [] };
  const packageManager = ['debian', 'ubuntu'].includes(id) ? 'apt' : 'dnf';
  return { machine: { os, family: findFamily(os, packageManager).family, arch }, preset, version: `1.${minor}.3` };
}

const told = (sources: Sources): readonly string[] =>
  'found' in sources
    ? sources.found.map(({ id, baseUrl, suite, components = [] }) =>
        [id, baseUrl, ...(suite === undefined ? [] : [suite, ...components])].join(' '),
      )
    : [sources.missing];

describe('repositories of others', () => {
  test.each<[RepositoryName, string, MirrorPreset, number, string]>([
    [
      'docker-ce',
      'CentOS 7',
      'aliyun',
      18,
      'docker-ce https://mirrors.aliyun.com/docker-ce/linux/centos/7/x86_64/stable',
    ],
    [
      'docker-ce',
      'CentOS Stream 9',
      'official',
      36,
      'docker-ce https://download.docker.com/linux/centos/9/x86_64/stable',
    ],
    [
      'docker-ce',
      'openEuler 22.03',
      'official',
      36,
      'docker-ce https://download.docker.com/linux/centos/8/x86_64/stable',
    ],
    ['docker-ce', 'Debian 12', 'official', 36, 'docker-ce https://download.docker.com/linux/debian bookworm stable'],
    [
      'docker-ce',
      'Ubuntu 24.04',
      'aliyun',
      36,
      'docker-ce https://mirrors.aliyun.com/docker-ce/linux/ubuntu noble stable',
    ],
    [
      'docker-ce',
      'Debian testing',
      'official',
      36,
      'nobody publishes the repository docker-ce for Debian GNU/Linux trixie/sid',
    ],
    [
      'kubernetes',
      'CentOS 7',
      'aliyun',
      23,
      'kubernetes https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-x86_64',
    ],
    [
      'kubernetes',
      'CentOS Stream 9',
      'aliyun',
      24,
      'kubernetes https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.24/rpm/ /',
    ],
    ['kubernetes', 'CentOS Stream 9', 'official', 36, 'kubernetes https://pkgs.k8s.io/core:/stable:/v1.36/rpm/ /'],
    ['kubernetes', 'Debian 12', 'official', 36, 'kubernetes https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /'],
    [
      'kubernetes',
      'Debian 12',
      'aliyun',
      19,
      'kubernetes https://mirrors.aliyun.com/kubernetes/apt/ kubernetes-xenial main',
    ],
    [
      'kubernetes',
      'CentOS 7',
      'official',
      23,
      'the repository of Kubernetes before 1.24 (packages.cloud.google.com) is gone, and 1.23 with it',
    ],
    [
      'elrepo-kernel',
      'CentOS 7',
      'aliyun',
      23,
      'elrepo-kernel https://mirrors.aliyun.com/elrepo/archive/kernel/el7/x86_64',
    ],
    ['elrepo-kernel', 'CentOS 7', 'official', 23, 'elrepo-kernel https://elrepo.org/linux/kernel/el7/x86_64'],
    [
      'elrepo-kernel',
      'Debian 12',
      'official',
      36,
      'nobody publishes the repository elrepo-kernel for Debian GNU/Linux 12 (bookworm)',
    ],
  ])('%s for %s, %s, 1.%d', (name, system, preset, minor, expected) => {
    expect(told(repositoryNamed(name, on(system, preset, minor)))).toEqual([expected]);
  });
});

describe("the distribution's own", () => {
  test.each<[string, MirrorPreset, readonly string[]]>([
    [
      'CentOS 7',
      'aliyun',
      [
        'base https://mirrors.aliyun.com/centos/7/os/x86_64/',
        'updates https://mirrors.aliyun.com/centos/7/updates/x86_64/',
        'extras https://mirrors.aliyun.com/centos/7/extras/x86_64/',
        'epel https://mirrors.aliyun.com/epel/7/x86_64/',
      ],
    ],
    [
      'CentOS 7',
      'official',
      [
        'base https://vault.centos.org/7.9.2009/os/x86_64/',
        'updates https://vault.centos.org/7.9.2009/updates/x86_64/',
        'extras https://vault.centos.org/7.9.2009/extras/x86_64/',
        'epel https://archives.fedoraproject.org/pub/archive/epel/7/x86_64/',
      ],
    ],
    [
      'CentOS 8',
      'aliyun',
      [
        'baseos https://mirrors.aliyun.com/centos-vault/8.5.2111/BaseOS/x86_64/os/',
        'appstream https://mirrors.aliyun.com/centos-vault/8.5.2111/AppStream/x86_64/os/',
        'extras https://mirrors.aliyun.com/centos-vault/8.5.2111/extras/x86_64/os/',
        'epel https://mirrors.aliyun.com/epel/8/Everything/x86_64/',
      ],
    ],
    [
      'CentOS Stream 8',
      'official',
      [
        'baseos https://vault.centos.org/8-stream/BaseOS/x86_64/os/',
        'appstream https://vault.centos.org/8-stream/AppStream/x86_64/os/',
        'extras https://vault.centos.org/8-stream/extras/x86_64/os/',
        'epel https://dl.fedoraproject.org/pub/epel/8/Everything/x86_64/',
      ],
    ],
    [
      'CentOS Stream 9',
      'official',
      [
        'baseos https://mirror.stream.centos.org/9-stream/BaseOS/x86_64/os/',
        'appstream https://mirror.stream.centos.org/9-stream/AppStream/x86_64/os/',
        'epel https://dl.fedoraproject.org/pub/epel/9/Everything/x86_64/',
      ],
    ],
    [
      'Rocky Linux 9',
      'aliyun',
      [
        'baseos https://mirrors.aliyun.com/rockylinux/9/BaseOS/x86_64/os/',
        'appstream https://mirrors.aliyun.com/rockylinux/9/AppStream/x86_64/os/',
        'extras https://mirrors.aliyun.com/rockylinux/9/extras/x86_64/os/',
        'epel https://mirrors.aliyun.com/epel/9/Everything/x86_64/',
      ],
    ],
    [
      'Debian 12',
      'aliyun',
      [
        'debian-base https://mirrors.aliyun.com/debian bookworm bookworm-updates main contrib non-free non-free-firmware',
        'debian-security https://mirrors.aliyun.com/debian-security bookworm-security main contrib non-free non-free-firmware',
      ],
    ],
    [
      'Ubuntu 24.04',
      'official',
      [
        'ubuntu-base https://archive.ubuntu.com/ubuntu noble noble-updates noble-security noble-backports main restricted universe multiverse',
      ],
    ],
    [
      'Red Hat 9',
      'official',
      ['no copy of the repositories of Red Hat Enterprise Linux 9.4 (Plow) (amd64) is known for mirrors: official'],
    ],
  ])('of %s, %s', (system, preset, expected) => {
    expect(told(baseRepositories(on(system, preset)))).toEqual(expected);
  });

  test('CentOS 7 had another home for arm64', () =>
    expect(baseRepositories(on('CentOS 7', 'aliyun', 23, 'arm64'))).toHaveProperty('missing'));

  test('the former files go aside with the first of them, and those of EPEL with EPEL', () => {
    const sources = baseRepositories(on('CentOS 7', 'aliyun'));
    const replaced = 'found' in sources ? sources.found.map(({ replaces }) => replaces) : [];
    expect(replaced).toEqual([['/etc/yum.repos.d/CentOS-*.repo'], [], [], ['/etc/yum.repos.d/epel*.repo']]);
  });
});

test('no key, no repository: every one has fingerprints, and https from end to end', () => {
  const all: RepositorySource[] = [];
  for (const system of Object.keys(SYSTEMS)) {
    for (const preset of ['official', 'aliyun'] as const) {
      for (const minor of [17, 23, 24, 36]) {
        const wanted = on(system, preset, minor);
        const named = (['docker-ce', 'kubernetes', 'elrepo-kernel'] as const).map((name) =>
          repositoryNamed(name, wanted),
        );
        all.push(...[...named, baseRepositories(wanted)].flatMap((s) => ('found' in s ? s.found : [])));
      }
    }
  }
  expect(all.length).toBeGreaterThan(100);
  for (const { id, baseUrl, keyUrls, keyFingerprints, keyring } of all) {
    expect([baseUrl, ...keyUrls].filter((url) => !url.startsWith('https://'))).toEqual([]);
    if (keyring !== undefined) continue;
    expect([id, keyUrls.length, keyFingerprints.length].map(Boolean)).toEqual([true, true, true]);
    for (const key of keyFingerprints) expect(key).toMatch(/^[0-9A-F]{40}$/);
  }
});
