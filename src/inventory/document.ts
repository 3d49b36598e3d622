import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import { formatPath, type InventoryProblem, type Path, show } from './problem.js';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The inventory as plain data, which remembers where in the file each piece stands. */
export interface Source {
  readonly file: string;
  readonly value: unknown;
  /** Where the value stands; for a missing one, where its nearest parent stands. */
  at(path: Path): Position;
  /** Where the key of the value stands. */
  keyAt(path: Path): Position;
  /** A plain scalar as it was written: `1.30` where the value is the number 1.3. */
  written(path: Path): string | undefined;
}

// An inventory of 10 000 nodes is below all of these; a file that is above one of them is a mistake or an attack.
const MAX_CHARACTERS = 4 * 1024 * 1024;
const MAX_DEPTH = 32;
const MAX_NODES_THROUGH_ALIASES = 20_000;
const MAX_SYNTAX_PROBLEMS = 10;

/** YAML 1.2 core: `off`, `on`, `yes` are words. Problems of syntax, duplicate keys, control characters, alias bombs. */
export function readDocument(text: string, file: string): { source: Source; problems: InventoryProblem[] } {
  const lines = new LineCounter();
  const reader = new Reader(file, lines);
  if (text.length > MAX_CHARACTERS) {
    reader.report(0, [], `is larger than ${MAX_CHARACTERS} characters`, 'give provision the inventory, not its data');
    return { source: reader.source(undefined), problems: reader.problems };
  }
  let root: Node | null = null;
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      keepSourceTokens: false,
      logLevel: 'error', // `silent` would let a second document pass unseen,
    });
    for (const { pos, code, message } of [...document.errors, ...document.warnings].slice(0, MAX_SYNTAX_PROBLEMS)) {
      if (message.includes('call stack')) throw new RangeError(message);
      reader.report(pos[0], [], `is not valid YAML: ${firstLine(message)}`, syntaxCure(code));
    }
    root = document.contents;
    reader.resolveAlias = (node) => (isAlias(node) ? node.resolve(document) : undefined);
  } catch (error) {
    // The parser is recursive: thousands of nested brackets end its stack.
    if (!(error instanceof RangeError)) throw error;
    reader.report(0, [], 'is nested too deeply to be read', `nest at most ${MAX_DEPTH} levels`);
  }
  const value = reader.problems.length === 0 && root !== null ? reader.read(root, [], 0) : undefined;
  return { source: reader.source(value), problems: reader.problems };
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

function syntaxCure(code: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces, not with tabs';
    case 'BAD_INDENT':
    case 'BLOCK_IN_FLOW':
      return 'line the keys of one map up in one column';
    case 'MULTIPLE_DOCS':
      return 'keep one document per file: take out the `---` in the middle';
    case 'TAG_RESOLVE_FAILED':
      return 'write the value without a `!tag`';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
      return 'look for a missing colon, quote or bracket on this line or the one above';
    default:
      return 'quote values that hold `: `, ` #`, `{`, `[`, `*`, `&` or `!`, and compare the indentation with the lines above';
  }
}

/** Walks the syntax tree once; holds what it has seen so far. */
class Reader {
  readonly problems: InventoryProblem[] = [];
  resolveAlias: (node: Node) => Node | undefined = () => undefined;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #values = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  readonly #written = new Map<string, string>();
  readonly #open = new Set<Node>();
  #throughAliases = 0;
  #aliasDepth = 0;

  constructor(file: string, lines: LineCounter) {
    this.#file = file;
    this.#lines = lines;
  }

  read(node: Node, path: Path, depth: number): unknown {
    const start = node.range?.[0] ?? 0;
    this.#values.set(keyOf(path), start);
    if (depth > MAX_DEPTH) return this.report(start, path, 'is nested too deeply', `nest at most ${MAX_DEPTH} levels`);
    if (this.#aliasDepth > 0 && ++this.#throughAliases > MAX_NODES_THROUGH_ALIASES) {
      if (this.#throughAliases === MAX_NODES_THROUGH_ALIASES + 1) {
        this.report(
          start,
          path,
          'grows too large through aliases',
          'write the values out, or share settings in `groups`',
        );
      }
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node, path, depth);
    if (isScalar(node)) return this.#readScalar(node, path, start);
    this.#open.add(node);
    const value = isMap(node) ? this.#readMap(node.items, path, depth) : this.#readList(node, path, depth);
    this.#open.delete(node);
    return value;
  }

  report(offset: number, path: Path, message: string, cure: string): undefined {
    this.problems.push({ file: this.#file, ...this.#position(offset), path: formatPath(path), message, cure });
    return undefined;
  }

  source(value: unknown): Source {
    const nearestKnown = (path: Path): number => {
      for (let length = path.length; length > 0; length--) {
        const key = keyOf(path.slice(0, length));
        const offset = length === path.length ? (this.#values.get(key) ?? this.#keys.get(key)) : this.#keys.get(key);
        const found = offset ?? this.#values.get(key);
        if (found !== undefined) return found;
      }
      return this.#values.get(keyOf([])) ?? 0;
    };
    return {
      file: this.#file,
      value,
      at: (path) => this.#position(nearestKnown(path)),
      keyAt: (path) => this.#position(this.#keys.get(keyOf(path)) ?? nearestKnown(path)),
      written: (path) => this.#written.get(keyOf(path)),
    };
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #readAlias(node: Node, path: Path, depth: number): unknown {
    const target = this.resolveAlias(node);
    const start = node.range?.[0] ?? 0;
    if (target === undefined)
      return this.report(start, path, 'is an alias, and there is no such anchor', 'write the value out');
    if (this.#open.has(target)) {
      return this.report(start, path, 'is an alias of something that is not complete here', 'write the value out');
    }
    this.#aliasDepth++;
    const value = this.read(target, path, depth + 1);
    this.#aliasDepth--;
    this.#values.set(keyOf(path), start);
    return value;
  }

  #readList(node: Node, path: Path, depth: number): unknown {
    if (!isSeq(node)) return undefined;
    return node.items.map((item, index) => this.read(item as Node, [...path, index], depth + 1));
  }

  #readMap(items: readonly Pair[], path: Path, depth: number): unknown {
    const result: Record<string, unknown> = {};
    const first = new Map<string, number>();
    for (const pair of items) {
      const key = pair.key as Node | null;
      const start = key?.range?.[0] ?? this.#values.get(keyOf(path)) ?? 0;
      const name = this.#keyName(key, path, start);
      if (name === undefined) continue;
      const before = first.get(name);
      if (before !== undefined) {
        const line = this.#position(before).line;
        this.report(start, [...path, name], `is written twice (first on line ${line})`, 'keep one of the two');
        continue;
      }
      first.set(name, start);
      this.#keys.set(keyOf([...path, name]), start);
      const value = pair.value as Node | null;
      result[name] = value === null ? null : this.read(value, [...path, name], depth + 1);
      if (result[name] === null) this.#values.set(keyOf([...path, name]), start);
    }
    return result;
  }

  #keyName(key: Node | null, path: Path, start: number): string | undefined {
    if (!isScalar(key)) return this.report(start, path, 'has a key that is not a word', 'write keys as plain words');
    const name = typeof key.value === 'string' ? key.value : key.source;
    if (name === undefined || name === '' || key.value === null) {
      return this.report(start, path, 'has an empty key', 'write a word before the colon');
    }
    // Setting it would change the object instead of filling it.
    if (name === '__proto__') return this.report(start, path, 'has the key "__proto__"', 'take this key out');
    const bad = badCharacter(name);
    return bad === undefined ? name : this.report(start, path, `has a key with ${bad}`, 'take the character out');
  }

  #readScalar(node: Scalar, path: Path, start: number): unknown {
    const { value, source } = node;
    if (source !== undefined) this.#written.set(keyOf(path), source);
    if (typeof value === 'string') {
      const bad = badCharacter(value);
      return bad === undefined ? value : this.report(start, path, `holds ${bad}`, 'write it on one line, without it');
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return this.report(start, path, `is ${show(value)}, which is no number`, 'write a finite number');
    }
    return value;
  }
}

const keyOf = (path: Path): string => JSON.stringify(path);

/** Characters that no setting needs and that would end a line of a file, a terminal's patience or a C string. */
function badCharacter(text: string): string | undefined {
  const found = /[\p{Cc}\p{Cs}\u2028\u2029]/u.exec(text)?.[0];
  if (found === undefined) return undefined;
  if (found === '\n') return 'a newline';
  if (found === '\0') return 'a NUL character';
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `the character U+${code}`;
}
