import {
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type CertificatePair, type PkiSettings, ProvisionError, Secret } from '../model/index.js';
import { type CertificateBody, encodeCertificate, encodeName, readCertificate } from './der.js';
import type { AltNames, Subject, Usage } from './table.js';

export type Algorithm = PkiSettings['algorithm'];

/** Where randomness comes from: an argument, so that a test can count keys and repeat bytes. */
export interface Entropy {
  readonly bytes: (size: number) => Buffer;
  /** A private key. Made in the thread pool: several at once use several cores. */
  readonly key: (algorithm: Algorithm) => Promise<KeyObject>;
  /** A P-256 private key, at once (under a millisecond). */
  readonly keyNow: () => KeyObject;
}

const generate = promisify(generateKeyPair);

export const systemEntropy: Entropy = Object.freeze({
  bytes: randomBytes,
  key: async (algorithm: Algorithm) => {
    const { privateKey } =
      algorithm === 'RSA-2048'
        ? await generate('rsa', { modulusLength: 2048, publicExponent: 0x10001 })
        : await generate('ec', { namedCurve: 'P-256' });
    return privateKey;
  },
  keyNow: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
});

/** An authority whose key is at hand. */
export interface Issuer {
  readonly cert: X509Certificate;
  readonly key: KeyObject;
}

/** Who a leaf is for and what it may do. */
export interface Identity {
  readonly subject: Subject;
  readonly usages: readonly Usage[];
  readonly altNames: AltNames;
}

const minute = 60_000;
const day = 24 * 60 * minute;

// Source: kubeadm constants.go and apis/kubeadm/v1beta4/defaults.go
export const authorityDays = 3650;
export const leafDays = 365;
/** kubeadm's CertificateBackdate: hosts whose clock is a little behind accept a fresh certificate. */
export const backdateMs = 5 * minute;

/** A self-signed authority, valid for ten years. Its name is its only alternative name, as kubeadm's. */
export function mintAuthority(commonName: string, key: KeyObject, now: Date, entropy: Entropy): CertificatePair {
  const name = encodeName({ commonName });
  const notBefore = new Date(now.getTime() - backdateMs);
  return issue(
    {
      serial: serial(entropy),
      issuer: name,
      subject: name,
      notBefore,
      notAfter: new Date(notBefore.getTime() + authorityDays * day),
      spki: spkiOf(key),
      usages: [],
      altNames: { dns: [commonName], addresses: [] },
      authority: true,
      issuerKeyId: null,
    },
    key,
    key,
  );
}

/** A leaf for `key`, valid from its issuer's first moment to `notAfter` (see `leafEnd`). */
export function mintLeaf(
  { subject, usages, altNames }: Identity,
  key: KeyObject,
  issuer: Issuer,
  notAfter: Date,
  entropy: Entropy,
): CertificatePair {
  const reading = readCertificate(issuer.cert.raw);
  return issue(
    {
      serial: serial(entropy),
      issuer: reading.subject,
      subject: encodeName(subject),
      // The issuer's, so that a clock behind ours does no harm once the issuer is accepted; as kubeadm.
      notBefore: new Date(issuer.cert.validFrom),
      notAfter,
      spki: spkiOf(key),
      usages,
      altNames,
      authority: false,
      issuerKeyId: reading.keyId,
    },
    key,
    issuer.key,
    issuer.cert,
  );
}

/** When a leaf that is minted now ends: in a year, but never after its issuer. Throws STATE when the issuer has expired. */
export function leafEnd(issuer: X509Certificate, now: Date, lifeMs = leafDays * day): Date {
  const end = Date.parse(issuer.validTo);
  if (end <= now.getTime()) {
    throw new ProvisionError('STATE', `the authority ${issuer.subject} has expired on ${issuer.validTo}`, {
      hint: 'Nothing signed by it is accepted any more; every host of the cluster needs a new authority.',
    });
  }
  return new Date(Math.min(now.getTime() - backdateMs + lifeMs, end));
}

function issue(body: CertificateBody, key: KeyObject, signer: KeyObject, issuer?: X509Certificate): CertificatePair {
  const kind = signer.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec';
  const cert = new X509Certificate(encodeCertificate(body, kind, (tbs) => sign('sha256', tbs, signer)));
  const by = issuer ?? cert;
  if (!cert.checkIssued(by) || !cert.verify(by.publicKey) || !cert.checkPrivateKey(key)) {
    throw new ProvisionError('INTERNAL', `the certificate minted for ${cert.subject} does not verify`);
  }
  return { cert: cert.toString(), key: new Secret(keyText(key)) };
}

// RFC 5280 4.1.2.2: positive, at most 20 bytes. Go refuses negative ones, so the top bit is off; the next bit is on, so
// that it is never zero and always 16 bytes.
function serial({ bytes }: Entropy): Buffer {
  const number = Buffer.from(bytes(16));
  number.writeUInt8((number.readUInt8(0) & 0x7f) | 0x40, 0);
  return number;
}

export const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
export const publicText = (key: KeyObject): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

/** `RSA PRIVATE KEY` or `EC PRIVATE KEY`, as client-go's keyutil writes them. */
export const keyText = (key: KeyObject): string =>
  key.export({ type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1', format: 'pem' }).toString();
