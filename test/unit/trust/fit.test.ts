import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { encodeCertificate, encodeName, readCertificate } from '../../../src/trust/der.js';
import { misfit } from '../../../src/trust/fit.js';
import {
  type Identity,
  type Issuer,
  leafEnd,
  mintAuthority,
  mintLeaf,
  spkiOf,
  systemEntropy,
} from '../../../src/trust/mint.js';
import { isIssuedBy } from '../../../src/trust/pem.js';
import { now } from './fixtures.js';

const authority = (): Issuer => {
  const pair = mintAuthority('kubernetes', systemEntropy.keyNow(), now, systemEntropy);
  return { cert: new X509Certificate(pair.cert), key: createPrivateKey(pair.key.reveal()) };
};
const issuer = authority();
const identity: Identity = {
  subject: { commonName: 'someone', organization: 'somewhere' },
  usages: ['server', 'client'],
  altNames: { dns: ['b.example.org', 'a.example.org'], addresses: ['10.0.0.1', 'fd00::1'] },
};
const leaf = (changes: Partial<Identity> = {}, by = issuer) =>
  mintLeaf({ ...identity, ...changes }, systemEntropy.keyNow(), by, leafEnd(by.cert, now), systemEntropy);
const verdict = (pair: ReturnType<typeof leaf>) => misfit(pair, identity, 'ECDSA-P256', issuer, now);

test.each<[string, Partial<Identity>, string | null]>([
  ['nothing', {}, null],
  [
    'the order of its names',
    { altNames: { dns: ['a.example.org', 'b.example.org'], addresses: ['fd00:0::1', '10.0.0.1'] } },
    null,
  ],
  ['the order of its usages', { usages: ['client', 'server'] }, null],
  ['a usage too few', { usages: ['client'] }, 'other usages'],
  ['a name too many', { altNames: { ...identity.altNames, dns: [...identity.altNames.dns, 'c'] } }, 'other names'],
  [
    'an address as a name',
    { altNames: { dns: [...identity.altNames.dns, '10.0.0.1'], addresses: ['fd00::1'] } },
    'other names',
  ],
  ['no organization', { subject: { commonName: 'someone' } }, 'another subject'],
  ['another common name', { subject: { ...identity.subject, commonName: 'else' } }, 'another subject'],
])('a leaf that differs in %s', (_, changes, expected) => {
  expect(verdict(leaf(changes))).toBe(expected);
});

test('a leaf of another authority of the same name does not fit', () => {
  expect(verdict(leaf({}, authority()))).toBe('another issuer');
});

test('a leaf that names our authority and its key, but is signed by another, is not issued by ours', () => {
  const key = systemEntropy.keyNow();
  const ours = readCertificate(issuer.cert.raw);
  const forged = encodeCertificate(
    {
      serial: Buffer.from('42', 'hex'),
      issuer: ours.subject,
      subject: encodeName(identity.subject),
      notBefore: now,
      notAfter: leafEnd(issuer.cert, now),
      spki: spkiOf(key),
      usages: ['client'],
      altNames: { dns: [], addresses: [] },
      authority: false,
      issuerKeyId: ours.keyId,
    },
    'ec',
    (tbs) => sign('sha256', tbs, authority().key),
  );
  const cert = new X509Certificate(forged);
  expect(cert.checkIssued(issuer.cert)).toBe(true);
  expect(isIssuedBy(cert, issuer.cert)).toBe(false);
});
