import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { bareYaml, MARK, parseYamlDocuments, render, renderText, toYaml } from '../../../src/templates.js';
import { root } from '../steps/scene.js';

describe('a template gets no less than it asks for', () => {
  // Handlebars' own strict mode lets all but the first of these pass as ''.
  test.each([
    '{{missing}}',
    '{{#if missing}}x{{/if}}',
    '{{#each missing}}x{{/each}}',
    '{{json missing}}',
    '{{a.missing}}',
  ])('%s throws', (text) => expect(() => renderText(text, { a: {} })).toThrow());
  test.each([
    ['undefined', { a: undefined }],
    ['a class', { a: new URL('http://x.example') }],
    ['a Date', { a: new Date(0) }],
    ['a Map', { a: new Map() }],
  ])('%s in the context throws', (_, context) => expect(() => renderText('{{json a}}', context)).toThrow());
  test('a helper that is not ours throws', () =>
    expect(() => renderText('{{lookup a "b"}}', { a: { b: 1 } })).toThrow());
  test('an inherited name is no answer', () => expect(() => renderText('{{constructor}}', {})).toThrow());
});

test('what is there comes through byte for byte: this is no HTML', () => {
  const hostile = `a=b \`c\` "d" <e> & 'f' {{g}}`;
  expect(renderText('{{a}}', { a: hostile })).toBe(hostile);
  expect(renderText('{{#each list}}[{{this}}]{{/each}}', { list: ['x', 'y'] })).toBe('[x][y]');
  expect(renderText('{{#each list}}{{name}};{{/each}}', { list: [{ name: 'x' }, { name: 'y' }] })).toBe('x;y;');
  expect(JSON.parse(renderText('{{json a}}', { a: { b: [hostile, 1, null] } }))).toEqual({ b: [hostile, 1, null] });
});

describe('the templates', () => {
  const files = readdirSync(join(root, 'templates'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  test.each(files)('%s begins with the mark and calls no helper but ours', (path) => {
    const text = readFileSync(path, 'utf8');
    expect(text.startsWith(`${MARK}\n`)).toBe(true);
    for (const [, word] of text.matchAll(/\{\{[#/]?(\w+) \w/g)) expect(['json', 'if', 'each']).toContain(word);
  });
  test('one that is not there is an error', () => expect(() => render('no/such', {})).toThrow());
});

describe('data as YAML', () => {
  test('no string changes its type on the way', () => {
    const words = [
      'on',
      'no',
      'yes',
      '1.30',
      '0o644',
      '0644',
      'null',
      '~',
      'a: b',
      '- x',
      '#x',
      '',
      ' x',
      '1e3',
      '0x1f',
      '12:30',
      'x\ny\n',
    ];
    expect(parse(bareYaml({ words }), { version: '1.1' })).toEqual({ words });
    expect(parse(bareYaml({ words }), { version: '1.2' })).toEqual({ words });
  });
  test('marked, in the order given, without anchors', () => {
    const twice = { x: 1 };
    expect(toYaml({ b: twice, a: twice })).toBe(`${MARK}\nb:\n  x: 1\na:\n  x: 1\n`);
  });
  test('many documents come back as data; a broken one is refused', () => {
    expect(parseYamlDocuments('a: 1\n---\nb: [2]\n---\n')).toEqual([{ a: 1 }, { b: [2] }, null]);
    expect(() => parseYamlDocuments('a: [')).toThrow(/not YAML/);
  });
});
