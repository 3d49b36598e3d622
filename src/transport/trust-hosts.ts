// The keys that a host shows to a stranger, so that the operator can compare fingerprints before they are trusted.
// Nothing is sent to it but the key exchange: no user name, no login. (A bastion on the way is verified and logged in to.)
import { fingerprint, formatEntry, type HostKey, type HostKeyVerdict, judgeHostKey, keyType } from './known-hosts.js';
import { type BastionPool, bastionPool, type LoginWish, loginFor } from './ssh-pool.js';
import { showHostKey } from './ssh-scan.js';

export interface ScannedKey extends HostKey {
  readonly type: string;
  readonly fingerprint: string;
  /** What the inventory's known_hosts files say of it today. */
  readonly verdict: HostKeyVerdict['type'];
  /** The line that makes it known, with a plain name; `formatEntry` makes a hashed one. */
  readonly entry: string;
}

const SCANNED = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
] as const;

/** A host's keys, one of each type that it has: ed25519, ecdsa, rsa. Throws UNREACHABLE, INTERRUPTED; a bastion's own errors. */
export async function scanHostKeys(
  wish: LoginWish & { readonly bastions?: BastionPool },
): Promise<readonly ScannedKey[]> {
  const login = await loginFor(wish.bastions ?? bastionPool(), wish);
  try {
    const shown = await Promise.all(SCANNED.map((types) => login.turn(() => showHostKey(login, types))));
    const { address, port } = login.place;
    return shown
      .filter((key) => key !== null)
      .map((key) => ({
        address,
        port,
        key,
        type: keyType(key),
        fingerprint: fingerprint(key),
        verdict: judgeHostKey(login.knownHosts, address, port, key).type,
        entry: formatEntry({ address, port, key }),
      }));
  } finally {
    login.release();
  }
}
