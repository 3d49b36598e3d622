import { isIPv4, isIPv6 } from 'node:net';
import { ProvisionError } from '../model/index.js';

/** The n-th address of a CIDR, counted from its network address: the API's Service has the 1st, DNS the 10th (kubeadm). */
export function nthAddress(cidr: string, n: number): string {
  const [network = '', length = ''] = cidr.split('/');
  const bits = isIPv4(network) ? 32 : isIPv6(network) ? 128 : 0;
  if (bits === 0) throw new ProvisionError('INTERNAL', `not a CIDR: ${cidr}`);
  const host = BigInt(bits) - BigInt(length);
  const value = (((bits === 32 ? parse4(network) : parse6(network)) >> host) << host) + BigInt(n);
  return bits === 32 ? print4(value) : print6(value);
}

const parse4 = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);

function parse6(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].reduce((sum, part) => sum * 65_536n + BigInt(`0x${part}`), 0n);
}

const print4 = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');

/** RFC 5952: lower case, the longest run of zero groups as `::`. */
function print6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65_535n).toString(16));
  const runs = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return groups.join(':');
  const text = groups.join(':');
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

export const isAddress6 = (text: string): boolean => isIPv6(text);
