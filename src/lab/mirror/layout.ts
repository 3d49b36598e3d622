// Where things lie in the mirror and under which key it is cached. Pure: no file is read here.
import { createHash } from 'node:crypto';
import { ProvisionError } from '../../model/index.js';
import type { Arch } from '../content/components.js';
import type { GoBuild } from '../content/go-builds.js';

/** A URL of the table for one architecture. */
export function forArch(url: string, arch: Arch): string {
  return url.replaceAll('{arch}', arch);
}

/**
 * The path under `files/` of what upstream serves at `url`: `https://dl.k8s.io/a/b` -> `dl.k8s.io/a/b`.
 * Throws LAB on anything but a plain https URL: its path becomes a path of this machine.
 */
export function mirrorPath(url: string): string {
  const [, path] = /^https:\/\/([a-z0-9.-]+(?:\/[A-Za-z0-9._+~:-]+)+)$/.exec(url) ?? [];
  if (path === undefined || path.split('/').some((part) => /^\.+$/.test(part))) {
    throw new ProvisionError('LAB', `${url} is not a URL that the mirror can hold`, {
      hint: 'write it as https://host/path/to/file',
    });
  }
  return path;
}

/**
 * The repository and tag inside the mirror's registry: upstream's path without its host, which is what containerd asks a
 * `hosts.toml` mirror for. `registry.k8s.io/coredns/coredns:v1` -> `coredns/coredns:v1`.
 */
export function repositoryOf(reference: string): string {
  const [, path] = /^[^/]+\.[^/]+\/(.+:.+)$/.exec(reference) ?? [];
  if (path === undefined) {
    throw new ProvisionError('LAB', `${reference} is not an image name with host and tag`, {
      hint: 'write it as host/path:tag',
    });
  }
  return path;
}

/** The arguments of `go` for a build, results going into the folder `out`. */
export function goArguments(build: GoBuild, out: string): readonly string[] {
  const linker = ['-s -w', ...(build.linker ?? [])].join(' ');
  return [
    'build',
    '-v',
    `-mod=${build.lacksOpenapi === true ? 'vendor' : 'readonly'}`,
    '-trimpath',
    '-buildvcs=false',
    ...(build.pie === true ? ['-buildmode=pie'] : []),
    ...(build.tags === undefined ? [] : ['-tags', build.tags.join(',')]),
    '-ldflags',
    build.linkerForAll === true ? `all=${linker}` : linker,
    '-o',
    `${out}/`,
    ...build.packages,
  ];
}

/**
 * The name of a cache: 16 hex digits over everything that decides what the mirror contains.
 * @param recipes text by path relative to lab/
 * @param facts further strings, in order: the component tables, the Go version, the architecture …
 */
export function cacheKey(recipes: ReadonlyMap<string, string>, facts: readonly string[]): string {
  const hash = createHash('sha256');
  // Lengths keep neighbouring strings apart: ('ab', 'c') must not equal ('a', 'bc').
  const add = (text: string) => hash.update(`${Buffer.byteLength(text)}:`).update(text);
  for (const path of [...recipes.keys()].sort()) {
    add(path);
    add(recipes.get(path) ?? '');
  }
  add('');
  for (const fact of facts) add(fact);
  return hash.digest('hex').slice(0, 16);
}

/** `go version go1.26.8 linux/amd64` -> [1, 26, 8]; undefined when it is not that. */
export function parseGoVersion(line: string): readonly [number, number, number] | undefined {
  const match = /\bgo(\d+)\.(\d+)(?:\.(\d+))?/.exec(line);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** True when `version` is `least` or later. */
export function reaches(version: readonly number[], least: readonly number[]): boolean {
  for (const [index, wanted] of least.entries()) {
    const got = version[index] ?? 0;
    if (got !== wanted) return got > wanted;
  }
  return true;
}
