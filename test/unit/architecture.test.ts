import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { checkoutAbove } from '../support/checkout.js';

/** The compiled test runs from dist/test/unit; the sources it judges are the checkout's. */
const root = checkoutAbove(dirname(fileURLToPath(import.meta.url)));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

const sources = filesBelow(join(root, 'src'))
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: relative(join(root, 'src'), path), text: readFileSync(path, 'utf8') }));

/** At the top of a file, and where it is needed: `import('…')`. */
const importsOf = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';|\bimport\('([^']+)'\)/gms)].map(
    (match) => match[1] ?? match[2] ?? '',
  );

const room = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : path.replace(/\.ts$/, ''));

/** Who may import whom. A newcomer's map; src/README.md says why. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  model: [],
  family: ['model'],
  inventory: ['model'],
  release: ['model'],
  trust: ['model', 'templates'],
  transport: ['model'],
  resources: ['model'],
  checks: ['model', 'family', 'release'],
  templates: [],
  steps: ['model', 'family', 'release', 'templates', 'trust'],
  plan: ['model', 'resources'],
  host: ['model', 'family', 'resources'],
  run: ['model', 'resources', 'plan', 'checks'],
  report: ['model', 'plan'],
  bundle: ['model', 'family', 'release'],
  lab: ['model', 'transport'],
  cli: [
    'model',
    'inventory',
    'release',
    'trust',
    'steps',
    'checks',
    'resources',
    'plan',
    'host',
    'transport',
    'run',
    'report',
    'lab',
    'bundle',
    'templates',
  ],
  main: ['model', 'cli'],
};

/** One package, one room: replacing any is one file. */
const HOME: Readonly<Record<string, RegExp>> = {
  ssh2: /^transport\/ssh/,
  execa: /^transport\/local\.ts$/,
  'node-forge': /^trust\//,
  handlebars: /^templates\.ts$/,
  listr2: /^report\/tree\.ts$/,
  inquirer: /^cli\/ask\.ts$/,
  commander: /^cli\//,
  zod: /^inventory\//,
  yaml: /^(inventory\/|templates\.ts$|trust\/)/,
};

const matching = (pattern: RegExp, but: RegExp): string[] =>
  sources.flatMap(({ path, text }) =>
    but.test(path)
      ? []
      : text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );

describe('the rooms', () => {
  test('imports point one way, through one door', () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((target) => target.startsWith('.'))
        .flatMap((target) => {
          const goal = relative(join(root, 'src'), resolve(root, 'src', dirname(path), target)).replace(/\.js$/, '.ts');
          if (room(goal) === room(path)) return [];
          const door = !goal.includes('/') || goal.endsWith('/index.ts');
          const allowed = MAY[room(path)]?.includes(room(goal)) ?? false;
          return door && allowed ? [] : [`${path} imports ${goal}`];
        }),
    );
    expect(wrong).toEqual([]);
  });

  test('in the lab, what the mirror holds knows neither mirror nor hosts, and these two not each other', () => {
    const parts: Readonly<Record<string, RegExp>> = {
      content: /^lab\/content\//,
      mirror: /^lab\/(mirror|content|[a-z-]+\.ts)/,
      hosts: /^lab\/(hosts|content|[a-z-]+\.ts)/,
    };
    const wrong = sources.flatMap(({ path, text }) => {
      const may = parts[/^lab\/(\w+)\//.exec(path)?.[1] ?? ''];
      return importsOf(text)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(join(root, 'src'), resolve(root, 'src', dirname(path), target)))
        .filter((goal) => goal.startsWith('lab/') && may?.test(goal.replace(/\.js$/, '.ts')) === false)
        .map((goal) => `${path} imports ${goal}`);
    });
    expect(wrong).toEqual([]);
  });

  test('each package has one room', () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
        .flatMap((target) => {
          const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '');
          return HOME[name]?.test(path) ? [] : [`${path} imports ${name}`];
        }),
    );
    expect(wrong).toEqual([]);
  });

  test('the pattern sees imports that span lines, and those that wait', () => {
    expect(importsOf("import {\n  a,\n} from './x.js';\nexport * from './y.js';")).toEqual(['./x.js', './y.js']);
    expect(importsOf("  const { execa } = await import('execa');")).toEqual(['execa']);
  });
});

describe('the sources', () => {
  test('only main ends the process', () =>
    expect(matching(/process\.exit\b(?!Code)/, /^(main|lab\/mirror\/server)\.ts$/)).toEqual([]));
  test('nobody prints but through a terminal or a listener', () =>
    expect(matching(/\bconsole\./, /^lab\/mirror\/server\.ts$/)).toEqual([]));
  test('dry-run is not a word of the engine', () => expect(matching(/dry.?run/i, /^(cli|run)\//)).toEqual([]));
  test('no default exports', () => expect(matching(/^export default/, /^$/)).toEqual([]));
  test('no step reads the clock or draws lots', () =>
    expect(
      matching(/Date\.now|new Date\(\)|Math\.random|randomBytes/, /^(?!steps|plan|checks|release|inventory).*/),
    ).toEqual([]));
});
