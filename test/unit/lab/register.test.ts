import { expect, test } from '@jest/globals';
import { likeOf, releaseOf } from '../../../src/lab/hosts/register.js';
import type { LabRecord } from '../../../src/lab/record.js';

const there = { release: '1.36' } as LabRecord;
const other = '1.23' as const;

test.each([
  ['a new lab has the default', undefined, {}, '1.36'],
  ['a new lab has what is asked for', undefined, { release: other }, other],
  ['a lab keeps its own', { release: other } as LabRecord, {}, other],
  ['asked for what it has', there, { release: there.release }, '1.36'],
  ['all hosts anew: another release', there, { release: other, fresh: true }, other],
])('%s', (_what, former, wish, release) => {
  expect(releaseOf(former, { name: 'x', ...wish })).toBe(release);
});

test.each([{}, { fresh: ['h1'] }, { fresh: false }])('a lab with hosts of another release is refused (%p)', (wish) => {
  expect(() => releaseOf(there, { name: 'x', release: other, ...wish })).toThrow(
    expect.objectContaining({ code: 'LAB', hint: expect.stringContaining('--fresh') }),
  );
});

const centos = { like: 'centos9' } as LabRecord;

test.each([
  ['a new lab has Debian hosts', undefined, {}, 'debian12'],
  ['a new lab has what is asked for', undefined, { like: 'centos7' }, 'centos7'],
  ['a lab keeps its own', centos, {}, 'centos9'],
  ['also when its hosts are made anew', centos, { fresh: true }, 'centos9'],
  ['all hosts anew: of another kind', centos, { like: 'centos7', fresh: true }, 'centos7'],
])('hosts are like: %s', (_what, former, wish, like) => {
  expect(likeOf(former, { name: 'x', ...wish })).toBe(like);
});

test.each([{}, { fresh: ['h1'] }])('a lab with hosts of another kind is refused (%p)', (wish) => {
  expect(() => likeOf(centos, { name: 'x', like: 'debian12', ...wish })).toThrow(
    expect.objectContaining({ code: 'LAB', hint: expect.stringContaining('--fresh') }),
  );
});
