import { describe, expect, test } from '@jest/globals';
import { contains, formatCidr, nthAddress, overlaps, parseCidr, parseIp } from '../../../src/model/index.js';

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
    expect(formatCidr(range('fd00::9/16'))).toBe('fd00::/16');
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

test.each([
  ['10.96.0.0/12', 10, '10.96.0.10'],
  ['10.96.0.0/12', 1, '10.96.0.1'],
  ['10.97.3.9/12', 1, '10.96.0.1'],
  ['192.168.255.0/24', 255, '192.168.255.255'],
  ['10.0.0.250/32', 10, '10.0.1.4'],
  ['fd00:10:96::/112', 10, 'fd00:10:96::a'],
  ['fd00::/108', 1, 'fd00::1'],
  ['2001:db8:0:1:1:1:1:0/112', 16, '2001:db8:0:1:1:1:1:10'],
  ['::/64', 0, '::'],
])('%s, address %i is %s', (cidr, n, wanted) => expect(nthAddress(cidr, n)).toBe(wanted));

test('what is no CIDR is a bug', () => expect(() => nthAddress('nonsense/8', 1)).toThrow('not a CIDR'));
