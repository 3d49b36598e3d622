// Addresses and ranges of addresses: the one place that reads and writes them.
import { isIPv4, isIPv6 } from 'node:net';
import { ProvisionError } from './error.js';

export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Cidr {
  readonly family: 4 | 6;
  /** The first address. */
  readonly base: bigint;
  readonly prefix: number;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Null when it is no IP address. Leading zeros and zone indices are refused. */
export function parseIp(text: string): Ip | null {
  if (isIPv4(text)) return { family: 4, value: fromParts(text.split('.').map(Number), 8n) };
  if (!isIPv6(text) || text.includes('%')) return null;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = dotted
    ? `${dotted[1]}${hex(Number(dotted[2]) * 256 + Number(dotted[3]))}:${hex(Number(dotted[4]) * 256 + Number(dotted[5]))}`
    : text;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const parts = [...left, ...(tail === undefined ? [] : zeros), ...right];
  return {
    family: 6,
    value: fromParts(
      parts.map((part) => Number.parseInt(part, 16)),
      16n,
    ),
  };
}

const hex = (value: number): string => value.toString(16);
const fromParts = (parts: readonly number[], bits: bigint): bigint =>
  parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);

/** Null when it is no CIDR. Bits behind the prefix are cut off: compare with `formatCidr` to see whether there were any. */
export function parseCidr(text: string): Cidr | null {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const ip = parseIp(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (ip === null || !(prefix <= bitsOf(ip.family))) return null;
  const behind = BigInt(bitsOf(ip.family) - prefix);
  return { family: ip.family, base: (ip.value >> behind) << behind, prefix };
}

export function contains(cidr: Cidr, ip: Ip): boolean {
  if (cidr.family !== ip.family) return false;
  const behind = BigInt(bitsOf(cidr.family) - cidr.prefix);
  return cidr.base >> behind === ip.value >> behind;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, { family: b.family, value: b.base }) || contains(b, { family: a.family, value: a.base });
}

export const formatCidr = ({ family, base, prefix }: Cidr): string => `${formatIp({ family, value: base })}/${prefix}`;

/** IPv4 as usual; IPv6 as RFC 5952 has it: lower case, the longest run of zero groups as `::`. */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65_535n).toString(16)).join(
    ':',
  );
  const runs = [...groups.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return groups;
  const before = groups.slice(0, longest.index).replace(/:$/, '');
  const after = groups.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** The n-th address of a CIDR, counted from its network address: the API's Service has the 1st, DNS the 10th (kubeadm). */
export function nthAddress(cidr: string, n: number): string {
  const range = parseCidr(cidr.trim());
  if (range === null) throw new ProvisionError('INTERNAL', `not a CIDR: ${cidr}`);
  return formatIp({ family: range.family, value: range.base + BigInt(n) });
}
