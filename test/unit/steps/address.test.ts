import { expect, test } from '@jest/globals';
import { nthAddress } from '../../../src/steps/index.js';

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
