import { describe, expect, test } from '@jest/globals';
import {
  cacheKey,
  forArch,
  goArguments,
  mirrorPath,
  parseGoVersion,
  reaches,
  repositoryOf,
} from '../../../src/lab/mirror/layout.js';

describe('mirrorPath', () => {
  test('keeps host and path of an upstream URL', () => {
    expect(mirrorPath('https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet')).toBe(
      'dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet',
    );
  });

  test.each([
    'http://dl.k8s.io/a',
    'https://dl.k8s.io',
    'https://dl.k8s.io/',
    'https://dl.k8s.io/a/',
    'https://dl.k8s.io/a/../../etc/passwd',
    'https://dl.k8s.io/./a',
    'https://dl.k8s.io/%2e%2e/a',
    'https://dl.k8s.io//a',
    'https://dl.k8s.io/a?b',
    'https://dl.k8s.io/a#b',
    'https://user@dl.k8s.io/a',
    'https://dl.k8s.io/{arch}',
    'dl.k8s.io/a',
  ])('refuses %s', (url) => {
    expect(() => mirrorPath(url)).toThrow(expect.objectContaining({ code: 'LAB' }));
  });
});

describe('repositoryOf', () => {
  test.each([
    ['registry.k8s.io/kube-apiserver:v1.36.3', 'kube-apiserver:v1.36.3'],
    ['registry.k8s.io/coredns/coredns:v1.14.2', 'coredns/coredns:v1.14.2'],
    ['ghcr.io/flannel-io/flannel:v0.28.4', 'flannel-io/flannel:v0.28.4'],
  ])('%s is asked of a mirror as %s', (reference, repository) => {
    expect(repositoryOf(reference)).toBe(repository);
  });

  test.each(['kube-apiserver:v1', 'library/nginx:1', 'registry.k8s.io/pause'])('refuses %s', (reference) => {
    expect(() => repositoryOf(reference)).toThrow(expect.objectContaining({ code: 'LAB' }));
  });
});

describe('cacheKey', () => {
  const recipes = new Map([
    ['a/go.mod', 'module a'],
    ['b/go.mod', 'module b'],
  ]);
  const key = cacheKey(recipes, ['go1.26.8', 'amd64']);

  test('is short hex and does not depend on the order of the files', () => {
    expect(key).toMatch(/^[0-9a-f]{16}$/);
    expect(cacheKey(new Map([...recipes].reverse()), ['go1.26.8', 'amd64'])).toBe(key);
  });

  test.each([
    ['a changed file', new Map([...recipes, ['b/go.mod', 'module c']]), ['go1.26.8', 'amd64']],
    [
      'a renamed file',
      new Map([...recipes.entries()].map(([path, text]) => [`${path}x`, text])),
      ['go1.26.8', 'amd64'],
    ],
    ['a new file', new Map([...recipes, ['c/go.mod', '']]), ['go1.26.8', 'amd64']],
    ['another Go', recipes, ['go1.26.9', 'amd64']],
    ['another architecture', recipes, ['go1.26.8', 'arm64']],
    ['text that moved to its neighbour', recipes, ['go1.26.8a', 'md64']],
    ['a file that became a fact', new Map([...recipes].slice(0, 1)), ['b/go.mod', 'module b', 'go1.26.8', 'amd64']],
  ])('differs for %s', (_what, files, facts) => {
    expect(cacheKey(files, facts)).not.toBe(key);
  });
});

describe('Go versions', () => {
  test.each([
    ['go version go1.26.8 linux/amd64', [1, 26, 8]],
    ['go version go1.27 linux/arm64', [1, 27, 0]],
    ['go version devel +abc', undefined],
  ])('%s', (line, version) => {
    expect(parseGoVersion(line)).toEqual(version);
  });

  test.each([
    [[1, 26, 2], true],
    [[1, 26, 1], false],
    [[1, 27, 0], true],
    [[2, 0, 0], true],
    [[1, 9, 99], false],
  ])('%p reaches 1.26.2: %p', (version, enough) => {
    expect(reaches(version, [1, 26, 2])).toBe(enough);
  });
});

describe('goArguments', () => {
  test('pins, trims and strips, and gives linker flags to every package only when asked', () => {
    const build = {
      id: 'x',
      recipe: 'x',
      source: 'x@v1',
      packages: ['m/a', 'm/b'],
      tags: ['s', 't'],
      linker: ['-X m.v=1'],
    };
    const words = goArguments({ ...build, linkerForAll: true, pie: true }, '/out');
    expect(words).toEqual([
      ...['build', '-v', '-mod=readonly', '-trimpath', '-buildvcs=false', '-buildmode=pie', '-tags', 's,t'],
      ...['-ldflags', 'all=-s -w -X m.v=1', '-o', '/out/', 'm/a', 'm/b'],
    ]);
    expect(goArguments(build, '/out')).toContain('-s -w -X m.v=1');
  });
});

test('forArch fills every place', () => {
  expect(forArch('https://h/{arch}/x-{arch}', 'arm64')).toBe('https://h/arm64/x-arm64');
});
