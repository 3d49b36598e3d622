// Plain files in a POSIX tar (pax when a name is long), written and read as streams. Sources: pax, IEEE Std 1003.1-2017,
// "ustar Interchange Format" and "pax Extended Header". Knows nothing of what the files are.
import type { FileHandle } from 'node:fs/promises';
import { ProvisionError } from '../model/index.js';

const BLOCK = 512;
/** Bytes of the name field; size has eleven octal digits. */
const NAME_BYTES = 100;
const MOST_OCTAL = 8 ** 11 - 1;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin in the archive. */
  readonly offset: number;
}

/** Zeros that fill the last block of a file. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** Two blocks of zeros end an archive; tar(1) writes, and `tar --delete` needs, whole records of 20 blocks. */
export const endAfter = (written: number): Buffer =>
  Buffer.alloc(2 * BLOCK + ((20 * BLOCK - ((written + 2 * BLOCK) % (20 * BLOCK))) % (20 * BLOCK)));

/** The blocks before a file's bytes. The same name and size give the same blocks: no time, owner 0, mode 0644. */
export function tarHeader(name: string, size: number): Buffer {
  if (name === '' || name.includes('\0') || name.startsWith('/') || name.split('/').includes('..')) {
    throw new ProvisionError('INTERNAL', `not a name for a file in an archive: ${JSON.stringify(name)}`);
  }
  const records = [
    // The header's own name field is ASCII.
    ...(name.length > NAME_BYTES || /[^ -~]/.test(name) ? [paxRecord('path', name)] : []),
    ...(size > MOST_OCTAL ? [paxRecord('size', String(size))] : []),
  ].join('');
  if (records === '') return ustar(name, size, '0');
  const body = Buffer.from(records);
  return Buffer.concat([
    ustar('pax_header', body.length, 'x'),
    body,
    Buffer.alloc(paddingOf(body.length)),
    // Whoever knows no pax sees this name.
    ustar(name.replace(/[^ -~]/g, '_').slice(0, NAME_BYTES), Math.min(size, MOST_OCTAL), '0'),
  ]);
}

/** `LENGTH key=value\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

function ustar(name: string, size: number, type: '0' | 'x'): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, NAME_BYTES, 'latin1');
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(sumField(sumOf(block)), 148);
  return block;
}

const sumField = (sum: number): string => `${sum.toString(8).padStart(6, '0')}\0 `;
const sumOf = (block: Buffer): number => block.reduce((sum, byte) => sum + byte, 0);

/** Sum of a header as it is defined: with spaces where the sum itself stands. */
const sumWithoutSum = (block: Buffer): number => sumOf(block) - sumOf(block.subarray(148, 156)) + 8 * ' '.charCodeAt(0);

/**
 * The files of an archive, in their order, without reading them. Throws ARTIFACT on anything that is no archive of plain files, is cut
 * short, or has anything behind its end.
 */
export async function readTar(handle: FileHandle, file: string): Promise<readonly TarEntry[]> {
  const { size: total } = await handle.stat();
  const entries: TarEntry[] = [];
  let pax: ReadonlyMap<string, string> = new Map();
  let at = 0;
  let before = 'its beginning';
  const damaged = (what: string): ProvisionError =>
    new ProvisionError('ARTIFACT', `${file} is damaged after ${before}: ${what}`, {
      hint: 'copy it again from where it was made, or make it again: provision bundle create',
    });
  for (;;) {
    const block = await readAt(handle, at, BLOCK);
    if (block.length < BLOCK) throw damaged('it is cut short');
    if (block.every((byte) => byte === 0)) break;
    if (block.toString('latin1', 148, 156) !== sumField(sumWithoutSum(block))) {
      throw damaged('the header of the next file is not what it was');
    }
    const type = block.toString('latin1', 156, 157);
    const size = Number(pax.get('size') ?? Number.parseInt(block.toString('latin1', 124, 135), 8));
    const name = pax.get('path') ?? nameIn(block);
    const offset = at + BLOCK;
    at = offset + size + paddingOf(size);
    if (!Number.isSafeInteger(at) || at > total) throw damaged(`${name} is cut short`);
    if (type === 'x') {
      const body = await readAt(handle, offset, size + paddingOf(size));
      if (!body.subarray(size).every((byte) => byte === 0)) throw damaged('a long name is not what it was');
      pax = paxOf(body.subarray(0, size).toString('utf8'));
    } else if (type === '0' || type === '\0') {
      entries.push({ name, size, offset });
      pax = new Map();
      before = name;
    } else throw damaged(`${name} is no plain file`);
  }
  for (; at < total; at += BLOCK) {
    if (!(await readAt(handle, at, BLOCK)).every((byte) => byte === 0)) throw damaged('something lies behind its end');
  }
  return entries;
}

export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function nameIn(block: Buffer): string {
  const text = (from: number, to: number): string => block.toString('utf8', from, to).replace(/\0.*$/s, '');
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 500) : '';
  return prefix === '' ? text(0, NAME_BYTES) : `${prefix}/${text(0, NAME_BYTES)}`;
}

function paxOf(text: string): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    const [, length = '', key = ''] = /^(\d+) ([^=]+)=/.exec(bytes.toString('utf8')) ?? [];
    if (length === '' || Number(length) > bytes.length || Number(length) === 0) return records;
    const record = bytes.subarray(0, Number(length)).toString('utf8');
    records.set(key, record.slice(record.indexOf('=') + 1, -1));
    bytes = bytes.subarray(Number(length));
  }
  return records;
}
