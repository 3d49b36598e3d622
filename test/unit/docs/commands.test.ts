import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { buildProgram, type Terminal } from '../../../src/cli/index.js';
import { checkoutAbove } from '../../support/checkout.js';

const root = checkoutAbove(dirname(fileURLToPath(import.meta.url)));

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'src/README.md',
  'test/README.md',
  'lab/README.md',
].concat(
  readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);

const nobody: Terminal = {
  out: () => {},
  err: () => {},
  interactive: false,
  live: false,
  colour: false,
  errors: { colour: false },
  cwd: root,
  home: root,
  user: 'nobody',
  env: {},
  signal: new AbortController().signal,
  now: () => 0,
};
const program = buildProgram(nobody, () => {}, '0');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** What a reader could type: lines of shell blocks (prompts and comments off), and code in running text. */
function commandsIn(text: string): string[] {
  const candidates: string[] = [];
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const [, language] = /^```(\w*)$/.exec(line) ?? [];
    if (language !== undefined) fence = fence === null ? language : null;
    else if (fence === null) candidates.push(...[...line.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
    else if (SHELL.includes(fence)) candidates.push(line);
  }
  return candidates
    .flatMap((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/\s#.*$/, '')
        .split(/&&|\|\||[;|]/),
    )
    .map((command) => command.trim())
    .filter((command) => /^(provision|npm|node dist\/src\/main\.js)\s+\S/.test(command));
}

const SHELL = ['', 'sh', 'text', 'console'];

/** Why a command line is not one of ours; null when it is. */
function wrongWith(line: string): string | null {
  const [tool, ...words] = line.split(/\s+/);
  if (tool === 'npm') return wrongWithNpm(words);
  const given = tool === 'node' ? words.slice(1) : words;
  const names = given.slice(0, given.indexOf('--') < 0 ? undefined : given.indexOf('--'));
  let at: Command = program;
  let rest = names;
  for (let next = child(at, rest[0]); next !== undefined; next = child(at, rest[0])) {
    at = next;
    rest = rest.slice(1);
  }
  if (at === program && rest.length > 0 && !rest[0]?.startsWith('-')) return `no command ${rest[0]}`;
  if (at.commands.length > 0 && rest[0] !== undefined && /^[a-z-]+$/.test(rest[0]) && !rest[0].startsWith('-'))
    return `${at.name()} has no command ${rest[0]}`;
  const flags = rest.map((word) => word.replace(/^\[/, '')).filter((word) => /^--?[a-z]/.test(word));
  const known = at.options.flatMap((option) => [option.short, option.long]).concat(['--help', '-h', '--version']);
  const unknown = flags.map((flag) => flag.replace(/[=\]].*$/, '')).find((flag) => !known.includes(flag));
  return unknown === undefined ? null : `${at.name()} has no option ${unknown}`;
}

const child = (command: Command, name: string | undefined): Command | undefined =>
  command.commands.find((found) => found.name() === name);

function wrongWithNpm(words: readonly string[]): string | null {
  if (words[0] === 'run') return words[1] !== undefined && words[1] in scripts ? null : `no script ${words[1]}`;
  return ['ci', 'test', 'link'].includes(words[0] ?? '') ? null : `npm ${words[0]} is not used here`;
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  test('every command exists, with its options', () => {
    const wrong = commandsIn(text).flatMap((line) => {
      const why = wrongWith(line);
      return why === null ? [] : [`${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  test('every link leads somewhere', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), link)));
    expect(broken).toEqual([]);
  });

  test('every test, bench and lab file that is named exists', () => {
    const named = [...text.matchAll(/`((?:test|bench|lab|src|docs|inventories)\/[\w./-]+)`/g)].map((m) => m[1] ?? '');
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('the reader of commands', () => {
  test('finds those in shell blocks, after prompts and before comments, and in prose', () =>
    expect(
      commandsIn(
        '```yaml\nprovision x\n```\n```sh\n$ provision plan -i a.yaml  # look\nls\n```\nor `npm run update` now',
      ),
    ).toEqual(['provision plan -i a.yaml', 'npm run update']));
  test.each([
    ['provision frobnicate', 'no command frobnicate'],
    ['provision token frobnicate -i a.yaml', 'token has no command frobnicate'],
    ['provision plan -i a.yaml --frobnicate', 'plan has no option --frobnicate'],
    ['node dist/src/main.js lab up --frobnicate=3', 'up has no option --frobnicate'],
    ['npm run frobnicate', 'no script frobnicate'],
    ['provision lab exec h1 -- systemctl --failed', null],
    ['provision apply -i cluster.yaml plan.json', null],
  ])('%s', (line, why) => expect(wrongWith(line)).toBe(why));
  test('the README is not empty of commands', () =>
    expect(commandsIn(readFileSync(join(root, 'README.md'), 'utf8')).length).toBeGreaterThan(15));
});
