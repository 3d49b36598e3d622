import {
  type AuthorityName,
  type CertificateName,
  type Cluster,
  hasEtcd,
  isControlPlane,
  type Node,
  nthAddress,
} from '../model/index.js';
import { addressBytes } from './address.js';

// kubeadm's certificates as data. Source: kubernetes v1.36.3, cmd/kubeadm/app/phases/certs/certlist.go (rows),
// util/pkiutil/pki_helpers.go (names), phases/kubeconfig/kubeconfig.go (client certificates of the kubeconfigs).

export type Usage = 'server' | 'client';

export interface Subject {
  readonly organization?: string | undefined;
  readonly commonName: string;
}

/** Subject alternative names: without duplicates, DNS names sorted, addresses in order of mention, as kubeadm has them. */
export interface AltNames {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

/** Where a host keeps a pair. */
export type Place =
  | { readonly kind: 'files'; readonly cert: string; readonly key: string }
  | { readonly kind: 'kubeconfig'; readonly path: string };

export interface AuthorityRow {
  readonly name: AuthorityName;
  readonly commonName: string;
  readonly place: { readonly cert: string; readonly key: string };
}

/** A leaf. Every node that has the row gets a pair of its own: a lost host gives away nobody else's key. */
export interface CertificateRow {
  readonly name: CertificateName;
  readonly issuer: AuthorityName;
  readonly usages: readonly Usage[];
  readonly place: Place;
  readonly on: (cluster: Cluster, node: Node) => boolean;
  readonly subject: (node: Node) => Subject;
  readonly altNames: (cluster: Cluster, node: Node) => AltNames;
}

const pki = '/etc/kubernetes/pki';
const pair = (name: string) => ({ cert: `${pki}/${name}.crt`, key: `${pki}/${name}.key` });
const files = (name: string): Place => ({ kind: 'files', ...pair(name) });
const kubeconfig = (name: string): Place => ({ kind: 'kubeconfig', path: `/etc/kubernetes/${name}.conf` });
const named = (commonName: string, organization?: string) => (): Subject => ({ commonName, organization });
const namedAsNode = (node: Node): Subject => ({ commonName: node.name });
const onControlPlane = (_: Cluster, node: Node): boolean => isControlPlane(node);

export const serviceAccountPlace = Object.freeze({ privateKey: `${pki}/sa.key`, publicKey: `${pki}/sa.pub` });

export const authorityRows: readonly AuthorityRow[] = Object.freeze([
  { name: 'ca', commonName: 'kubernetes', place: pair('ca') },
  { name: 'front-proxy-ca', commonName: 'front-proxy-ca', place: pair('front-proxy-ca') },
  { name: 'etcd-ca', commonName: 'etcd-ca', place: pair('etcd/ca') },
]);

export const certificateRows: readonly CertificateRow[] = Object.freeze([
  {
    name: 'apiserver',
    issuer: 'ca',
    usages: ['server'],
    place: files('apiserver'),
    on: onControlPlane,
    subject: named('kube-apiserver'),
    altNames: apiServerNames,
  },
  {
    // No organization since 1.36.1, backported (kubernetes PR 138957): its rights come from a ClusterRoleBinding.
    ...clientRow('apiserver-kubelet-client', 'ca', 'kube-apiserver-kubelet-client'),
    place: files('apiserver-kubelet-client'),
  },
  {
    ...clientRow('front-proxy-client', 'front-proxy-ca', 'front-proxy-client'),
    place: files('front-proxy-client'),
  },
  {
    ...clientRow('apiserver-etcd-client', 'etcd-ca', 'kube-apiserver-etcd-client'),
    place: files('apiserver-etcd-client'),
  },
  etcdRow('etcd-server', 'etcd/server'),
  etcdRow('etcd-peer', 'etcd/peer'),
  {
    ...clientRow('etcd-healthcheck-client', 'etcd-ca', 'kube-etcd-healthcheck-client'),
    place: files('etcd/healthcheck-client'),
    on: hasEtcd,
  },
  {
    ...clientRow('admin', 'ca', 'kubernetes-admin', 'kubeadm:cluster-admins'),
    place: kubeconfig('admin'),
  },
  {
    ...clientRow('controller-manager', 'ca', 'system:kube-controller-manager'),
    place: kubeconfig('controller-manager'),
  },
  {
    ...clientRow('scheduler', 'ca', 'system:kube-scheduler'),
    place: kubeconfig('scheduler'),
  },
]);

function clientRow(name: CertificateName, issuer: AuthorityName, commonName: string, organization?: string) {
  return {
    name,
    issuer,
    usages: ['client'] as const,
    on: onControlPlane,
    subject: named(commonName, organization),
    altNames: () => ({ dns: [], addresses: [] }),
  };
}

function etcdRow(name: CertificateName, file: string): CertificateRow {
  return {
    name,
    issuer: 'etcd-ca',
    // The server certificate is also shown as a client's by etcd's own gateway: etcd issue 9785.
    usages: ['server', 'client'],
    place: files(file),
    on: hasEtcd,
    subject: namedAsNode,
    altNames: etcdNames,
  };
}

// Source: pkiutil.GetAPIServerAltNames
function apiServerNames(cluster: Cluster, node: Node): AltNames {
  const { dnsDomain, serviceCidr } = cluster.network;
  return altNames([
    node.name,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${dnsDomain}`,
    // kubeadm constants.GetAPIServerVirtualIP: of the first network, where there are two.
    nthAddress(serviceCidr.replace(/,.*/, ''), 1),
    node.internalAddress,
    cluster.endpoint.host,
    ...cluster.pki.certSans,
  ]);
}

// Source: pkiutil.getAltNames. Both loopbacks whatever the family: etcdctl and the probes on the host use them.
function etcdNames(_: Cluster, node: Node): AltNames {
  return altNames([node.name, 'localhost', node.internalAddress, '127.0.0.1', '::1']);
}

/** Sorts names and addresses apart and drops what is there twice, however it is spelled. */
export function altNames(mixed: readonly string[]): AltNames {
  const addresses = new Map<string, string>();
  const dns = new Set<string>();
  for (const name of mixed) {
    const bytes = addressBytes(name);
    if (bytes === null) dns.add(name);
    else if (!addresses.has(bytes.toString('hex'))) addresses.set(bytes.toString('hex'), name);
  }
  return { dns: [...dns].sort(), addresses: [...addresses.values()] };
}

export const rowsOf = (cluster: Cluster, node: Node): readonly CertificateRow[] =>
  certificateRows.filter((row) => row.on(cluster, node));

/** Every path on a host that holds a part of the trust: what a state pull fetches. Not every host has every one. */
export const remoteTrustPaths: readonly string[] = Object.freeze([
  ...authorityRows.flatMap(({ place }) => [place.cert, place.key]),
  serviceAccountPlace.privateKey,
  serviceAccountPlace.publicKey,
  ...certificateRows.flatMap(({ place }) => (place.kind === 'files' ? [place.cert, place.key] : [place.path])),
]);
