import { expect, test } from '@jest/globals';
import { check } from './scene.js';

/** Each would do something in a shell, a YAML file, a config file, a path, a terminal or a regular expression. */
const hostile = [
  ...['; reboot', '$(reboot)', '`reboot`', '| tee /etc/passwd', '&& reboot', '|| true', '> /etc/passwd', '< /dev/zero'],
  ...[
    "'",
    '"',
    "'; reboot; '",
    '"; reboot; "',
    '\\',
    '\\\\',
    '\\n',
    '\\"',
    '!!',
    '!$',
    '*',
    '?',
    '[a-z]',
    '{a,b}',
    '~',
  ],
  ...[
    '-rf',
    '--help',
    '-oProxyCommand=reboot',
    '$HOME',
    '$' + '{IFS}',
    '%s%n',
    '#',
    ' #x',
    ': x',
    '- x',
    '&a',
    '*a',
    '!x',
  ],
  ...['{{x}}', '{{{x}}}', '{{#if x}}', '<script>', '&amp;', '../../etc', '/etc/passwd', '..', '.', '/', '//', 'a//b'],
  ...['a\nb', 'a\r\nb', '\n', '\t', '\0', 'a\0b', '\u001b[2J', '\u0007', '\u007f', '\u0085', '\u2028', '\ud800'],
  ...[
    '\u202eexe',
    '\u200b',
    'é',
    'ｆｕｌｌ',
    '漢字',
    '🙂',
    ' ',
    ' a',
    'a ',
    'null',
    'true',
    '~/x',
    '1.30',
    '0o7',
    '1e3',
  ],
  ...['__proto__', 'constructor', 'EOF', 'a'.repeat(64), 'a'.repeat(300), '', 'yes', 'on', '2001-01-01', '=', ','],
];

const place = (name: string, extra: Record<string, unknown>) =>
  JSON.stringify({
    cluster: { name: 'lab', release: '1.36' },
    nodes: [{ name: 'a', address: '10.0.0.11', internalAddress: '10.0.0.11', roles: ['control-plane'], ...extra }],
    groups: { [name]: { nodes: [] } },
  });

const places: Record<string, { text: (value: string) => string; back: (node: Node) => unknown; free?: boolean }> = {
  'node name': { text: (value) => place('g', { name: value }), back: (node) => node.name },
  address: { text: (value) => place('g', { address: value }), back: (node) => node.address },
  'internal address': { text: (value) => place('g', { internalAddress: value }), back: (node) => node.internalAddress },
  'label value': { text: (value) => place('g', { labels: { x: value } }), back: (node) => node.labels['x'] },
  'label key': {
    text: (value) =>
      `${place('g', {}).slice(0, -1)},"groups":{}}`
        .replace('"roles"', `"labels":{${JSON.stringify(value)}:"v"},"roles"`)
        .replace('"groups":{"g":{"nodes":[]}},', ''),
    back: (node) => Object.keys(node.labels)[0],
  },
  taint: {
    text: (value) => place('g', { taints: [{ key: 'k', value, effect: 'NoExecute' }] }),
    back: (node) => node.taints[0]?.value,
  },
  user: { text: (value) => place('g', { ssh: { user: value } }), back: (node) => node.ssh.user },
  package: { text: (value) => place('g', { system: { packages: [value] } }), back: (node) => node.system.packages[0] },
  'sysctl value': {
    text: (value) => place('g', { system: { sysctl: { 'a.b': value } } }),
    back: (node) => node.system.sysctl['a.b'],
    free: true,
  },
};

type Node = NonNullable<ReturnType<typeof check>['cluster']>['nodes'][number];

test('there are enough of them', () => expect(new Set(hostile).size).toBeGreaterThanOrEqual(60));

test.each(Object.entries(places))('as %s it is refused, or comes back as it was', (_title, { text, back, free }) => {
  const changed: string[] = [];
  const accepted: string[] = [];
  for (const value of hostile) {
    const { problems, cluster } = check(text(value));
    const node = cluster?.nodes[0];
    if (node === undefined) {
      if (problems.length === 0) changed.push(value);
      // What is refused is named, but a terminal must not act on the name.
      if (/[\p{Cc}\p{Cs}\u2028\u202e]/u.test(problems.map(({ message, path }) => message + path).join('')))
        changed.push(value);
      continue;
    }
    accepted.push(value);
    if (back(node) !== value) changed.push(value);
  }
  expect(changed).toEqual([]);
  // Nothing that is more than letters, digits and a few marks, except where any text of one line is meant.
  const odd = accepted.filter((value) => !/^[A-Za-z0-9._@=+\\-]*$/.test(value) || value.startsWith('-'));
  if (free !== true) expect(odd).toEqual([]);
  expect(accepted.filter((value) => /[\n\r\0\u001b\ud800]/.test(value))).toEqual([]);
});
