import { type CertificatePair, Secret } from '../model/index.js';
import { toYaml } from '../templates.js';

export interface KubeconfigInputs {
  readonly cluster: string;
  /** `https://host:port`, an IPv6 host in brackets. */
  readonly server: string;
  /** PEM of the cluster CA. */
  readonly ca: string;
  readonly user: string;
  readonly client: CertificatePair;
  /** Default: `<user>@<cluster>`, as kubeadm has it. */
  readonly context?: string | undefined;
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/**
 * A kubeconfig with everything embedded: the same inputs give the same bytes. Cluster, user and context are named as
 * kubeadm names them (util/kubeconfig.CreateBasic).
 */
export function kubeconfig(inputs: KubeconfigInputs): Secret {
  const { cluster, server, ca, user, client, context = `${user}@${cluster}` } = inputs;
  return new Secret(
    toYaml({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: cluster, cluster: { 'certificate-authority-data': base64(ca), server } }],
      contexts: [{ name: context, context: { cluster, user } }],
      'current-context': context,
      users: [
        {
          name: user,
          user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key.reveal()) },
        },
      ],
    }),
  );
}

/**
 * The client certificate and key of a kubeconfig's current user; null when they are not embedded.
 * Strict: our own files and kubeadm's hold each field once, at the end, in one line of base64.
 */
export function readKubeconfigPair(text: Secret): CertificatePair | null {
  const lines = text.reveal().split('\n');
  const field = (name: string): string | null => {
    const values = lines.flatMap((line) => {
      const match = /^\s+([a-z-]+): "?([A-Za-z0-9+/]+={0,2})"?\s*$/.exec(line);
      return match?.[1] === name && match[2] !== undefined ? [match[2]] : [];
    });
    const [value] = values;
    return values.length === 1 && value !== undefined ? Buffer.from(value, 'base64').toString('utf8') : null;
  };
  const cert = field('client-certificate-data');
  const key = field('client-key-data');
  return cert === null || key === null ? null : { cert, key: new Secret(key) };
}
