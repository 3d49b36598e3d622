import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { goBuilds, versions } from '../../../src/lab/components.js';
import { images, mirrorFiles } from '../../../src/lab/components-content.js';
import { forArch, mirrorPath, repositoryOf } from '../../../src/lab/mirror-layout.js';
import { leastGo } from '../../../src/lab/mirror-requirements.js';
import { buildSteps, describeLine, recipesDir } from '../../../src/lab/mirror-steps.js';
import { releaseFor } from '../../../src/release/index.js';

const goMod = (recipe: string) => readFileSync(join(recipesDir, recipe, 'go.mod'), 'utf8');

/** What `go build` names the result of a package: its last element, or the one before a major version. */
function outputName(recipe: string, path: string): string {
  if (path === '.') return recipe;
  const parts = path.split('/');
  const last = parts.at(-1) ?? '';
  return /^v\d+$/.test(last) ? (parts.at(-2) ?? '') : last;
}

const outputs = new Set(
  goBuilds.flatMap((build) =>
    build.packages.map((path) => {
      const name = outputName(build.recipe, path);
      return `${build.id}/${build.rename?.[name] ?? name}`;
    }),
  ),
);

const wanted = [
  ...mirrorFiles.flatMap((file) => {
    if (file.kind === 'binary') return [file.binary];
    return file.kind === 'tarball' ? Object.values(file.members) : [];
  }),
  ...images.flatMap((image) => Object.values(image.binaries)),
];

describe('the component tables', () => {
  test.each([...new Set(wanted)])('%s is made by a build', (binary) => {
    expect(outputs).toContain(binary);
  });

  test('every build is there for something', () => {
    const used = new Set(wanted.map((binary) => binary.split('/')[0]));
    const idle = goBuilds.map((build) => build.id).filter((id) => !used.has(id));
    expect(idle.sort()).toEqual(['crane', 'registry']); // the mirror's own tools
  });

  test('names are unique', () => {
    for (const names of [
      goBuilds.map((build) => build.id),
      mirrorFiles.map((file) => file.url),
      images.map((image) => repositoryOf(image.reference)),
      buildSteps('amd64').map((step) => step.id),
    ]) {
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    }
  });

  test('every file has a place in the mirror', () => {
    for (const file of mirrorFiles)
      expect(mirrorPath(forArch(file.url, 'arm64'))).toMatch(
        /^(dl\.k8s\.io|github\.com|raw\.githubusercontent\.com)\//,
      );
  });

  test('what is built comes before what needs it', () => {
    const ids = buildSteps('amd64').map((step) => step.id.split('-')[0]);
    const order = ['go', 'file', 'debian', 'layer', 'image'];
    const ranks = ids.map((id) => order.indexOf(id ?? ''));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });
});

describe('the recipes in lab/', () => {
  test.each(goBuilds.filter((build) => build.source.includes('@')))('$recipe pins $source', ({ recipe, source }) => {
    const [module = '', version = ''] = source.split('@');
    const pin = goMod(recipe)
      .split('\n')
      .find((line) => line.replace('require', '').trim().startsWith(`${module} v`));
    expect(pin).toContain(`${module} ${version}`);
  });

  test('each package that is built is a tool of its recipe, so that tidy keeps it', () => {
    for (const build of goBuilds) {
      for (const path of build.packages.filter((one) => one !== '.')) {
        expect(goMod(build.recipe).split(/\s+/)).toContain(path);
      }
    }
  });

  test('every staging module of Kubernetes is the twin of the same release', () => {
    const twins = [...goMod('kubernetes-1.36').matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];
    expect(twins.length).toBeGreaterThan(30);
    for (const [, from, to, version] of twins) {
      expect([to, version]).toEqual([from, `v0.${versions.kubernetes.slice(2)}`]);
    }
  });

  test('no recipe wants a newer Go than the machine is asked for', () => {
    for (const { recipe } of goBuilds) {
      const [, major = 0, minor = 0, patch = 0] = /^go (\d+)\.(\d+)\.(\d+)$/m.exec(goMod(recipe)) ?? [];
      const [a, b, c] = leastGo;
      expect(Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch)).toBeLessThanOrEqual(a * 1e6 + b * 1e3 + c);
    }
  });
});

// The product and the lab name versions in one place each; here they meet.
describe('what provision installs', () => {
  const mirrors = { artifacts: null, checksums: {}, registries: {}, imageRepository: null };
  const release = releaseFor({ version: versions.kubernetes, mirrors });
  const names = ['kubelet', 'kubeadm', 'kubectl', 'etcd', 'containerd', 'runc', 'cni-plugins', 'crictl'] as const;

  test.each([
    ...names.map((name) => release.artifact(name, 'amd64').upstream),
    release.manifests.flannel.upstream,
  ])('%s is in the mirror', (url) => {
    expect(mirrorFiles.map((file) => forArch(file.url, 'amd64'))).toContain(url);
  });

  test.each(Object.values(release.images))('%s is in the registry', (reference) => {
    expect(images.map((image) => image.reference)).toContain(reference);
  });
});

test.each([
  ['k8s.io/kubernetes/pkg/apis/core', 'compiling k8s.io/kubernetes/pkg/apis/core'],
  ['go: downloading k8s.io/api v0.36.3', 'downloading k8s.io/api v0.36.3'],
  ['Get:3 http://host bookworm/main amd64 socat', 'Get:3 http://host bookworm/main amd64 socat'],
])('describeLine(%p)', (line, detail) => {
  expect(describeLine(line)).toBe(detail);
});
