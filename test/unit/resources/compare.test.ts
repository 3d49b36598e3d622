import { expect, test } from '@jest/globals';
import { differences } from '../../../src/resources/compare.js';

test.each([
  ['more on the other side is somebody else’s', { a: 1 }, { a: 1, b: 2 }],
  ['what says nothing is left out by the API server', { a: false, b: '', c: [], d: {}, e: null, f: 0 }, {}],
  ['a number or its text', { port: 53 }, { port: '53' }],
  [
    'null is no wish, whatever is there',
    { metadata: { creationTimestamp: null } },
    { metadata: { creationTimestamp: 'x' } },
  ],
  ['deep and listed', { a: [{ b: { c: 'x' } }] }, { a: [{ b: { c: 'x', d: 1 }, e: 2 }] }],
])('no difference: %s', (_, ours, live) => expect(differences(ours, live)).toEqual([]));

test.each([
  ['another value', { a: { b: 1 } }, { a: { b: 2 } }, ['a.b: 2 -> 1']],
  ['missing', { a: 'x' }, {}, ['a: nothing -> "x"']],
  ['a longer list', { a: [1] }, { a: [1, 2] }, ['a: [1,2] -> [1]']],
  ['another order', { a: ['x', 'y'] }, { a: ['y', 'x'] }, ['a[0]: "y" -> "x"', 'a[1]: "x" -> "y"']],
  ['a list where there is a word', { a: ['x'] }, { a: 'x' }, ['a: "x" -> ["x"]']],
  ['a map where there is a word', { a: { b: 1 } }, { a: 'x' }, ['a.b: nothing -> 1']],
  ['ours says nothing, theirs something', { a: '' }, { a: 'x' }, ['a: "x" -> ""']],
  ['empty list against a full one', { a: [] }, { a: ['x'] }, ['a: ["x"] -> []']],
])('%s', (_, ours, live, wanted) => expect(differences(ours, live)).toEqual(wanted));

test('a long value is shortened', () => {
  expect(differences({ a: 'x'.repeat(500) }, { a: 'y' })[0]?.length).toBeLessThan(90);
});

test('of two long values that begin alike, the part that differs is shown', () => {
  const config = (maxPods: number): string => `apiVersion: v1\n${'same: line\n'.repeat(20)}maxPods: ${maxPods}\n`;
  const [line] = differences({ a: config(88) }, { a: config(77) });
  expect(line).toMatch(/^a: ….*maxPods: 77.* -> ….*maxPods: 88/);
  expect(line?.length).toBeLessThan(140);
});
