import { describe, expect, test } from '@jest/globals';
import { inAscii, isUtf8 } from '../../../src/cli/index.js';

describe('a terminal’s characters', () => {
  test.each([
    [{}, true],
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'UTF-8' }, true],
    [{ LC_ALL: '', LANG: 'de_DE.ISO-8859-1' }, false],
  ] as const)('%j', (env, expected) => expect(isUtf8(env)).toBe(expected));

  test('our signs have a nearest word; nothing else gets through', () => {
    expect(inAscii('✔ done · «secret» … 日😀')).toBe('ok done - <secret> ... ??');
  });
});
