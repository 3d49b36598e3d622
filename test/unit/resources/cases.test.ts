import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Resource } from '../../../src/model/index.js';
import { kindOf } from '../../../src/resources/index.js';

// test/cases/resources/<kind>/reads.json: what a host printed and how it has to be understood, or refused.
// test/cases/resources/<kind>/appears.json: a wish, an answer and the decision as `verb summary: because; because`; a case of no
// decision says why in its name.
interface Reading {
  readonly it: string;
  readonly resources: readonly Resource[];
  readonly output: string;
  readonly answers?: readonly unknown[];
  readonly throws?: string;
}
interface Decision {
  readonly it: string;
  readonly resource: Resource;
  readonly answer: unknown;
  readonly drafts: readonly string[];
}

const folder = new URL('../../../../test/cases/resources/', import.meta.url);
const kinds = readdirSync(folder).filter((name) => existsSync(new URL(`${name}/reads.json`, folder)));
const load = <C>(kind: string, file: string): readonly C[] =>
  JSON.parse(readFileSync(new URL(`${kind}/${file}.json`, folder), 'utf8')) as C[];
const circumstances = {
  newToken: () => {
    throw new Error('nothing here needs a token');
  },
  superAdminKubeconfig: () => {
    throw new Error('nothing here needs a kubeconfig');
  },
};

describe.each(kinds)('%s reads', (name) => {
  const kind = kindOf(name as Resource['kind']);
  test.each(load<Reading>(name, 'reads').map((c) => [c.it, c] as const))('%s', (_it, c) => {
    if (c.throws !== undefined) expect(() => kind.read(c.output, c.resources)).toThrow(c.throws);
    else expect(kind.read(c.output, c.resources)).toEqual(c.answers);
  });
});

describe.each(kinds)('%s decides', (name) => {
  const kind = kindOf(name as Resource['kind']);
  test.each(load<Decision>(name, 'appears').map((c) => [c.it, c] as const))('%s', (_it, c) => {
    const drafts = kind.appear(c.resource, c.answer, circumstances);
    expect(drafts.map((d) => `${d.verb} ${d.summary}: ${d.because.join('; ')}`)).toEqual(c.drafts);
  });

  test.each(
    load<Decision>(name, 'appears').map((c) => [c.it, c] as const),
  )('is content with what it calls satisfied (%s)', (_it, c) => {
    const after = kind.satisfied(c.resource, c.answer);
    expect(kind.appear(c.resource, after, circumstances)).toEqual([]);
  });
});
