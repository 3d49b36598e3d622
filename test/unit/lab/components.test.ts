import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  type LabRelease,
  type LabVersions,
  labRelease,
  labReleases,
  versionsOf,
} from '../../../src/lab/content/components.js';
import { type GoBuild, goBuilds } from '../../../src/lab/content/go-builds.js';
import { aliasesOf, mirrorContent } from '../../../src/lab/content/mirror-content.js';
import { recipeFiles, recipesDir } from '../../../src/lab/content/recipes.js';
import { goFolder } from '../../../src/lab/mirror/go-cache.js';
import { taggedFolders } from '../../../src/lab/mirror/kubernetes-openapi.js';
import { forArch, goArguments, mirrorPath, repositoryOf } from '../../../src/lab/mirror/layout.js';
import { leastGo } from '../../../src/lab/mirror/requirements.js';
import { buildSteps, describeLine } from '../../../src/lab/mirror/steps.js';
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
    expect(idle.sort()).toEqual(['crane', 'nfpm', 'registry']); // the mirror's own tools
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
    const order = ['go', 'file', 'debian', 'packages', 'repository', 'layer', 'image'];
    const ranks = ids.map((id) => order.indexOf(id ?? ''));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  test('it is of that minor', () => {
    expect(versionsOf(content.release).kubernetes).toMatch(
      new RegExp(`^${content.release.replace('.', '\\.')}\\.\\d+$`),
    );
  });
});

test('releases share what they have in common and nothing else', () => {
  const shared = ['agnhost', 'containerd', 'containerd-shim', 'flannel', 'flannel-cni-plugin', 'runc', 'cni-plugins'];
  for (const id of [...shared, 'crictl', 'registry', 'crane']) {
    const texts = allBuilds.filter((build) => build.id === id).map((build) => JSON.stringify(build));
    expect([id, texts.length, new Set(texts).size]).toEqual([id, labReleases.length, 1]);
  }
  for (const id of ['kubernetes', 'etcd', 'coredns']) {
    const sources = allBuilds.filter((build) => build.id === id).map((build) => build.source);
    expect([id, new Set(sources).size]).toEqual([id, labReleases.length]);
  }
});

describe('Kubernetes up to 1.23 is built in another way', () => {
  test.each([
    ['1.18', 'vendor', true],
    ['1.23', 'vendor', true],
    ['1.34', 'readonly', false],
    ['1.36', 'readonly', false],
  ] as const)('%s: -mod=%s', (release, mode, old) => {
    const build = goBuilds(versionsOf(release)).find(({ id }) => id === 'kubernetes');
    const words = goArguments(build as GoBuild, '/out');
    expect(words).toContain(`-mod=${mode}`);
    expect(words.some((word) => word.includes('-checklinkname=0'))).toBe(old);
    expect(goMod(`kubernetes-${release}`).includes('k8s.io/kube-openapi/cmd/openapi-gen')).toBe(old);
  });

  test('the generator reads every tagged package once, and no tools or examples', () => {
    const files = ['k8s.io/api/core/v1/doc.go', 'k8s.io/api/core/v1/types.go', 'k8s.io/api/apps/v1/doc.go'];
    const others = ['k8s.io/sample-apiserver/pkg/apis/x/doc.go', 'k8s.io/kube-openapi/pkg/common/common.go'];
    expect(taggedFolders([...files, ...others])).toEqual(['k8s.io/api/apps/v1', 'k8s.io/api/core/v1']);
  });
});

test.each([
  ['1.18', ['coredns:1.6.7', 'etcd:3.4.3-0', 'pause:3.2', 'kube-proxy:v1.18.20']],
  ['1.23', ['coredns/coredns:v1.8.6', 'etcd:3.5.6-0', 'pause:3.6', 'kube-proxy:v1.23.17']],
  ['1.34', ['coredns/coredns:v1.12.1', 'etcd:3.6.5-0', 'pause:3.10.1', 'kube-proxy:v1.34.3']],
  ['1.35', ['coredns/coredns:v1.13.1', 'etcd:3.6.6-0', 'pause:3.10.1', 'kube-proxy:v1.35.4']],
  ['1.36', ['coredns/coredns:v1.14.2', 'etcd:3.6.8-0', 'pause:3.10.2', 'kube-proxy:v1.36.3']],
] as const)('the images of %s have the names of its kubeadm', (release, names) => {
  const there = mirrorContent(release).images.map((image) => repositoryOf(image.reference));
  for (const name of names) expect(there).toContain(name);
});

test('etcdutl is in an etcd of 3.5 and later', () => {
  const programs = (release: LabRelease) =>
    mirrorContent(release).files.flatMap((file) =>
      file.kind === 'tarball' && file.url.includes('/etcd-io/') ? Object.values(file.members) : [],
    );
  expect(programs('1.18')).toEqual(['etcd/etcd', 'etcd/etcdctl']);
  expect(programs('1.23')).toEqual(['etcd/etcd', 'etcd/etcdctl', 'etcd/etcdutl']);
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
    const { kubernetes, staging }: LabVersions = versionsOf(release);
    const twins = [...goMod(`kubernetes-${release}`).matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
    expect(twins.length).toBeGreaterThan(20);
    for (const [, from, to, version] of twins) {
      expect([to, version]).toEqual([from, `v${staging ?? `0.${kubernetes.slice(2)}`}`]);
    }
  });

  // json-iterator writes maps through it; 1.0.1 ends with SIGSEGV at the first one when Go is 1.24 or later.
  test('no recipe has a reflect2 that does not know how Go lays out maps', () => {
    const old = allBuilds.filter(({ recipe }) => /modern-go\/reflect2 v1\.0\.[01] /.test(goMod(recipe)));
    expect(old.map(({ recipe }) => recipe)).toEqual([]);
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
  const { files, images } = mirrorContent(minor);
  // As the mirror's own list does: what is of no publisher's list has its checksum from there.
  const checksums = Object.fromEntries(files.map((file) => [forArch(file.url, 'amd64'), '0'.repeat(64)]));
  const mirrors = { ...aMirrors(), checksums };
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
