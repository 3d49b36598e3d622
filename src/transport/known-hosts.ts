// OpenSSH's known_hosts: reading, asking, writing entries. Pure: text and keys in, verdicts and text out (sshd(8),
// "SSH_KNOWN_HOSTS FILE FORMAT"). The files themselves are read and appended to by known-hosts-files.ts.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export interface KnownHost {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: 'revoked' | 'cert-authority' | null;
  /** The names field as written: a comma list of patterns, or one hashed name. */
  readonly names: string;
  readonly type: string;
  /** The raw key blob (RFC 4253, section 6.6). */
  readonly key: Buffer;
}

export type HostKeyVerdict =
  | { readonly type: 'match'; readonly entry: KnownHost }
  /** No key of this type is known. `others`: keys of other types, or authorities, that are known for the host. */
  | { readonly type: 'unknown'; readonly others: readonly KnownHost[] }
  /** Keys of this type are known for the host, and none is this one. */
  | { readonly type: 'mismatch'; readonly entries: readonly KnownHost[] }
  | { readonly type: 'revoked'; readonly entry: KnownHost };

const MARKERS: Readonly<Record<string, 'revoked' | 'cert-authority'>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
};

/** Lines that are no entry (comments, blanks, unreadable keys, markers we do not know) are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/[ \t]+/);
    const first = words[0] ?? '';
    if (first === '' || first.startsWith('#')) return [];
    const marker = MARKERS[first] ?? null;
    if (marker === null && first.startsWith('@')) return [];
    const [names, type, encoded] = marker === null ? words : words.slice(1);
    if (names === undefined || type === undefined || encoded === undefined) return [];
    const key = Buffer.from(encoded, 'base64');
    if (keyType(key) !== type) return [];
    return [{ file, line: index + 1, marker, names, type, key }];
  });
}

/** The name that OpenSSH looks up: lower case, `[host]:port` unless the port is 22. */
export function lookupName(address: string, port: number): string {
  const name = address.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** What the known keys say of the key that a host showed. Authorities are never taken for plain keys. */
export function judgeHostKey(
  entries: readonly KnownHost[],
  address: string,
  port: number,
  key: Buffer,
): HostKeyVerdict {
  const ours = entriesFor(entries, address, port);
  const revoked = ours.find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked !== undefined) return { type: 'revoked', entry: revoked };
  const plain = ours.filter((entry) => entry.marker === null);
  const match = plain.find((entry) => entry.key.equals(key));
  if (match !== undefined) return { type: 'match', entry: match };
  const sameType = plain.filter((entry) => entry.type === keyType(key));
  if (sameType.length > 0) return { type: 'mismatch', entries: sameType };
  return { type: 'unknown', others: ours.filter((entry) => entry.marker !== 'revoked') };
}

/** Types of the plain keys known for a host, so that it can be asked for one of them first. */
export function knownKeyTypes(entries: readonly KnownHost[], address: string, port: number): readonly string[] {
  const ours = entriesFor(entries, address, port).filter((entry) => entry.marker === null);
  return [...new Set(ours.map((entry) => entry.type))];
}

export function entriesFor(entries: readonly KnownHost[], address: string, port: number): readonly KnownHost[] {
  const name = lookupName(address, port);
  return entries.filter((entry) => namesMatch(entry.names, name));
}

function namesMatch(names: string, name: string): boolean {
  if (names.startsWith('|')) return hashedNameMatches(names, name);
  const patterns = names.toLowerCase().split(',');
  // A negated pattern that matches beats every other one of its line (match_pattern_list in OpenSSH's match.c).
  if (patterns.some((p) => p.startsWith('!') && globMatches(p.slice(1), name))) return false;
  return patterns.some((p) => !p.startsWith('!') && globMatches(p, name));
}

function hashedNameMatches(names: string, name: string): boolean {
  const [, version, salt, digest] = names.split('|');
  if (version !== '1' || salt === undefined || digest === undefined) return false;
  const wanted = Buffer.from(digest, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function globMatches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  // Linear matching with one point of return: a regular expression could be made to backtrack by a hostile file.
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      from = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++from;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** The type named inside a raw key blob; empty for what is no key. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 64 || 4 + length > key.length ? '' : key.toString('latin1', 4, 4 + length);
}

/** `SHA256:` and the unpadded base64 digest, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

export interface HostKey {
  readonly address: string;
  readonly port: number;
  readonly key: Buffer;
}

/** One line for a known_hosts file, without its newline. `hashed` hides the name as HashKnownHosts does. */
export function formatEntry(host: HostKey, hashed = false): string {
  const name = lookupName(host.address, host.port);
  return `${hashed ? hashName(name) : name} ${keyType(host.key)} ${host.key.toString('base64')}`;
}

function hashName(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}
