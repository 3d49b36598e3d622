import type { KubernetesObject, Step } from '../model/index.js';
import { withImageNames } from './images.js';
import { networkManifest } from './network-manifest.js';

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
