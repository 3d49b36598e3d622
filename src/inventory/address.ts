import { parseIp } from '../model/index.js';

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
