// Whose a public key is. Source: RFC 4880, 4.2 (headers of packets), 5.5.2 (keys), 6.2 (armor), 12.2 (fingerprints). Pure.
// A host looks once more, in shell, before it trusts one; here it is what comes into a bundle.
import { createHash } from 'node:crypto';

/** Fingerprints of the primary keys in an ASCII-armored text, 40 upper-case hex digits each. Throws when it is none. */
export function keyFingerprints(armored: string): readonly string[] {
  const blocks = [
    ...armored
      .replaceAll('\r', '')
      .matchAll(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n([\s\S]*?)^-----END PGP PUBLIC KEY BLOCK-----/gm),
  ];
  const found = blocks.flatMap(([, block = '']) => {
    // Headers end at the first empty line; the line with `=` is a checksum.
    const body = block.replace(/^(?:[^\n]+\n)*?[ \t]*\n/, '').replace(/^=.*$/m, '');
    return primaryKeys(Buffer.from(body, 'base64'));
  });
  if (found.length === 0) throw new Error('it is no ASCII-armored public key');
  return found;
}

const PUBLIC_KEY = 6;

function primaryKeys(packets: Buffer): readonly string[] {
  const keys: string[] = [];
  for (let at = 0; at < packets.length; ) {
    const { tag, start, length } = headerAt(packets, at);
    const body = packets.subarray(start, start + length);
    if (body.length < length) throw new Error('the key is cut short');
    if (tag === PUBLIC_KEY) {
      if (body[0] !== 4) throw new Error(`a key of version ${body[0]}`);
      const prefix = Buffer.from([0x99, length >> 8, length & 0xff]);
      keys.push(createHash('sha1').update(prefix).update(body).digest('hex').toUpperCase());
    }
    at = start + length;
  }
  return keys;
}

function headerAt(
  packets: Buffer,
  at: number,
): { readonly tag: number; readonly start: number; readonly length: number } {
  const first = packets.readUInt8(at);
  if (first < 0x80) throw new Error('what it holds are no packets');
  if (first < 0xc0) {
    const size = [1, 2, 4][first & 3];
    if (size === undefined) throw new Error('a packet without a length');
    return { tag: (first >> 2) & 15, start: at + 1 + size, length: packets.readUIntBE(at + 1, size) };
  }
  const tag = first & 63;
  const one = packets.readUInt8(at + 1);
  if (one < 192) return { tag, start: at + 2, length: one };
  if (one < 224) return { tag, start: at + 3, length: ((one - 192) << 8) + packets.readUInt8(at + 2) + 192 };
  if (one < 255) throw new Error('a packet in parts');
  return { tag, start: at + 6, length: packets.readUInt32BE(at + 2) };
}
