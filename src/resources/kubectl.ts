import type { Secret } from '../model/index.js';
import { ADMIN_CONF, apiWord } from './kubectl-words.js';
import { heredoc, word, words } from './shell.js';

/** Questions to the API, asked on a control plane as its own administrator. */
const asAdmin = (question: string): string => `${apiWord(ADMIN_CONF)}\n${question}`;

export const listNodes = (): string => asAdmin('api get nodes -o json');

/** Namespace, name, phase, ready containers and node of every pod of ours that is not well. */
export const listPods = (namespace: string): string => asAdmin(`api get pods -n ${word(namespace)} -o json`);

/** `ok` from every release; what is added with `verbose` was worded otherwise before 1.20 (pkg/server/healthz/healthz.go of k8s.io/apiserver). */
export const apiReady = (): string => asAdmin('api get --raw /readyz 2>&1 || true');

/** The objects travel on stdin: they may hold secrets. */
export const applyObjects = (json: string): string =>
  asAdmin(heredoc('api apply --server-side --force-conflicts --field-manager=provision -f -', json));

/** Without the secrets: id, expiry, usages, groups and description of every bootstrap token, tab-separated, base64 each. */
export const listTokens = (): string =>
  asAdmin(
    `api get secrets -n kube-system --field-selector type=bootstrap.kubernetes.io/token -o jsonpath=${word(
      '{range .items[*]}{.data.token-id}{"\\t"}{.data.expiration}{"\\t"}{.data.usage-bootstrap-authentication}{"\\t"}{.data.usage-bootstrap-signing}{"\\t"}{.data.auth-extra-groups}{"\\t"}{.data.description}{"\\n"}{end}',
    )}`,
  );

export const deleteToken = (id: string): string =>
  asAdmin(`api delete secret -n kube-system ${word(`bootstrap-token-${id}`)} --ignore-not-found -o name`);

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

export interface NewBootstrapToken {
  readonly id: string;
  readonly secret: Secret;
  /** RFC 3339; null: never. */
  readonly expires: string | null;
  readonly description: string;
  /** `signing`: the controller signs cluster-info with it, so that a stock `kubeadm join` may discover the CA by it. */
  readonly usages: readonly ('authentication' | 'signing')[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** The Secret that is a bootstrap token, as kubeadm makes them (cmd/kubeadm/app/apis/bootstraptoken/v1/utils.go). It holds the token. */
export const bootstrapTokenManifest = (token: NewBootstrapToken): unknown => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: `bootstrap-token-${token.id}`,
    namespace: 'kube-system',
    ...(token.labels === undefined ? {} : { labels: token.labels }),
  },
  type: 'bootstrap.kubernetes.io/token',
  stringData: {
    'token-id': token.id,
    'token-secret': token.secret.reveal(),
    ...(token.expires === null ? {} : { expiration: token.expires }),
    description: token.description,
    ...Object.fromEntries(token.usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
  },
});
