import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Action, LedgerEntry, Resource } from '../../../src/model/index.js';
import {
  ACTION_PRELUDE,
  kindOf,
  QUESTION_PRELUDE,
  residueQuestion,
  word,
  words,
} from '../../../src/resources/index.js';

const HOSTILE = [
  "it's a file",
  '$HOME',
  '$(touch pwned)',
  '`touch pwned`',
  "'; touch pwned; '",
  '"; touch pwned; "',
  'a b  c',
  '-rf',
  '*',
  '\\',
  "\\'",
  '',
  'ünïcode ✓',
  '#no comment',
  '&& touch pwned',
  '| tee pwned',
  '>pwned',
  '!!',
  '~root',
  '\t',
];
const shells = [['sh'], ['dash'], ['bash'], ['busybox', 'sh']].filter(
  ([program, ...rest]) => spawnSync(program ?? '', [...rest, '-c', ':']).status === 0,
);
const run = (shell: readonly string[], script: string, cwd?: string) =>
  spawnSync(shell[0] ?? '', [...shell.slice(1), '-s'], { input: script, encoding: 'utf8', cwd });

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('%s', (_name, shell) => {
  test('every word arrives as it was', () => {
    const { stdout } = run(shell, `printf '%s\\0' ${words(HOSTILE)}`);
    expect(stdout.split('\0').slice(0, -1)).toEqual(HOSTILE);
  });

  test('the words for questions and actions can be read', () => {
    const { status, stderr } = run(shell, `set -n\n${QUESTION_PRELUDE}\n${ACTION_PRELUDE}\n${residueQuestion()}`);
    expect([status, stderr]).toEqual([0, '']);
  });

  test('questions about hostile paths do nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'quoting-'));
    const rooms = HOSTILE.map((name) => `${folder}/${name}`);
    for (const resources of [
      rooms.map((path): Resource => ({ kind: 'file', path, mode: 0o644, content: 'x' })),
      rooms.map((path): Resource => ({ kind: 'directory', path, mode: 0o755 })),
      rooms.map((path): Resource => ({ kind: 'block', path: `${path}x`, content: 'x' })),
    ]) {
      const [first] = resources;
      if (first === undefined) throw new Error('nothing to ask');
      const { status, stderr } = run(shell, `${QUESTION_PRELUDE}\n( set -u\n${questionOf(resources)}\n)`, folder);
      // The empty name is the folder itself, so one line says that something odd is there; that is an answer, too.
      expect([first.kind, status, stderr]).toEqual([first.kind, 0, '']);
    }
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

test('a word holds no NUL and no newline', () => {
  expect(() => word('a\nb')).toThrow('may not hold');
  expect(() => word('a\0b')).toThrow('may not hold');
});

const questionOf = (resources: readonly Resource[]): string => kindOf(resources[0]?.kind ?? 'file').ask(resources);

const A_REPOSITORY: Resource = {
  kind: 'repository',
  id: 'r',
  title: 'R',
  format: 'apt',
  baseUrl: 'https://example.com/r',
  keyUrls: ['https://example.com/key'],
  keyFingerprints: ['0'.repeat(40)],
  repoGpgcheck: true,
  enabled: true,
  exclude: [],
  replaces: [],
};

/** One resource of each kind with the same hostile text wherever an operator's text can be. */
const everywhere = (text: string): readonly Resource[] => [
  { kind: 'file', path: `/etc/${text}`, mode: 0o644, content: text },
  { kind: 'directory', path: `/etc/${text}`, mode: 0o755 },
  { kind: 'block', path: `/etc/${text}`, content: text },
  {
    kind: 'artifact',
    name: text,
    version: text,
    url: text,
    sha256: text,
    format: 'tar.gz',
    install: [{ member: text, path: `/opt/${text}` }],
  },
  { kind: 'packages', name: text, packages: [text] },
  { kind: 'packages', name: text, packages: ['kubelet'], versions: { kubelet: text }, hold: true },
  { kind: 'packages', name: text, packages: ['kubelet'], enableRepos: [text] },
  ...(['id', 'title', 'baseUrl', 'suite', 'keyring'] as const).map((field) => ({ ...A_REPOSITORY, [field]: text })),
  ...(['keyUrls', 'keyFingerprints', 'exclude', 'components', 'replaces'] as const).flatMap((field) => [
    { ...A_REPOSITORY, [field]: [text] },
    { ...A_REPOSITORY, format: 'yum' as const, [field]: [text] },
  ]),
  { kind: 'unit', name: text, state: 'started', stamp: text, within: 5 },
  { kind: 'unit', name: text, state: 'stopped', stamp: text, within: 5 },
  { kind: 'sysctl', name: text, values: { 'net.x': text } },
  { kind: 'sysctl', name: 'x', values: { [text]: '1' } },
  { kind: 'modules', name: text, modules: [text] },
  { kind: 'hostname', name: text },
  { kind: 'muted', path: `/etc/${text}`, words: [text] },
  { kind: 'timezone', zone: text },
  { kind: 'kernel', source: 'distribution', package: text, enableRepos: [text] },
  { kind: 'user-file', user: text, path: text, mode: 0o600, content: text },
  { kind: 'firewall', ports: [text], sources: [text] },
  {
    kind: 'traces',
    name: text,
    paths: [`/opt/${text}`],
    links: [text],
    chains: [text],
    ipvs: true,
    theirsWith: 'docker0',
    forwarding: true,
    sysctls: [text],
  },
  { kind: 'pods', runtime: 'containerd', socket: text },
  { kind: 'json-settings', path: `/etc/${text}`, settings: { [text]: [text] }, unit: text },
];
const FORMER: Readonly<Record<string, (text: string) => unknown>> = {
  hostname: (text) => ({ live: text, static: text }),
  timezone: (text) => ({ link: text, name: text }),
  directory: (text) => ({ mode: 0o755, owner: text }),
  traces: (text) => ({ paths: { [`/opt/${text}`]: [text] }, links: [text], tables: [text], namespaces: [text] }),
  unit: () => ({ load: 'loaded', active: 'active', enabled: 'enabled', stamp: null }),
  firewall: () => ({ tool: 'firewalld', active: true, zones: {} }),
  modules: (text) => ({ file: null, modules: { [text]: 'loadable' } }),
  sysctl: () => ({ file: null, live: {} }),
  'json-settings': (text) => ({ content: JSON.stringify({ [text]: text }), mode: 0o644, last: null }),
  block: () => ({ file: true, newline: true, content: null }),
};
const BEFORE: Readonly<Record<string, (text: string) => unknown>> = {
  ...FORMER,
  firewall: () => ({
    tool: 'firewalld',
    active: true,
    zones: { 'runtime public': { ports: [], sources: [] }, 'runtime trusted': { ports: [], sources: [] } },
  }),
};

describe('hostile text stays inside its quotes, in every kind', () => {
  const texts = ['$(touch pwned)', "'; touch pwned; '", '`touch pwned`', '" pwned', "\\'pwned"];
  const rows = texts.flatMap((text) => everywhere(text).map((resource) => [resource.kind, text, resource] as const));
  test.each(rows)('%s: %s', (_kind, text, resource) => {
    const bare = scripts(resource, text).map(outsideQuotes);
    for (const script of bare) expect(script).not.toContain('pwned');
  });
});

/** The question, the work and the removal; a kind may refuse a text instead. */
function scripts(resource: Resource, text: string): readonly string[] {
  const kind = kindOf(resource.kind);
  const before = BEFORE[resource.kind]?.(text) ?? null;
  const entry: LedgerEntry = {
    key: 'x',
    kind: resource.kind,
    order: 0,
    former: FORMER[resource.kind]?.(text) ?? null,
    resource: kind.ledger?.remember(resource),
  };
  const makers = [
    () => kind.ask([resource]),
    () => kind.make(resource, { before } as Action),
    () => kind.ledger?.keep?.(resource) ?? '',
    () => kind.ledger?.unmake(entry) ?? '',
  ];
  return makers.map((make) => {
    try {
      return make();
    } catch (error) {
      if (
        error instanceof Error &&
        /not a (sysctl key|package|repository|line of a repository|key fingerprint)|may not remove/.test(error.message)
      )
        return '';
      throw error;
    }
  });
}

/** What a POSIX shell would read as its own words: everything outside single quotes. */
function outsideQuotes(script: string): string {
  let outside = '';
  let quote: string | null = null;
  for (let i = 0; i < script.length; i++) {
    const c = script[i] ?? '';
    if (quote === "'") {
      if (c === "'") quote = null;
    } else if (c === '\\') {
      outside += c + (script[++i] ?? '');
    } else if (c === '"') {
      quote = quote === '"' ? null : '"';
    } else if (c === "'" && quote === null) {
      quote = "'";
    } else {
      outside += c;
    }
  }
  return outside;
}
