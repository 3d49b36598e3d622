// Owns the templates and the serializer: text in, text out. It decides nothing and knows no host.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { Document, parseAllDocuments, visit } from 'yaml';

/** First line of every file that provision writes; reset and people know by it whose file it is. */
export const MARK = '# Written by provision; edits are undone by the next apply.';

/** Beside `dist/` when compiled. */
const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url));

const engine = Handlebars.create();
engine.registerHelper('json', (value: unknown) => JSON.stringify(value));
const compiled = new Map<string, Handlebars.TemplateDelegate>();

/**
 * The text of `templates/<name>.hbs` for a context. Throws (a bug of ours) when the template asks for something that the context
 * does not have: Handlebars alone lets `{{#if missing}}`, `{{#each missing}}` and `{{json missing}}` pass.
 */
export function render(name: string, context: Readonly<Record<string, unknown>>): string {
  return template(name)(strict(context, name), { allowProtoPropertiesByDefault: false });
}

/** The template's text; for tests that hold rules over all of them. */
export const templateText = (name: string): string => readFileSync(`${TEMPLATES}${name}.hbs`, 'utf8');

function template(name: string): Handlebars.TemplateDelegate {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const fresh = compileText(templateText(name));
  compiled.set(name, fresh);
  return fresh;
}

/** `json`, `if` and `each`; what Handlebars brings beside them would let a template decide. */
const KNOWN = { json: true, lookup: false, log: false, unless: false, with: false };

/** Strict as far as Handlebars can be; no HTML escaping, because nothing here is HTML. */
export const compileText = (text: string): Handlebars.TemplateDelegate =>
  engine.compile(text, { strict: true, noEscape: true, knownHelpersOnly: true, knownHelpers: KNOWN });

/** Renders a text of its own; for tests of the strictness. */
export const renderText = (text: string, context: Readonly<Record<string, unknown>>): string =>
  compileText(text)(strict(context, 'text'));

/** Plain data only, and a word for every question: an unknown key, `undefined`, a class or a Date is a bug of ours. */
function strict<T>(value: T, path: string): T {
  if (value === undefined) throw new Error(`template context ${path} is undefined`);
  if (value === null || typeof value !== 'object') return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    throw new Error(`template context ${path} is not plain data`);
  }
  return new Proxy(value, {
    get(target, key) {
      if (typeof key === 'symbol' || key === 'toJSON' || (Array.isArray(target) && key in target)) {
        return Reflect.get(target, key);
      }
      if (!Object.hasOwn(target, key)) throw new Error(`template context ${path} has no ${key}`);
      return strict(Reflect.get(target, key), `${path}.${key}`);
    },
  });
}

/** Data as YAML with the mark on top. Keys stay in the order given, so that the same data give the same bytes. */
export const toYaml = (value: unknown): string => `${MARK}\n${bareYaml(value)}`;

/** The same without the mark: for text inside a ConfigMap. No string changes its type under YAML 1.1 or 1.2. */
export function bareYaml(value: unknown): string {
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  if (hasOctal(value)) {
    visit(document, {
      Scalar(_, node) {
        if (isOctal(node.value)) node.type = 'QUOTE_DOUBLE';
      },
    });
  }
  return document.toString({ lineWidth: 0 });
}

/** What YAML 1.1 takes for a word and 1.2 for a number. */
const isOctal = (value: unknown): boolean => typeof value === 'string' && /^[-+]?0o[0-7]+$/.test(value);
const hasOctal = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).some(([key, inner]) => isOctal(key) || hasOctal(inner))
    : isOctal(value);

/** Every document of a YAML stream as plain data; empty documents are null. Throws on text that is no YAML. */
export const parseYamlDocuments = (text: string): readonly unknown[] =>
  parseAllDocuments(text).map((document) => {
    const [problem] = 'errors' in document ? document.errors : [];
    if (problem !== undefined) throw new Error(`not YAML: ${problem.message}`);
    return document.toJS() as unknown;
  });
