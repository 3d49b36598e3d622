import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { checkoutAbove } from '../../support/checkout.js';
import { between, documents } from '../../support/documents.js';

const root = checkoutAbove(dirname(fileURLToPath(import.meta.url)));

describe('what is made and not written is current (else: npm run update)', () => {
  for (const [path, text] of documents(root))
    test(path, () => {
      const found = readFileSync(join(root, path), 'utf8');
      if (path.endsWith('.json')) expect(JSON.parse(found)).toEqual(JSON.parse(text));
      else expect(found).toBe(text);
    });
});

describe('between two marks', () => {
  test('only what stands there is replaced', () =>
    expect(between('a\n<!-- x -->\nold\n<!-- /x -->\nb\n', 'x', 'new\n')).toBe('a\n<!-- x -->\nnew\n<!-- /x -->\nb\n'));
  test('missing marks are an error, not a silent nothing', () =>
    expect(() => between('a', 'x', '')).toThrow('<!-- x -->'));
});
