import { nearest } from '../model/index.js';
import { FLEET_CHECKS, HOST_CHECKS } from './list.js';

/** A name that no finding can have: demoting it would demote nothing. */
interface UnknownName {
  readonly name: string;
  readonly cure: string;
}

/** `Port-<port>` as it stands in docs/preflight.md: the part in `<…>` may be anything. */
const NAMES = [...new Set([...FLEET_CHECKS, ...HOST_CHECKS].flatMap(({ tells }) => tells.map(({ name }) => name)))];
const PATTERNS = NAMES.map((name) => new RegExp(`^${name.replace(/<.*>$/, '.+')}$`, 'i'));

const head = (name: string): string => name.split('-')[0] ?? '';
const HEADS = new Map(NAMES.map((name) => [head(name), name]));

/** Of names in `ignorePreflight`, those that are none; case does not count, and `all` is every one. */
export const unknownNames = (names: readonly string[]): readonly UnknownName[] =>
  names
    .filter((name) => name.toLowerCase() !== 'all' && !PATTERNS.some((pattern) => pattern.test(name)))
    .map((name) => {
      const meant = nearest(name, NAMES) ?? HEADS.get(nearest(head(name), [...HEADS.keys()]) ?? '');
      return { name, cure: meant === undefined ? 'docs/preflight.md has them all' : `did you mean \`${meant}\`?` };
    });
