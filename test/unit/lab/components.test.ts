import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { labRelease, labReleases, versionsOf } from '../../../src/lab/components.js';
import { aliasesOf, mirrorContent } from '../../../src/lab/components-content.js';
import { goFolder } from '../../../src/lab/go-cache.js';
import { forArch, mirrorPath, repositoryOf } from '../../../src/lab/mirror-layout.js';
import { leastGo } from '../../../src/lab/mirror-requirements.js';
import { buildSteps, describeLine } from '../../../src/lab/mirror-steps.js';
import { recipeFiles, recipesDir } from '../../../src/lab/recipes.js';
import { releaseFor, releases } from '../../../src/release/index.js';
import { aMirrors } from '../../support/scene.js';

const goMod = (recipe: string) => readFileSync(join(recipesDir, recipe, 'go.mod'), 'utf8');

/** What `go build` names the result of a package: its last element, or the one before a major version. */
function outputName(recipe: string, path: string): string {
  if (path === '.') return recipe;
  const parts = path.split('/');
  const last = parts.at(-1) ?? '';
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? '') : last;
}

const contents = labReleases.map(mirrorContent);
const allBuilds = contents.flatMap(({ builds }) => builds);

describe.each(contents)('the tables of $release', (content) => {
  const { builds, files, images } = content;
  const outputs = new Set(
    builds.flatMap((build) =>
      build.packages.map((path) => {
        const name = outputName(build.recipe, path);
        return `${build.id}/${build.rename?.[name] ?? name}`;
      }),
    ),
  );
  const wanted = [
    ...files.flatMap((file) => {
      if (file.kind === 'binary') return [file.binary];
      return file.kind === 'tarball' ? Object.values(file.members) : [];
    }),
    ...images.flatMap((image) => Object.values(image.binaries)),
  ];

  test('every binary is made by a build', () => {
    for (const binary of wanted) expect(outputs).toContain(binary);
  });

  test('every build is there for something', () => {
    const used = new Set(wanted.map((binary) => binary.split('/')[0]));
    const idle = builds.map((build) => build.id).filter((id) => !used.has(id));
    expect(idle.sort()).toEqual(['crane', 'registry']); // the mirror's own tools
  });

  test('names are unique', () => {
    for (const names of [
      builds.map((build) => build.id),
      files.map((file) => file.url),
      images.flatMap((image) => [image.reference, ...image.aliases].map(repositoryOf)),
      buildSteps(content, 'amd64').map((step) => step.id),
    ]) {
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  test('every file has a place in the mirror', () => {
    for (const file of files)
      expect(mirrorPath(forArch(file.url, 'arm64'))).toMatch(
        /^(dl\.k8s\.io|github\.com|raw\.githubusercontent\.com)\//,
      );
  });

  test('what is built comes before what needs it', () => {
    const ids = buildSteps(content, 'amd64').map((step) => step.id.split('-')[0]);
    const order = ['go', 'file', 'debian', 'layer', 'image'];
    const ranks = ids.map((id) => order.indexOf(id ?? ''));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  test('it is of that minor', () => {
    expect(versionsOf(content.release).kubernetes).toMatch(
      new RegExp(`^${content.release.replace('.', '\\.')}\\.\\d+$`),
    );
  });
});

test('a release that the lab has not is refused with those it has', () => {
  expect(labRelease('1.36')).toBe('1.36');
  expect(() => labRelease('1.36.3')).toThrow(
    expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('1.36') }),
  );
});

test.each([
  ['registry.k8s.io/kube-proxy:v1.36.3', ['registry.aliyuncs.com/google_containers/kube-proxy:v1.36.3']],
  ['registry.k8s.io/coredns/coredns:v1.14.2', ['registry.aliyuncs.com/google_containers/coredns:v1.14.2']],
  ['registry.k8s.io/coredns:1.6.7', ['registry.aliyuncs.com/google_containers/coredns:1.6.7']],
  ['registry.k8s.io/e2e-test-images/agnhost:2.63.0', []],
  ['ghcr.io/flannel-io/flannel:v0.28.4', []],
])('%s is at Aliyun as %p', (reference, aliases) => {
  expect(aliasesOf(reference)).toEqual(aliases);
});

describe('where the results of a build are kept', () => {
  const machine = { cacheDir: '/c', arch: 'amd64', goVersion: 'go1.26.8' } as const;
  const build = { id: 'pause', recipe: 'pause', source: 's', packages: ['.'] };

  test('equal builds share them', async () => {
    expect(await goFolder(build, machine)).toMatch(/^go-pause-[0-9a-f]{16}$/);
    expect(await goFolder({ ...build }, { ...machine, cacheDir: '/elsewhere' })).toBe(await goFolder(build, machine));
  });

  test.each([
    ['other flags', { ...build, linker: ['-X a=b'] }, machine],
    ['another recipe', { ...build, recipe: 'registry' }, machine],
    ['another Go', build, { ...machine, goVersion: 'go1.26.9' }],
    ['another architecture', build, { ...machine, arch: 'arm64' } as const],
  ])('%s has its own', async (_what, other, there) => {
    expect(await goFolder(other, there)).not.toBe(await goFolder(build, machine));
  });
});

describe('the recipes in lab/', () => {
  const pinned = allBuilds.filter((build) => build.source.includes('@'));
  test.each([
    ...new Map(pinned.map((build) => [build.recipe + build.source, build])).values(),
  ])('$recipe pins $source', ({ recipe, source }) => {
    const [module = '', version = ''] = source.split('@');
    const pin = goMod(recipe)
      .split('\n')
      .find((line) => line.replace('require', '').trim().startsWith(`${module} v`));
    expect(pin).toContain(`${module} ${version}`);
  });

  test('each package that is built is a tool of its recipe, so that tidy keeps it', () => {
    for (const build of allBuilds) {
      for (const path of build.packages.filter((one) => one !== '.')) {
        expect(goMod(build.recipe).split(/\s+/)).toContain(path);
      }
    }
  });

  test('a recipe is read whole, and its files do not depend on who else is read', async () => {
    const files = await recipeFiles(['pause', 'registry', 'pause']);
    expect([...files.keys()].sort()).toEqual([
      ...['pause/go.mod', 'pause/main.go'],
      ...['registry/go.mod', 'registry/go.sum', 'registry/main.go'],
    ]);
  });

  test.each(labReleases)('every staging module of Kubernetes %s is the twin of the same release', (release) => {
    const twins = [...goMod(`kubernetes-${release}`).matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
    expect(twins.length).toBeGreaterThan(20);
    for (const [, from, to, version] of twins) {
      expect([to, version]).toEqual([from, `v0.${versionsOf(release).kubernetes.slice(2)}`]);
    }
  });

  test('no recipe wants a newer Go than the machine is asked for', () => {
    for (const { recipe } of allBuilds) {
      const [, major = 0, minor = 0, patch = 0] = /^go (\d+)\.(\d+)\.(\d+)$/m.exec(goMod(recipe)) ?? [];
      const [a, b, c] = leastGo;
      expect(Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch)).toBeLessThanOrEqual(a * 1e6 + b * 1e3 + c);
    }
  });
});

const fail = (): never => {
  throw new Error('no pod network at all');
};

// The product and the lab name versions in one place each; here they meet.
describe.each(labReleases.filter((release) => release in releases))('what provision installs for %s', (minor) => {
  const mirrors = aMirrors();
  const { files, images } = mirrorContent(minor);
  const release = releaseFor({ version: versionsOf(minor).kubernetes, mirrors, runtime: 'containerd' });
  const names = ['kubelet', 'kubeadm', 'kubectl', 'etcd', 'containerd', 'runc', 'cni-plugins', 'crictl'] as const;
  const podNetworkOf = (plugin: 'flannel' | 'calico') => {
    const version = versionsOf(minor).kubernetes;
    // A release that calico does not go with has flannel's.
    return (
      releaseFor({ version, mirrors, runtime: 'containerd', network: { plugin, manifest: null } }).podNetwork ??
      release.podNetwork ??
      fail()
    );
  };

  test.each([
    ...names.map((name) => release.artifact(name, 'amd64').upstream),
    ...(['flannel', 'calico'] as const).map((plugin) => podNetworkOf(plugin).upstream),
  ])('%s is in the mirror', (url) => {
    expect(files.map((file) => forArch(file.url, 'amd64'))).toContain(url);
  });

  // calico's programs are no Go module that can be built: its manifest is applied in the lab, and its pods have no image there.
  test.each(
    Object.values(release.images).filter((image) => !image.includes('/calico/')),
  )('%s is in the registry', (reference) => {
    expect(images.map((image) => repositoryOf(image.reference))).toContain(repositoryOf(reference));
  });
});

test.each([
  ['k8s.io/kubernetes/pkg/apis/core', 'compiling k8s.io/kubernetes/pkg/apis/core'],
  ['go: downloading k8s.io/api v0.36.3', 'downloading k8s.io/api v0.36.3'],
  ['Get:3 http://host bookworm/main amd64 socat', 'Get:3 http://host bookworm/main amd64 socat'],
])('describeLine(%p)', (line, detail) => {
  expect(describeLine(line)).toBe(detail);
});
