import { isMap, isSeq, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';
import { ProvisionError } from '../model/index.js';

/** The lists of a kubeconfig whose entries have names (client-go, api/v1 Config). */
const LISTS = ['clusters', 'users', 'contexts'] as const;

/**
 * A kubeconfig with the entries of another put in: those of the same name are replaced, all else and every comment stays.
 * The other's context becomes the current one. Throws USAGE when the first is no kubeconfig.
 */
export function mergeKubeconfig(into: string, from: string): string {
  const document = parseDocument(into);
  const added = parseDocument(from);
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new ProvisionError('USAGE', 'the kubeconfig to merge into cannot be read', {
      said: document.errors[0]?.message,
      hint: 'mend it or move it away, or write a file of its own: provision kubeconfig -o FILE',
    });
  }
  for (const list of LISTS) {
    const names = entries(added.get(list));
    const kept = entries(document.get(list)).filter(
      (entry) => !names.some((other) => other.get('name') === entry.get('name')),
    );
    const merged = new YAMLSeq();
    merged.items = [...kept, ...names];
    document.set(list, merged);
  }
  document.set('current-context', added.get('current-context'));
  return document.toString({ lineWidth: 0 });
}

const entries = (list: unknown): readonly YAMLMap[] => (isSeq(list) ? (list.items as YAMLMap[]) : []);
