import { type KubernetesObject, ProvisionError, type Release } from '../model/index.js';
import { parseYamlDocuments } from '../templates.js';

/** The objects of the pod network's manifest. Throws ARTIFACT when it is none. */
export function networkManifest({ podNetwork }: Release): {
  readonly objects: readonly KubernetesObject[];
  readonly upstream: string;
} {
  if (podNetwork === null || podNetwork.text === null) {
    throw new ProvisionError('INTERNAL', "the pod network's manifest was not loaded before the plan was made", {
      said: podNetwork?.upstream,
    });
  }
  const { name, text, upstream } = podNetwork;
  const hint = 'look at the manifest: documents of Kubernetes objects, each with apiVersion, kind and metadata.name';
  let documents: readonly unknown[];
  try {
    documents = parseYamlDocuments(text);
  } catch (cause) {
    throw new ProvisionError('ARTIFACT', `the ${name} manifest is not YAML`, { said: upstream, hint, cause });
  }
  const objects = documents.filter((document) => document !== null && document !== undefined);
  if (objects.length === 0 || !objects.every(isObject)) {
    throw new ProvisionError('ARTIFACT', `the ${name} manifest holds something that is no Kubernetes object`, {
      said: upstream,
      hint,
    });
  }
  return { objects, upstream };
}

function isObject(document: unknown): document is KubernetesObject {
  const { apiVersion, kind, metadata } = (document ?? {}) as Partial<KubernetesObject>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
}
