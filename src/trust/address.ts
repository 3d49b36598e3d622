import { isIPv4, isIPv6 } from 'node:net';
import { ProvisionError } from '../model/index.js';

/** The 4 or 16 bytes of an address; null when the text is none. An IPv4-mapped IPv6 address is the IPv4 one, as Go has it. */
export function addressBytes(text: string): Buffer | null {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return null;
  const [head = '', tail] = text.split('::');
  const left = groupBytes(head);
  const right = groupBytes(tail ?? '');
  const bytes = Buffer.concat([left, Buffer.alloc(16 - left.length - right.length), right]);
  const mapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  return mapped ? bytes.subarray(12) : bytes;
}

function groupBytes(groups: string): Buffer {
  if (groups === '') return Buffer.alloc(0);
  return Buffer.concat(
    groups
      .split(':')
      .map((group) =>
        isIPv4(group) ? Buffer.from(group.split('.').map(Number)) : Buffer.from(group.padStart(4, '0'), 'hex'),
      ),
  );
}

/**
 * The address of the `kubernetes` Service: network + 1 of the (first) service CIDR.
 * Source: kubeadm constants.GetAPIServerVirtualIP. Throws INVENTORY when the text is no CIDR.
 */
export function firstServiceAddress(serviceCidr: string): string {
  const [first = ''] = serviceCidr.split(',');
  const [network = '', length = ''] = first.trim().split('/');
  const bytes = addressBytes(network);
  const prefix = Number(length);
  if (bytes === null || !/^\d{1,3}$/.test(length) || prefix > bytes.length * 8) {
    throw new ProvisionError('INVENTORY', `network.serviceCidr is not a CIDR: ${serviceCidr}`);
  }
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.min(Math.max(prefix - index * 8, 0), 8)));
  const last = masked.length - 1;
  masked.set([(masked[last] ?? 0) + 1], last);
  return addressText(Buffer.from(masked));
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}
