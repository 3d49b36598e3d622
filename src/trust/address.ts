import { parseIp } from '../model/index.js';

const MAPPED = 0xffffn;

/** The 4 or 16 bytes of an address; null when the text is none. An IPv4-mapped IPv6 address is the IPv4 one, as Go has it. */
export function addressBytes(text: string): Buffer | null {
  const ip = parseIp(text);
  if (ip === null) return null;
  const size = ip.family === 4 || ip.value >> 32n === MAPPED ? 4 : 16;
  return Buffer.from(ip.value.toString(16).padStart(32, '0'), 'hex').subarray(16 - size);
}
