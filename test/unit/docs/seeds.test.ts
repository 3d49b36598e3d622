import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { checkoutAbove } from '../../support/checkout.js';
import { seedRows } from '../../support/seeds.js';

const root = checkoutAbove(dirname(fileURLToPath(import.meta.url)));
const rows = seedRows(readFileSync(join(root, 'docs/seeds.md'), 'utf8'));

/** What a test file says, with the sentences that it shares with others, and for tables of cases what stands in them. */
function sentences(file: string): string {
  if (!existsSync(join(root, file))) return '';
  const text = withShared(readFileSync(join(root, file), 'utf8'));
  return text.includes('test/cases/') || text.includes('casesOf') || text.includes('load<') ? text + cases : text;
}

function withShared(text: string): string {
  const shared = [...text.matchAll(/from '(?:\.\.\/support|\.)\/([\w-]+)\.js'/g)]
    .map(([, name]) => join(root, `test/support/${name}.ts`))
    .filter(existsSync);
  return [text, ...shared.map((path) => withShared(readFileSync(path, 'utf8')))].join('');
}

/** As it stands, or made from a table: `%s has the flags`. */
function says(text: string, title: string): boolean {
  if (["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`))) return true;
  return [...text.matchAll(/'([^'\n]*%s[^'\n]*)'/g)].some(([, pattern = '']) => {
    const [before = '', after = ''] = pattern.split('%s');
    return (before + after).length > 10 && title.startsWith(before) && title.endsWith(after);
  });
}

const cases = readdirSync(join(root, 'test/cases'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .map((name) => readFileSync(join(root, 'test/cases', name), 'utf8'))
  .join('');

describe('docs/seeds.md', () => {
  test('has a row for the operations of all five runbooks', () => {
    expect([...new Set(rows.flatMap(({ runbooks }) => runbooks))].sort()).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(rows.length).toBeGreaterThan(80);
  });

  test('names only tests that exist', () => {
    const missing = rows.flatMap(({ proof, line }) => {
      if (proof === null) return [];
      return says(sentences(proof.file), proof.title) ? [] : [`line ${line}: ${proof.file} › ${proof.title}`];
    });
    expect(missing).toEqual([]);
  });

  test('a row that says neither which test nor why there is none is an error', () => {
    expect(() => seedRows('| A | do | done |  |')).toThrow('line 1: the last cell is neither');
    expect(() => seedRows('| A | do | **not shown**: because it is so |')).toThrow('line 1: a row has four cells');
    expect(seedRows('| A, B | do | done | **not shown**: because it is so |')).toMatchObject([
      { runbooks: ['A', 'B'], proof: null },
    ]);
  });
});
