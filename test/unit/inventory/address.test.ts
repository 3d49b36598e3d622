import { describe, expect, test } from '@jest/globals';
import { isHostName, parseHostPort } from '../../../src/inventory/address.js';
import { editDistance, nearest } from '../../../src/model/index.js';

describe('hosts', () => {
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
