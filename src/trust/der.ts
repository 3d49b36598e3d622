// X.509 as DER, by node-forge's ASN.1 encoder (its X.509 layer cannot hold P-256 keys). The only file with node-forge.
// It knows bytes and object identifiers; keys, clocks and Kubernetes' names are elsewhere.
import { createHash } from 'node:crypto';
import type forge from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';
import { addressBytes } from './address.js';
import type { AltNames, Subject, Usage } from './table.js';

type Asn1 = forge.asn1.Asn1;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;
const { Type } = asn1;

const oids = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  altNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

// GeneralName tags, RFC 5280 section 4.2.1.6
const dnsNameTag = 2;
const addressTag = 7;

const leaf = (type: forge.asn1.Type, bytes: Buffer): Asn1 =>
  asn1.create(UNIVERSAL, type, false, bytes.toString('latin1'));
const sequence = (...parts: Asn1[]): Asn1 => asn1.create(UNIVERSAL, Type.SEQUENCE, true, parts);
const context = (tag: number, constructed: boolean, value: string | Asn1[]): Asn1 =>
  asn1.create(CONTEXT_SPECIFIC, tag as forge.asn1.Type, constructed, value);
const oid = (dotted: string): Asn1 => asn1.create(UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
const octets = (bytes: Buffer): Asn1 => leaf(Type.OCTETSTRING, bytes);
const bits = (bytes: Buffer, unused = 0): Asn1 => leaf(Type.BITSTRING, Buffer.concat([Buffer.from([unused]), bytes]));
const encode = (node: Asn1): Buffer => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
const decode = (der: Buffer): Asn1 => asn1.fromDer(der.toString('latin1'));

const parts = (node: Asn1 | undefined): readonly Asn1[] => (Array.isArray(node?.value) ? node.value : []);
const content = (node: Asn1 | undefined): Buffer =>
  Buffer.from(typeof node?.value === 'string' ? node.value : '', 'latin1');

/** What a certificate says, before it is signed. `spki`, `issuer`: DER. */
export interface CertificateBody {
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Buffer;
  readonly usages: readonly Usage[];
  readonly altNames: AltNames;
  /** Certificates may be signed with its key. */
  readonly authority: boolean;
  /** The issuer's subject key id; null for a self-signed certificate (RFC 5280 4.2.1.1 lets it out). */
  readonly issuerKeyId: Buffer | null;
}

/** `signer`: the type of the issuer's key. `sign` gets the to-be-signed bytes. Answers the certificate's DER. */
export function encodeCertificate(body: CertificateBody, signer: 'rsa' | 'ec', sign: (tbs: Buffer) => Buffer): Buffer {
  const algorithm =
    signer === 'rsa'
      ? sequence(oid(oids.rsaWithSha256), leaf(Type.NULL, Buffer.alloc(0)))
      : sequence(oid(oids.ecdsaWithSha256));
  const tbs = sequence(
    context(0, true, [leaf(Type.INTEGER, Buffer.from([2]))]),
    leaf(Type.INTEGER, body.serial),
    algorithm,
    decode(body.issuer),
    sequence(time(body.notBefore), time(body.notAfter)),
    decode(body.subject),
    decode(body.spki),
    context(3, true, [sequence(...extensions(body))]),
  );
  return encode(sequence(tbs, algorithm, bits(sign(encode(tbs)))));
}

function extensions(body: CertificateBody): Asn1[] {
  // digitalSignature, keyEncipherment and, for an authority, keyCertSign; as kubeadm, also for EC keys.
  const usage = body.authority ? bits(Buffer.from([0xa4]), 2) : bits(Buffer.from([0xa0]), 5);
  const constraints = body.authority ? sequence(leaf(Type.BOOLEAN, Buffer.from([0xff]))) : sequence();
  const names = generalNames(body.altNames);
  return [
    extension(oids.keyUsage, true, usage),
    ...(body.usages.length === 0
      ? []
      : [extension(oids.extendedKeyUsage, false, sequence(...body.usages.map((name) => oid(oids[name]))))]),
    extension(oids.basicConstraints, true, constraints),
    extension(oids.subjectKeyId, false, octets(keyIdOf(body.spki))),
    ...(body.issuerKeyId === null
      ? []
      : [extension(oids.authorityKeyId, false, sequence(context(0, false, body.issuerKeyId.toString('latin1'))))]),
    ...(names.length === 0 ? [] : [extension(oids.altNames, false, sequence(...names))]),
  ];
}

const extension = (id: string, critical: boolean, value: Asn1): Asn1 =>
  sequence(oid(id), ...(critical ? [leaf(Type.BOOLEAN, Buffer.from([0xff]))] : []), octets(encode(value)));

const generalNames = ({ dns, addresses }: AltNames): Asn1[] => [
  ...dns.map((name) => context(dnsNameTag, false, name)),
  ...addresses.map((text) => context(addressTag, false, (addressBytes(text) ?? Buffer.alloc(0)).toString('latin1'))),
];

// RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
const time = (at: Date): Asn1 =>
  at.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(at))
    : asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(at));

/** A distinguished name as DER: organization before common name, printable strings where they can, as Go does it. */
export function encodeName({ organization, commonName }: Subject): Buffer {
  const attribute = (id: string, text: string): Asn1 => {
    const type = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text) ? Type.PRINTABLESTRING : Type.UTF8;
    return asn1.create(UNIVERSAL, Type.SET, true, [sequence(oid(id), leaf(type, Buffer.from(text, 'utf8')))]);
  };
  return encode(
    sequence(
      ...(organization === undefined ? [] : [attribute(oids.organization, organization)]),
      attribute(oids.commonName, commonName),
    ),
  );
}

/** SHA-1 of the key's bits: RFC 5280 4.2.1.2 method 1; a name for the key, not a proof of anything. */
function keyIdOf(spki: Buffer): Buffer {
  const key = parts(decode(spki))[1] as (Asn1 & { readonly bitStringContents?: string }) | undefined;
  return createHash('sha1')
    .update(Buffer.from(key?.bitStringContents ?? '', 'latin1').subarray(1))
    .digest();
}

/** What `crypto.X509Certificate` does not tell. `altNames`: canonical texts that compare, see `altNameKeys`. */
export interface CertificateReading {
  /** DER of the subject's name: an issuer is copied byte by byte, so that Go finds it again. */
  readonly subject: Buffer;
  readonly keyId: Buffer;
  readonly altNames: readonly string[];
}

export function readCertificate(der: Buffer): CertificateReading {
  // version [0], serial, algorithm, issuer, validity, subject, key, [3] extensions
  const fields = parts(parts(decode(der))[0]);
  const [subject, spki] = fields.slice(5);
  if (subject === undefined || spki === undefined) throw new Error('not an X.509 v3 certificate');
  const found = new Map<string, Buffer>();
  for (const entry of parts(parts(fields.find((f) => f.tagClass === CONTEXT_SPECIFIC && Number(f.type) === 3))[0])) {
    const [id, ...rest] = parts(entry);
    found.set(asn1.derToOid(content(id).toString('latin1')), content(rest.at(-1)));
  }
  const keyId = found.get(oids.subjectKeyId);
  const names = found.get(oids.altNames);
  return {
    subject: encode(subject),
    keyId: keyId === undefined ? keyIdOf(encode(spki)) : content(decode(keyId)),
    altNames: names === undefined ? [] : keysOf(parts(decode(names))),
  };
}

/** Names as sorted texts `<tag>:<hex>`: two certificates have the same names when these are equal. */
export const altNameKeys = (names: AltNames): readonly string[] => keysOf(generalNames(names));

const keysOf = (names: readonly Asn1[]): readonly string[] =>
  names.map((name) => `${Number(name.type)}:${content(name).toString('hex')}`).sort();
