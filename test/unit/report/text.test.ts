import { describe, expect, test } from '@jest/globals';
import { redact, safeJson, table } from '../../../src/report/index.js';
import { clip, duration, printable, width, wrap } from '../../../src/report/text.js';

describe('text', () => {
  test('width counts columns, not characters', () => {
    expect(['abc', 'ä', 'a\u0308', '日本', '🚀', '\u001b[31mred\u001b[39m'].map(width)).toEqual([3, 1, 1, 4, 2, 3]);
  });

  test('clip keeps within the columns and shows that it cut', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdefg', 6)).toBe('abcde…');
    expect(clip('日本語', 5)).toBe('日本…');
    expect(clip('日本語', 4)).toBe('日…');
    expect(clip('abcdefg', undefined)).toBe('abcdefg');
  });

  test('duration', () => {
    expect([0, 49, 4100, 59_949, 59_950, 184_000].map(duration)).toEqual([
      '0.0s',
      '0.0s',
      '4.1s',
      '59.9s',
      '1m00s',
      '3m04s',
    ]);
  });

  test('printable keeps tabs and lines', () => expect(printable('a\tb\nc\u0000\u009b1m')).toBe('a\tb\nc1m'));

  test('table lines up by columns, without trailing spaces', () => {
    expect(
      table(
        ['HOST', 'STATE'],
        [
          ['日本', 'up'],
          ['h1', ''],
          ['long-name', 'a\nb'],
        ],
      ),
    ).toBe('HOST       STATE\n日本       up\nh1\nlong-name  a b');
  });
});

describe('redact', () => {
  const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----';
  test.each([
    ['a private key', `before ${PEM} after`, 'before «secret» after'],
    ['a private key that was cut off', '-----BEGIN PRIVATE KEY-----\nMHc', '«secret»'],
    ['a private key in base64', `x: ${Buffer.from(PEM).toString('base64')} y`, 'x: «secret» y'],
    [
      'a private key in base64, RSA',
      `x: ${Buffer.from(PEM.replaceAll('EC ', 'RSA ')).toString('base64')}`,
      'x: «secret»',
    ],
    [
      'a private key in base64, PKCS#8',
      `x: ${Buffer.from(PEM.replaceAll('EC ', '')).toString('base64')}`,
      'x: «secret»',
    ],
    ['a bootstrap token', '--token abcdef.0123456789abcdef --x', '--token «secret» --x'],
    ['a named password', '{"password": "hunter2", "user": "joe"}', '{"password": "«secret»", "user": "joe"}'],
    ['client key data', 'client-key-data: TUhj\nx: 1', 'client-key-data: «secret»\nx: 1'],
    ['an authorization header', 'Authorization: Bearer abc.def', 'Authorization: Bearer «secret»'],
    ['credentials in a URL', 'http://joe:hunter2@proxy:3128', 'http://joe:«secret»@proxy:3128'],
  ])('%s', (_name, text, told) => expect(redact(text)).toBe(told));

  test.each([
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['a certificate in base64', Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB').toString('base64')],
    ['file names and versions', 'containerd 2.2.1 kubelet.conf kube-apiserver.yaml 10.244.0.0/16 etcd-v3.6.8'],
    ['a digest', 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'],
    ['an address with a port', 'https://192.0.2.11:6443/readyz?user@x'],
  ])('leaves %s alone', (_name, text) => expect(redact(text)).toBe(text));

  test('JSON stays JSON', () => {
    expect(JSON.parse(safeJson({ said: `${PEM}\n"quoted"`, n: 1 }))).toEqual({ said: '«secret»\n"quoted"', n: 1 });
  });
});

test('a table on a narrow terminal cuts its widest cells, and stays within it', () => {
  const rows = [['h1', 'Debian GNU/Linux 12 (bookworm)', '10.201.6.11']];
  const text = table(['HOST', 'OS', 'ADDRESS'], rows, { columns: 30 });
  expect(text).toBe('HOST  OS           ADDRESS\nh1    Debian GNU…  10.201.6.11');
  expect(table(['HOST', 'OS', 'ADDRESS'], rows)).toContain('(bookworm)');
});

test('wrap breaks at spaces, keeps the indent, and leaves a long word whole', () => {
  expect(wrap('  one two three', 9)).toEqual(['  one two', '  three']);
  expect(wrap('a /very/long/path', 6)).toEqual(['a', '/very/long/path']);
  expect(wrap('a /very/long/path', undefined)).toEqual(['a /very/long/path']);
});
