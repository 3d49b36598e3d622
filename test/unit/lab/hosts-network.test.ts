import { describe, expect, test } from '@jest/globals';
import { chooseSlot, hostNetwork, labNetwork, overlapsLab, subnet } from '../../../src/lab/hosts/network.js';
import { isOfLab } from '../../../src/lab/hosts/wiring.js';
import { checkLabName } from '../../../src/lab/record.js';

describe('addresses', () => {
  test('the default lab has the addresses of the committed inventory', () => {
    const network = labNetwork('lab', chooseSlot('lab', new Map()));
    expect(network).toMatchObject({ cidr: '10.201.0.0/24', gateway: '10.201.0.1', uplink: 'plab0' });
    expect([1, 2, 3].map((n) => hostNetwork('lab', network, n).address)).toEqual([
      '10.201.0.11',
      '10.201.0.12',
      '10.201.0.13',
    ]);
  });

  test('a subnet given in the middle counts from its beginning, across byte borders', () => {
    const network = labNetwork('x', 3, '172.20.5.77/20');
    expect(network.gateway).toBe('172.20.0.1');
    expect(hostNetwork('x', network, 250).address).toBe('172.20.1.4');
  });

  test('no host gets the broadcast address or one outside', () => {
    const network = labNetwork('x', 3, '10.9.8.0/27');
    expect(hostNetwork('x', network, 20).address).toBe('10.9.8.30');
    expect(() => hostNetwork('x', network, 21)).toThrow(/no address in 10\.9\.8\.0\/27/);
  });

  test('every host of every lab has a MAC address of its own, the same each time', () => {
    const macs = [0, 1, 249].flatMap((slot) =>
      [1, 2, 255, 256, 300].map((n) => hostNetwork('x', labNetwork('x', slot, '10.0.0.0/16'), n).mac),
    );
    expect(new Set(macs).size).toBe(macs.length);
    expect(macs[0]).toBe('02:50:4c:00:00:01');
  });

  test.each(['10.0.0.0', '10.0.0.256/24', '10.0.0.0/33', '10.0.0.0/28', 'fd00::/64', ''])('%p is no subnet', (cidr) => {
    expect(() => subnet(cidr)).toThrow(/is not an IPv4 subnet/);
  });
});

describe('labs beside each other', () => {
  test('the lowest free slot, and never that of the default lab', () => {
    expect(chooseSlot('a', new Map())).toBe(1);
    expect(
      chooseSlot(
        'a',
        new Map([
          [1, 'b'],
          [3, 'c'],
        ]),
      ),
    ).toBe(2);
    expect(chooseSlot('lab', new Map([[1, 'b']]))).toBe(0);
  });

  test('no slot is left', () => {
    const taken = new Map(Array.from({ length: 249 }, (_, index) => [index + 1, 'x']));
    expect(() => chooseSlot('a', taken)).toThrow(/taken/);
  });

  test.each([
    ['10.201.0.0/24', '10.201.1.0/24', false],
    ['10.201.0.0/24', '10.201.0.128/25', true],
    ['10.201.0.128/25', '10.201.0.0/16', true],
    ['10.200.0.0/16', '10.201.0.0/16', false],
  ])('%s and %s overlap: %p', (one, other, expected) => {
    expect(overlapsLab(one, other)).toBe(expected);
    expect(overlapsLab(other, one)).toBe(expected);
  });

  test('a route of the machine to one address, or to a small network, is no subnet for a lab and may be in its way', () => {
    expect(overlapsLab('10.201.0.0/24', '10.201.0.9/32')).toBe(true);
    expect(overlapsLab('10.201.0.0/24', '192.0.2.0/28')).toBe(false);
  });

  test('a lab owns its namespaces and not those of a lab whose name begins the same', () => {
    const others = ['provlab.x-y', 'provlab.x-h1', 'provlab.xy.h1', 'cni-1', 'provlab'];
    expect(['provlab.x', 'provlab.x.h1', ...others].filter((name) => isOfLab('x', name))).toEqual([
      'provlab.x',
      'provlab.x.h1',
    ]);
    // No lab name can make one lab's namespace look like another's host.
    expect(() => checkLabName('x.h1')).toThrow(/cannot name a lab/);
  });

  test.each(['', 'Lab', '../x', 'a/b', '-a', 'a-', '1a', 'a'.repeat(33), 'a b'])('%p cannot name a lab', (name) => {
    expect(() => checkLabName(name)).toThrow(/cannot name a lab/);
  });
});
