import { isIPv4, isIPv6 } from 'node:net';

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

/** IPv4 as usual; IPv6 in full groups, which is enough for a message. */
export function formatCidr(cidr: Cidr): string {
  const [bits, count, radix, joint] = cidr.family === 4 ? ([8n, 4, 10, '.'] as const) : ([16n, 8, 16, ':'] as const);
  const mask = (1n << bits) - 1n;
  const parts = Array.from({ length: count }, (_, i) => (cidr.base >> (bits * BigInt(count - 1 - i))) & mask);
  return `${parts.map((part) => part.toString(radix)).join(joint)}/${cidr.prefix}`;
}

const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** A DNS name as RFC 1123 has it. `10.0.0.256` is not one: a last part of digits only would be read as an address. */
export const isHostName = (text: string): boolean =>
  text.length <= 253 && HOST_NAME.test(text) && !/(?:^|\.)\d+$/.test(text);

export const isHost = (text: string): boolean => parseIp(text) !== null || isHostName(text);

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address; null when it is none of these. */
export function parseHostPort(text: string, defaultPort: number): { host: string; port: number } | null {
  if (parseIp(text) !== null) return { host: text, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const bracketed = match?.[1] !== undefined;
  if (port < 1 || port > 65535 || (bracketed ? parseIp(host)?.family !== 6 : !isHost(host))) return null;
  return { host, port };
}
