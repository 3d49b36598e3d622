import { describe, expect, test } from '@jest/globals';
import type { MachineFacts } from '../../../src/model/index.js';
import { repositoriesFor, steps } from '../../../src/steps/index.js';
import { aMachine, aMirrors, aNode } from '../../support/scene.js';
import { aScene } from './scene.js';

const CENTOS7: MachineFacts = aMachine({
  os: { id: 'centos', like: ['rhel', 'fedora'], version: '7', name: 'CentOS Linux 7 (Core)' },
  family: 'el7',
  packageManager: 'yum',
});
const node = aNode('cp-1', { roles: ['control-plane'] });
const LAB_KEY = 'A'.repeat(40);
const mirrors = aMirrors({
  preset: 'aliyun',
  artifacts: 'http://192.0.2.9:8080',
  keys: { kubernetes: [LAB_KEY], epel: [LAB_KEY] },
});

const step = steps.find(({ id }) => id === 'repositories');
if (step === undefined) throw new Error('the list has no step repositories');

describe('the base repositories', () => {
  const mirror = { ...node, system: { ...node.system, repositories: 'mirror' as const } };
  const scene = aScene({ nodes: [mirror], cluster: { mirrors } }, CENTOS7);

  test('are left alone unless the inventory says so', () => {
    expect(step.on(node, scene.cluster, 'cp-1')).toBe(false);
    expect(step.on(mirror, scene.cluster, 'cp-1')).toBe(true);
  });

  test("come through the mirror, with the publisher's keys or those of the inventory", () => {
    const wanted = step.desire(scene).map((r) => (r.kind === 'repository' ? r : null));
    expect(wanted.map((r) => [r?.id, r?.format, r?.baseUrl, r?.keyFingerprints])).toEqual([
      ...['os', 'updates', 'extras'].map((part) => [
        { os: 'base' }[part] ?? part,
        'yum',
        `http://192.0.2.9:8080/mirrors.aliyun.com/centos/7/${part}/x86_64/`,
        ['6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5'],
      ]),
      ['epel', 'yum', 'http://192.0.2.9:8080/mirrors.aliyun.com/epel/7/x86_64/', [LAB_KEY]],
    ]);
  });

  test('stay as they are where nobody has a copy: preflight has told so', () => {
    const machine = { ...CENTOS7, os: { ...CENTOS7.os, id: 'ol' } };
    expect(step.desire({ ...scene, machine })).toEqual([]);
  });

  test('are taken before the first package is installed', () => {
    const ids = steps.map(({ id }) => id);
    expect(ids.indexOf('repositories')).toBeLessThan(ids.indexOf('packages'));
  });
});

test('repositories of others hide what we install from a plain update', () => {
  const scene = aScene({ nodes: [node], cluster: { mirrors, version: '1.23.17' } }, CENTOS7);
  const [docker, kubernetes] = repositoriesFor(scene, ['docker-ce', 'kubernetes']);
  expect(docker).toMatchObject({ id: 'docker-ce', enabled: true, repoGpgcheck: false });
  expect(docker?.exclude).toContain('containerd.io');
  expect(kubernetes?.keyUrls).toEqual([
    'http://192.0.2.9:8080/mirrors.aliyun.com/kubernetes/yum/doc/yum-key.gpg',
    'http://192.0.2.9:8080/mirrors.aliyun.com/kubernetes/yum/doc/rpm-package-key.gpg',
  ]);
  expect(kubernetes?.keyFingerprints).toEqual([LAB_KEY]);
  expect(kubernetes?.exclude).toEqual(['kubelet', 'kubeadm', 'kubectl', 'cri-tools', 'kubernetes-cni']);
});

describe('in a run with a bundle', () => {
  const bundle = { origin: 'http://127.0.0.1:17117', systems: ['centos-7-amd64'] };
  const own = aScene(
    { nodes: [node], cluster: { mirrors: { ...mirrors, bundle }, version: '1.36.3', install: 'packages' } },
    CENTOS7,
  );
  const plain = aScene({ nodes: [node], cluster: { mirrors, version: '1.36.3', install: 'packages' } }, CENTOS7);
  const ids = ['repositories', 'packages', 'runtime', 'kubernetes-binaries'];
  const installing = steps.filter(({ id }) => ids.includes(id));
  const desired = (scene: typeof own) => installing.flatMap((one) => one.desire(scene));

  test('repositories are what they are without it, but for where their keys come from; nobody tries them', () => {
    const of = (scene: typeof own) => desired(scene).flatMap((r) => (r.kind === 'repository' ? [r] : []));
    const without = of(plain);
    expect(without.length).toBeGreaterThan(1);
    expect(of(own)).toEqual(
      without.map((r) => ({
        ...r,
        untried: true,
        keyUrls: r.keyUrls.map((url) => url.replace(mirrors.artifacts ?? '', bundle.origin)),
      })),
    );
  });

  test('every package comes from it', () => {
    const packages = desired(own).flatMap((r) => (r.kind === 'packages' ? [r] : []));
    expect(packages.length).toBeGreaterThan(3);
    for (const one of packages) expect(one.from).toBe('http://127.0.0.1:17117/packages/centos-7-amd64');
  });
});
