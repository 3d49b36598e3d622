import { describe, expect, test } from '@jest/globals';
import { check, listOf, textOf } from './scene.js';

interface Case {
  readonly title: string;
  readonly yaml: readonly string[];
  readonly problems: readonly { path: string; line: number; column?: number; contains: string }[];
}

const folder = 'test/cases/inventory';
const tables = listOf(folder, '.json').map(
  (name) => [name, JSON.parse(textOf(`${folder}/${name}`)) as Case[]] as const,
);

describe.each(tables)('%s', (_name, cases) => {
  test.each(cases.map((one) => [one.title, one] as const))('%s', (_title, { yaml, problems }) => {
    const found = check(yaml.join('\n'));
    expect(found.problems.map(({ path, line }) => ({ path, line }))).toEqual(
      problems.map(({ path, line }) => ({ path, line })),
    );
    problems.forEach(({ column, contains }, index) => {
      const { column: at, message, cure } = found.problems[index]!;
      expect(`${message}. ${cure}`).toContain(contains);
      if (column !== undefined) expect(at).toBe(column);
    });
    expect(found.cluster === undefined).toBe(problems.length > 0);
  });
});

test('no case lets a password through to a message', () => {
  const yaml = tables.flatMap(([, cases]) => cases.filter((one) => one.yaml.join('').includes('hunter2')));
  expect(yaml.length).toBeGreaterThan(2);
  for (const one of yaml) expect(JSON.stringify(check(one.yaml.join('\n')).problems)).not.toContain('hunter2');
});

test('every problem says what to do', () => {
  const problems = tables.flatMap(([, cases]) => cases.flatMap((one) => check(one.yaml.join('\n')).problems));
  expect(problems.filter(({ message, cure }) => message.length < 8 || cure.length < 8)).toEqual([]);
  expect(problems.filter(({ file, line, column }) => file !== '/site/lab.yaml' || line < 1 || column < 1)).toEqual([]);
});
