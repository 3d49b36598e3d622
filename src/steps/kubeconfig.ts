import { type CertificatePair, Secret } from '../model/index.js';
import { toYaml } from '../templates.js';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** A kubeconfig with everything embedded, named as kubeadm names it (util/kubeconfig.CreateBasic). */
export function kubeconfig(cluster: string, server: string, ca: string, user: string, client: CertificatePair): Secret {
  return new Secret(
    toYaml({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: cluster, cluster: { 'certificate-authority-data': base64(ca), server } }],
      contexts: [{ name: `${user}@${cluster}`, context: { cluster, user } }],
      'current-context': `${user}@${cluster}`,
      users: [
        {
          name: user,
          user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key.reveal()) },
        },
      ],
    }),
  );
}
