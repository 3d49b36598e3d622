import type { Node } from './cluster.js';
import type { Secret } from './secret.js';

export interface CertificatePair {
  /** PEM */
  readonly cert: string;
  /** PEM, PKCS#8 or PKCS#1/SEC1 as Kubernetes reads it */
  readonly key: Secret;
}

export type AuthorityName = 'ca' | 'front-proxy-ca' | 'etcd-ca';
export type CertificateName =
  | 'apiserver'
  | 'apiserver-kubelet-client'
  | 'front-proxy-client'
  | 'etcd-server'
  | 'etcd-peer'
  | 'etcd-healthcheck-client'
  | 'apiserver-etcd-client'
  | 'admin'
  | 'controller-manager'
  | 'scheduler';

/** The cluster's keys and certificates, minted on the operator's side before anything else. Reading it never mints. */
export interface Trust {
  authority(name: AuthorityName): CertificatePair;
  certificate(name: CertificateName, node: Node): CertificatePair;
  readonly serviceAccount: { readonly publicKey: string; readonly privateKey: Secret };
  /** `sha256:<hex>` over the cluster CA's SubjectPublicKeyInfo (RFC 7469), as `kubeadm join` wants it. */
  readonly caHash: string;
  /** A client certificate in system:masters for this run (1 h); minted once per process, kept nowhere. */
  superAdmin(): CertificatePair;
  /** A fresh bootstrap token `id.secret` from the CSPRNG. */
  newToken(): { readonly id: string; readonly secret: Secret };
}
