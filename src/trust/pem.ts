import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificatePair, Secret } from '../model/index.js';

const certificateBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;
const keyBlock = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----/;

/** A certificate and its key from texts; a word of complaint when they are no pair. */
export type Opened = { readonly cert: X509Certificate; readonly key: KeyObject } | { readonly complaint: string };

/** The pair inside one text, `null` when a block is missing. Blocks come back as they are, with a newline at the end. */
export function splitPair(text: string): CertificatePair | null {
  const cert = certificateBlock.exec(text)?.[0];
  const key = keyBlock.exec(text)?.[0];
  return cert === undefined || key === undefined ? null : { cert: `${cert}\n`, key: new Secret(`${key}\n`) };
}

export const joinPair = (pair: CertificatePair): Secret => new Secret(pair.cert + pair.key.reveal());

/** Parses both halves and sees that they belong together. The parser's words are kept out: they may quote the key. */
export function openPair(pair: CertificatePair): Opened {
  const cert = openCertificate(pair.cert);
  if (cert === null) return { complaint: 'its certificate cannot be read' };
  const key = openKey(pair.key);
  if (key === null) return { complaint: 'its key cannot be read' };
  return cert.checkPrivateKey(key) ? { cert, key } : { complaint: 'its key does not belong to its certificate' };
}

export function openCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

export function openKey(pem: Secret): KeyObject | null {
  try {
    return createPrivateKey(pem.reveal());
  } catch {
    return null;
  }
}

/** Issued, and really signed, by `issuer`, which may issue. */
export const isIssuedBy = (cert: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && cert.checkIssued(issuer) && cert.verify(issuer.publicKey);
