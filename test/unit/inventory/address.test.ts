import { describe, expect, test } from '@jest/globals';
import {
  contains,
  formatCidr,
  isHostName,
  overlaps,
  parseCidr,
  parseHostPort,
  parseIp,
} from '../../../src/inventory/address.js';
import { editDistance, nearest } from '../../../src/inventory/nearest.js';

describe('addresses', () => {
  test.each([
    ['10.0.0.1', 0x0a000001n],
    ['255.255.255.255', 0xffffffffn],
    ['::', 0n],
    ['::1', 1n],
    ['fd00::1:2', (0xfdn << 120n) + 0x10002n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
    ['1::', 1n << 112n],
    ['::ffff:10.0.0.1', 0xffff0a000001n],
  ])('%s', (text, value) => expect(parseIp(text)?.value).toBe(value));

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1/8',
    'fe80::1%eth0',
    '1::2::3',
    '::g',
    ' 10.0.0.1',
  ])('not %j', (text) => expect(parseIp(text)).toBeNull());

  test.each(['a', 'A-1.example.com', '1a.b', 'x'.repeat(63)])('host name %s', (text) =>
    expect(isHostName(text)).toBe(true));
  test.each([
    '',
    'a_b',
    '-a',
    'a-',
    'a..b',
    'a.',
    '10',
    '10.0.0.256',
    'x'.repeat(64),
    `${'a.'.repeat(127)}a`.repeat(2),
  ])('no host name %s', (text) => expect(isHostName(text)).toBe(false));

  test.each([
    ['10.0.0.1', { host: '10.0.0.1', port: 9 }],
    ['a.b:1', { host: 'a.b', port: 1 }],
    ['fd00::1', { host: 'fd00::1', port: 9 }],
    ['[fd00::1]:2', { host: 'fd00::1', port: 2 }],
    ['[fd00::1]', { host: 'fd00::1', port: 9 }],
    ['a:', null],
    ['a:0', null],
    ['a:65536', null],
    ['[a]:1', null],
    ['a:1:2', null],
    [':1', null],
  ])('host and port of %s', (text, parsed) => expect(parseHostPort(text, 9)).toEqual(parsed));
});

describe('ranges', () => {
  const range = (text: string) => parseCidr(text)!;
  test.each([
    '10.0.0.0/33',
    '10.0.0.0',
    '10.0.0.0/',
    '/8',
    'x/8',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
  ])('not %s', (text) => expect(parseCidr(text)).toBeNull());
  test('bits behind the prefix are cut off', () => {
    expect(formatCidr(range('10.244.7.9/16'))).toBe('10.244.0.0/16');
    expect(formatCidr(range('fd00::9/16'))).toBe('fd00:0:0:0:0:0:0:0/16');
    expect(formatCidr(range('255.255.255.255/0'))).toBe('0.0.0.0/0');
  });
  test('the first and the last address are inside, their neighbours are not', () => {
    const inside = ['10.244.0.0', '10.244.255.255', '10.243.255.255', '10.245.0.0', '::1'];
    expect(inside.map((text) => contains(range('10.244.0.0/16'), parseIp(text)!))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
  test('overlap is the same from both sides', () => {
    const pairs = [
      ['10.0.0.0/8', '10.244.0.0/16', true],
      ['10.96.0.0/12', '10.111.0.0/16', true],
      ['10.96.0.0/12', '10.112.0.0/16', false],
      ['0.0.0.0/0', 'fd00::/8', false],
    ] as const;
    for (const [a, b, answer] of pairs) {
      expect([overlaps(range(a), range(b)), overlaps(range(b), range(a))]).toEqual([answer, answer]);
    }
  });
});

describe('did you mean', () => {
  test.each([
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('%s and %s are %i apart', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
  test('the nearest, not the first', () => expect(nearest('prot', ['part', 'port', 'proxy'])).toBe('port'));
  test('case and separators do not count', () => expect(nearest('POD_cidr', ['podCidr'])).toBe('podCidr'));
  test('what is far is not proposed', () => expect(nearest('banana', ['cluster', 'nodes'])).toBeUndefined());
  test('short words are not everything', () => expect(nearest('xyz', ['key', 'ssh'])).toBeUndefined());
});
