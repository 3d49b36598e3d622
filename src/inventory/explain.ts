import type { z } from 'zod';
import { nearest } from '../model/index.js';
import type { Source } from './document.js';
import { keysAt, shapesAt } from './json-schema.js';
import { type Path, show } from './problem.js';

type Issue = z.core.$ZodIssue;

/** A problem before its place in the file is looked up. */
export interface Complaint {
  readonly path: Path;
  readonly message: string;
  readonly cure: string;
  /** Points at the key instead of the value. */
  readonly atKey?: boolean;
  /** The other place of a pair, named by its line. */
  readonly first?: Path;
  /** Left out: the value cannot be used by later checks. False: it is sound by itself, or missing. */
  readonly sound?: boolean;
}

/** What the schema found, in the operator's words. */
export function explain(issues: readonly Issue[], source: Source): Complaint[] {
  return issues.flatMap((issue) => explainOne(issue, source, []));
}

function explainOne(issue: Issue, source: Source, above: Path): Complaint[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const seen = valueAt(source.value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => unknownKey(path, name));
    case 'invalid_type':
      return [seen === undefined ? missing(path) : wrongType(path, seen, issue.expected, source)];
    case 'invalid_value':
      return [wrongWord(path, seen, issue.values.map(String))];
    case 'too_small':
      return [tooSmall(path, seen, Number(issue.minimum))];
    case 'too_big':
      return [{ path, message: `${show(seen)} is above ${issue.maximum}`, cure: `write at most ${issue.maximum}` }];
    case 'invalid_union': {
      if (seen === undefined) return [missing(path)];
      const fitting = issue.errors.filter((branch) => branch.length > 0 && !branch.some(isOtherShape));
      if (fitting.length === 1) return (fitting[0] ?? []).flatMap((inner) => explainOne(inner, source, path));
      return [
        { path, message: `${shown(path, seen)} ${issue.message}`, cure: nearCure(path, seen) ?? truthCure(path, seen) },
      ];
    }
    case 'invalid_key': {
      const inner = issue.issues[0];
      const name = String(path.at(-1));
      return [{ path, atKey: true, message: `${show(name)} ${inner?.message ?? 'is no key'}`, cure: cureOf(inner) }];
    }
    default:
      return [{ path, message: `${shown(path, seen)} ${issue.message}`, cure: cureOf(issue) }];
  }
}

const isOtherShape = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');

function cureOf(issue: Issue | undefined): string {
  const cure = issue?.code === 'custom' ? issue.params?.['cure'] : undefined;
  return typeof cure === 'string' ? cure : 'see docs/inventory.md';
}

/** Passwords that were written by mistake are not repeated, nor are URLs that may hold one. */
function shown(path: Path, value: unknown): string {
  const secret = path.includes('password') || (typeof value === 'string' && /\/\/[^/]*@/.test(value));
  return secret ? 'the value' : show(value);
}

function missing(path: Path): Complaint {
  const name = String(path.at(-1));
  const example = exampleAt(path);
  const line = example === undefined ? name : `${name}: ${JSON.stringify(example)}`;
  return { path, sound: true, message: 'is missing', cure: `add \`${line}\`` };
}

function unknownKey(path: Path, name: string): Complaint {
  const known = keysAt(path);
  const near = nearest(name, known);
  const message = `${show(name)} is not a known key`;
  const complain = (cure: string): Complaint => ({ path: [...path, name], atKey: true, message, cure });
  if (name === '<<') return complain('YAML 1.2 has no merge keys: share settings in `groups`');
  if (near !== undefined) return complain(`did you mean \`${near}\`?`);
  const below = known.find((section) => keysAt([...path, section]).includes(name));
  if (below !== undefined) return complain(`did you mean \`${below}\` -> \`${name}\`? It stands one level deeper`);
  const elsewhere = keysAt([]).find((section) => keysAt([section]).includes(name));
  if (elsewhere !== undefined) return complain(`it belongs to \`${elsewhere}\` at the top level`);
  return complain(`take it out; known keys here: ${known.join(', ')}`);
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function wrongType(path: Path, seen: unknown, expected: string, source: Source): Complaint {
  const wanted = kinds[expected] ?? expected;
  if (seen === null)
    return { path, message: `is empty; it should be ${wanted}`, cure: 'give it a value, or take the key out' };
  const message =
    typeof seen === 'object' ? `is ${show(seen)}, but should be ${wanted}` : `${shown(path, seen)} should be ${wanted}`;
  if (expected === 'string' && (typeof seen === 'number' || typeof seen === 'boolean')) {
    const written = source.written(path) ?? String(seen);
    const kind = typeof seen === 'number' ? 'a number' : 'a truth value';
    return {
      path,
      message: `${written} should be a text, but YAML reads it as ${kind}`,
      cure: `quote it: "${written}"`,
    };
  }
  if (typeof seen === 'string' && /^\d+$/.test(seen) && (expected === 'number' || expected === 'int')) {
    return { path, message, cure: `write it without quotes: ${seen}` };
  }
  return { path, message, cure: truthCure(path, seen) };
}

/** Among the words that may stand here beside other shapes. */
function nearCure(path: Path, seen: unknown): string | undefined {
  const words = shapesAt(path).flatMap((shape) => (shape.enum ?? []).map(String));
  const near = typeof seen === 'string' && !path.includes('password') ? nearest(seen, words) : undefined;
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

/** `yes` and `on` are truth values in YAML 1.1, and words in 1.2. */
function truthCure(path: Path, seen: unknown): string {
  const takesTruth = shapesAt(path).some((shape) => shape.type === 'boolean');
  const word = typeof seen === 'string' ? /^(?:(yes|on)|no|off)$/i.exec(seen) : null;
  return takesTruth && word !== null ? `write \`${word[1] !== undefined}\`` : exampleCure(path);
}

function wrongWord(path: Path, seen: unknown, known: readonly string[]): Complaint {
  if (seen === null) return { path, message: 'is empty', cure: `write one of: ${known.join(', ')}` };
  const near = typeof seen === 'string' ? nearest(seen, known) : undefined;
  const choice = known.length === 1 ? `\`${known[0]}\`` : `one of ${known.join(', ')}`;
  const cure = path.includes('password')
    ? 'a password does not belong in a file that is shared: write `prompt`'
    : near === undefined
      ? `write ${choice}`
      : `did you mean \`${near}\`?`;
  return { path, message: `${shown(path, seen)} should be ${choice}`, cure };
}

function tooSmall(path: Path, seen: unknown, minimum: number): Complaint {
  if (Array.isArray(seen)) return { path, sound: true, message: 'is an empty list', cure: exampleCure(path) };
  return { path, message: `${show(seen)} is below ${minimum}`, cure: `write at least ${minimum}` };
}

/** The example of the key, or of the list or map that holds it. */
function exampleCure(path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const name = path[length - 1];
    const example = exampleAt(path.slice(0, length));
    if (typeof name === 'string' && example !== undefined)
      return `write it like \`${name}: ${JSON.stringify(example)}\``;
  }
  return 'see docs/inventory.md';
}

const exampleAt = (path: Path): unknown => shapesAt(path).find((shape) => shape.examples !== undefined)?.examples?.[0];

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part)
        ? (inner as Record<string | number, unknown>)[part]
        : undefined,
    value,
  );
}
