import { heredoc } from './shell.js';

/** No discovery cache: a question must leave nothing on the host. Before 1.19 kubectl keeps one below HOME, whatever --cache-dir says. */
const KUBECTL = 'HOME=/proc/none kubectl --cache-dir=/dev/null/none --request-timeout=20s';

/** `api …`: kubectl with the given kubeconfig path. Shell words. */
export const apiWord = (kubeconfig: string, server?: string): string =>
  `api() { ${KUBECTL} --kubeconfig=${kubeconfig}${server === undefined ? '' : ` --server=${server}`} "$@"; }`;

export const ADMIN_CONF = '/etc/kubernetes/admin.conf';
export const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';

/**
 * `apply_objects FILE`: server-side, as field manager provision, taking over fields that somebody else changed by hand.
 * An API server that has just come up refuses for a moment (namespaces, RBAC and admission are still being filled): a few tries.
 */
export const APPLY_WORD = `
apply_objects() {
  for _try in 1 2 3 4 5 6; do
    if api apply --server-side --force-conflicts --field-manager=provision -f "$1" 2>&1; then return 0; fi
    sleep 2
  done
  return 1
}`;

export const listOf = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** A private file of this run with the text; its path is `$PROVISION_TMP/<name>`. */
export const privateFile = (name: string, text: string): string =>
  heredoc(`( umask 077; cat >"$PROVISION_TMP/${name}" )`, text);
