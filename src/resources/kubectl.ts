import { heredoc, word, words } from './shell.js';

/** The API as this control plane's own administrator. */
export const KUBECTL = 'kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=20s';

export const listNodes = (): string => `${KUBECTL} get nodes -o json`;

/** Namespace, name, phase, ready containers and node of every pod of ours that is not well. */
export const listPods = (namespace: string): string => `${KUBECTL} get pods -n ${word(namespace)} -o json`;

export const apiReady = (): string => `${KUBECTL} get --raw '/readyz?verbose'`;

/** The objects travel on stdin: they may hold secrets. */
export const applyObjects = (json: string): string =>
  heredoc(`${KUBECTL} apply --server-side --force-conflicts --field-manager=provision -f -`, json);

/** Without the secrets: id, expiry, usages, groups and description of every bootstrap token, tab-separated, base64 each. */
export const listTokens = (): string =>
  `${KUBECTL} get secrets -n kube-system --field-selector type=bootstrap.kubernetes.io/token -o jsonpath=${word(
    '{range .items[*]}{.data.token-id}{"\\t"}{.data.expiration}{"\\t"}{.data.usage-bootstrap-authentication}{"\\t"}{.data.usage-bootstrap-signing}{"\\t"}{.data.auth-extra-groups}{"\\t"}{.data.description}{"\\n"}{end}',
  )}`;

export const deleteToken = (id: string): string =>
  `${KUBECTL} delete secret -n kube-system ${word(`bootstrap-token-${id}`)} --ignore-not-found -o name`;

/** `path base64` for each file that is there. For `state pull`: the content comes back over the SSH channel only. */
export const readFiles = (paths: readonly string[]): string =>
  `for f in ${words(paths)}; do [ ! -f "$f" ] || { printf '%s ' "$f"; b64 <"$f"; }; done`;

export function parseFiles(output: string): ReadonlyMap<string, string> {
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Buffer.from(line.slice(at + 1), 'base64').toString('utf8')];
    }),
  );
}
