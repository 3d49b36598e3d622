// Image references and where their registry answers. Source: https://github.com/distribution/reference and containerd's docs/hosts.md.
import { ProvisionError } from '../model/index.js';

export interface Reference {
  /** As hosts write it: `registry.k8s.io/pause:3.10`. */
  readonly text: string;
  /** `registry.k8s.io` */
  readonly registry: string;
  /** `pause`, `coredns/coredns` */
  readonly repository: string;
  readonly tag: string;
}

/** Our own references carry a registry and a tag, always. */
export function parseReference(text: string): Reference {
  const [, registry, repository, tag] = /^([^/]+[.:][^/]*)\/([a-z0-9._/-]+):([\w][\w.-]{0,127})$/.exec(text) ?? [];
  if (registry === undefined || repository === undefined || tag === undefined) {
    throw new ProvisionError('ARTIFACT', `not an image reference with registry and tag: ${text}`, {
      hint: 'write it as registry.k8s.io/pause:3.10',
    });
  }
  return { text, registry, repository, tag };
}

/** Mirrors first, in their order, then the registry itself; Docker Hub answers under another name than its references have. */
export const endpointsOf = (
  registry: string,
  mirrors: Readonly<Record<string, readonly string[]>>,
): readonly string[] => [
  ...(mirrors[registry] ?? []),
  registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`,
];
