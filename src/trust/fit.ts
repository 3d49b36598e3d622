import type { KeyObject } from 'node:crypto';
import type { CertificatePair } from '../model/index.js';
import { altNameKeys, readCertificate } from './der.js';
import { type Algorithm, backdateMs, type Identity, type Issuer, leafDays } from './mint.js';
import { isIssuedBy, openPair } from './pem.js';

const day = 86_400_000;
/** A leaf with less than this ahead of it is minted anew. */
export const renewalDays = 30;

const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** Why a stored leaf has to be minted anew; null when it is what would be minted now. */
export function misfit(
  pair: CertificatePair | undefined,
  identity: Identity,
  algorithm: Algorithm,
  issuer: Issuer,
  now: Date,
): string | null {
  if (pair === undefined) return 'missing';
  const opened = openPair(pair);
  if ('complaint' in opened) return opened.complaint;
  const { cert, key } = opened;
  const { organization, commonName } = identity.subject;
  const subject = [...(organization === undefined ? [] : [`O=${organization}`]), `CN=${commonName}`].join('\n');
  if (!isIssuedBy(cert, issuer.cert)) return 'another issuer';
  if (cert.subject !== subject) return 'another subject';
  if (!same(readCertificate(cert.raw).altNames, altNameKeys(identity.altNames))) return 'other names';
  // Node calls the extended key usages `keyUsage`.
  if (!same([...(cert.keyUsage ?? [])].sort(), identity.usages.map((name) => purposes[name]).sort())) {
    return 'other usages';
  }
  if (algorithmOf(key) !== algorithm) return 'another algorithm';
  return isRunningOut(Date.parse(cert.validTo), Date.parse(issuer.cert.validTo), now) ? 'expires soon' : null;
}

// A leaf that already ends with its issuer cannot get a longer life by being minted anew.
const isRunningOut = (end: number, issuerEnd: number, now: Date): boolean =>
  end - now.getTime() < renewalDays * day && end < Math.min(issuerEnd, now.getTime() - backdateMs + leafDays * day);

function algorithmOf(key: KeyObject): Algorithm | null {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') return 'ECDSA-P256';
  return key.asymmetricKeyType === 'rsa' && modulusLength === 2048 ? 'RSA-2048' : null;
}

const same = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((value, index) => value === right[index]);
