// Image references and where their registry answers. Source: https://github.com/distribution/reference and containerd's docs/hosts.md.
import { ProvisionError } from '../model/index.js';

export interface Reference {
  /** As hosts write it: `registry.k8s.io/pause:3.10`. */
  readonly text: string;
  /** `registry.k8s.io` */
  readonly registry: string;
  /** `pause`, `coredns/coredns` */
  readonly repository: string;
  /** '' beside a digest. */
  readonly tag: string;
  /** `sha256:…`: this one and no other. */
  readonly digest?: string;
}

/** Our own references carry a registry and a tag, always; others are made full before (`fullName`). */
export function parseReference(text: string): Reference {
  const [, registry, repository, tag = '', digest] =
    /^([^/]+[.:][^/]*)\/([a-z0-9._/-]+)(?::([\w][\w.-]{0,127})|@(sha256:[0-9a-f]{64}))$/.exec(text) ?? [];
  if (registry === undefined || repository === undefined) {
    throw new ProvisionError('ARTIFACT', `not an image reference with registry and tag: ${text}`, {
      hint: 'write it as registry.k8s.io/pause:3.10',
    });
  }
  return { text, registry, repository, tag, ...(digest === undefined ? {} : { digest }) };
}

/** Mirrors first, in their order, then the registry itself; Docker Hub answers under another name than its references have. */
export const endpointsOf = (
  registry: string,
  mirrors: Readonly<Record<string, readonly string[]>>,
): readonly string[] => [
  ...(mirrors[registry] ?? []),
  registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`,
];
