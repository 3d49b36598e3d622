import { type KubernetesObject, ProvisionError, type Release, type Step } from '../model/index.js';
import { parseYamlDocuments } from '../templates.js';
import { withImageNames } from './images.js';

/** The operator's own pod network, as it is written. */
export const ownNetwork: Step = {
  id: 'network',
  title: 'Connect pods with the network of the inventory',
  on: (node, cluster, leader) => cluster.network.plugin === 'manifest' && node.name === leader,
  desire: ({ release }) =>
    inOrder(
      'network',
      networkManifest(release).objects.map((object) => withImageNames(object, release)),
    ),
};

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

/** What others need first: the kinds themselves, and the namespaces. One group each, so that the second finds them known. */
export function inOrder(name: string, objects: readonly KubernetesObject[]): ReturnType<Step['desire']> {
  const isFirst = ({ kind }: KubernetesObject): boolean => kind === 'CustomResourceDefinition' || kind === 'Namespace';
  return [
    { name: `${name} definitions`, manifests: objects.filter(isFirst) },
    { name, manifests: objects.filter((object) => !isFirst(object)) },
  ]
    .filter(({ manifests }) => manifests.length > 0)
    .map((group) => ({ kind: 'objects', ...group }));
}
