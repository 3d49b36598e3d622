import { createHash, X509Certificate } from 'node:crypto';

/** `sha256:<hex>` over the SubjectPublicKeyInfo of a PEM certificate (RFC 7469), as `kubeadm join` pins it. */
export function caHash(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
