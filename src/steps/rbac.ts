import type { KubernetesObject, Release } from '../model/index.js';

// The objects by which kubeadm lets nodes join and read what they need. Source: kubernetes v1.36.3,
// cmd/kubeadm/app/phases/{bootstraptoken,kubelet,uploadconfig,kubeconfig,addons/proxy}.

const API = 'rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';
/** Every bootstrap token of ours and of kubeadm's is in this group. */
export const TOKEN_GROUP = 'system:bootstrappers:kubeadm:default-node-token';

type Subject = {
  readonly kind: 'Group' | 'User' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
};

const group = (name: string): Subject => ({ kind: 'Group', name });
const user = (name: string): Subject => ({ kind: 'User', name });
export const serviceAccount = (name: string, namespace: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  namespace,
});

export const bindCluster = (name: string, role: string, ...subjects: readonly Subject[]): KubernetesObject => ({
  apiVersion: API,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
  subjects: subjects.map(withGroup),
});

const withGroup = (subject: Subject) => (subject.kind === 'ServiceAccount' ? subject : { ...subject, apiGroup: GROUP });

/** May read one ConfigMap by name. */
const readers = (
  name: string,
  namespace: string,
  configMap: string,
  ...subjects: readonly Subject[]
): readonly KubernetesObject[] => [
  {
    apiVersion: API,
    kind: 'Role',
    metadata: { name, namespace },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap], verbs: ['get'] }],
  },
  {
    apiVersion: API,
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: GROUP, kind: 'Role', name },
    subjects: subjects.map(withGroup),
  },
];

/** Without these a bootstrap token gets nobody anywhere, and admin.conf has no rights; they go in first. */
export const bootstrapGroundwork = (): readonly KubernetesObject[] => [
  bindCluster('kubeadm:cluster-admins', 'cluster-admin', group('kubeadm:cluster-admins')),
  bindCluster('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', group(TOKEN_GROUP)),
  bindCluster(
    'kubeadm:node-autoapprove-bootstrap',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    group(TOKEN_GROUP),
  ),
];

export const rbacObjects = ({ kubelet }: Release): readonly KubernetesObject[] => [
  ...bootstrapGroundwork(),
  // The API server's client certificate names no group since 1.36.1: without this no logs, no exec.
  bindCluster('kubeadm:apiserver-kubelet-client', 'system:kubelet-api-admin', user('kube-apiserver-kubelet-client')),
  {
    apiVersion: API,
    kind: 'ClusterRole',
    metadata: { name: 'kubeadm:get-nodes' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
  },
  bindCluster('kubeadm:get-nodes', 'kubeadm:get-nodes', group(TOKEN_GROUP)),
  bindCluster(
    'kubeadm:node-autoapprove-certificate-rotation',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    group('system:nodes'),
  ),
  ...readers('kubeadm:bootstrap-signer-clusterinfo', 'kube-public', 'cluster-info', user('system:anonymous')),
  ...readers(
    'kubeadm:nodes-kubeadm-config',
    'kube-system',
    'kubeadm-config',
    group(TOKEN_GROUP),
    group('system:nodes'),
  ),
  ...readers(
    `kubeadm:${kubelet.configMap}`,
    'kube-system',
    kubelet.configMap,
    group('system:nodes'),
    group(TOKEN_GROUP),
  ),
  ...readers('kube-proxy', 'kube-system', 'kube-proxy', group(TOKEN_GROUP)),
];
