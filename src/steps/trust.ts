import {
  type CertificateName,
  isControlPlane,
  type Resource,
  type Scene,
  type Secret,
  type Step,
} from '../model/index.js';
import { kubeconfig } from '../trust/index.js';
import { ADMIN_CONF, API_PORT, CA, KUBERNETES, PKI } from './places.js';
import { directory, file, httpsUrl } from './words.js';

export const trustFiles: Step = {
  id: 'trust',
  title: 'Put keys and certificates in place',
  on: () => true,
  desire: (scene) => [
    directory(KUBERNETES),
    directory(PKI),
    ...(isControlPlane(scene.node) ? controlPlaneTree(scene) : [file(CA, scene.trust.authority('ca').cert)]),
  ],
};

/** Names under /etc/kubernetes/pki as kubeadm's certlist.go has them. */
const LEAVES: readonly [CertificateName, string][] = [
  ['apiserver', 'apiserver'],
  ['apiserver-kubelet-client', 'apiserver-kubelet-client'],
  ['apiserver-etcd-client', 'apiserver-etcd-client'],
  ['front-proxy-client', 'front-proxy-client'],
  ['etcd-server', 'etcd/server'],
  ['etcd-peer', 'etcd/peer'],
  ['etcd-healthcheck-client', 'etcd/healthcheck-client'],
];

function controlPlaneTree(scene: Scene): readonly Resource[] {
  const { trust, node } = scene;
  return [
    directory(`${PKI}/etcd`),
    ...pair('ca', trust.authority('ca')),
    ...pair('front-proxy-ca', trust.authority('front-proxy-ca')),
    ...pair('etcd/ca', trust.authority('etcd-ca')),
    ...LEAVES.flatMap(([name, path]) => pair(path, trust.certificate(name, node))),
    file(`${PKI}/sa.key`, trust.serviceAccount.privateKey, 0o600),
    file(`${PKI}/sa.pub`, trust.serviceAccount.publicKey, 0o600),
    ...kubeconfigs(scene),
  ];
}

/** The key before its certificate, as kubeadm writes them. */
const pair = (path: string, { cert, key }: ReturnType<Scene['trust']['authority']>): readonly Resource[] => [
  file(`${PKI}/${path}.key`, key, 0o600),
  file(`${PKI}/${path}.crt`, cert),
];

/** What a control plane's people use. */
export function adminKubeconfig({ trust, node, cluster }: Scene): Secret {
  return kubeconfig({
    cluster: cluster.name,
    server: httpsUrl(cluster.endpoint.host, cluster.endpoint.port),
    ca: trust.authority('ca').cert,
    user: 'kubernetes-admin',
    client: trust.certificate('admin', node),
  });
}

/** Controller manager and scheduler talk to the API server beside them, people to the endpoint. */
function kubeconfigs(scene: Scene): readonly Resource[] {
  const { trust, node, cluster } = scene;
  const ca = trust.authority('ca').cert;
  const local = httpsUrl(node.internalAddress, API_PORT);
  const made = (user: string, name: 'controller-manager' | 'scheduler') =>
    kubeconfig({ cluster: cluster.name, server: local, ca, user, client: trust.certificate(name, node) });
  return [
    file(ADMIN_CONF, adminKubeconfig(scene), 0o600),
    file(`${KUBERNETES}/controller-manager.conf`, made('system:kube-controller-manager', 'controller-manager'), 0o600),
    file(`${KUBERNETES}/scheduler.conf`, made('system:kube-scheduler', 'scheduler'), 0o600),
  ];
}
