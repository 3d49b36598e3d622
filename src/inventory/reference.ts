import { follow, inventoryJsonSchema, type JsonSchema } from './json-schema.js';

/** docs/inventory.md: every key of the inventory, from the schema. */
export function inventoryReference(): string {
  const root = inventoryJsonSchema();
  const sections = sectionsIn(root).map((name) => `## ${name}\n\n${describe(root.$defs?.[name] ?? {})}`);
  return `${[introduction, `## Top level\n\n${table(root)}`, ...sections].join('\n\n')}\n`;
}

const introduction = `# The inventory

<!-- Written by \`npm run update\` from src/inventory/schema.ts; edits are undone by the next one. -->

One YAML file says what a cluster should be. \`provision validate -i FILE\` reports everything that is wrong with it at
once, with line, column and a cure (exit code 3). Editors check it while you type, with this first line:

\`\`\`yaml
# yaml-language-server: $schema=../docs/inventory.schema.json
\`\`\`

The least that works:

\`\`\`yaml
cluster:
  name: lab
  release: "1.36"
nodes:
  - name: cp-1
    address: 10.0.0.11
    roles: [control-plane, worker]
\`\`\`

- It is YAML 1.2: \`on\`, \`off\`, \`yes\` and \`no\` are words, not truth values. \`1.30\` is a number: quote versions.
- Relative paths are relative to the inventory; \`~/\` is your home directory.
- What is more specific wins, key by key: defaults, then the top level, then groups, then the node. \`sysctl\`,
  \`extraHosts\` and \`labels\` merge key by key too; \`packages\`, \`disableServices\`, \`kubectlUsers\` and \`taints\` add up;
  every other list or map is taken as a whole.
- What no host could make true (a runtime, a pod network or packages that do not go with the release) is wrong, too.
- Secrets do not stand in an inventory: write \`prompt\`, or the path of a file.

More examples: \`inventories/\`.`;

/** Names of the definitions in the order in which a reader meets them. */
function sectionsIn(schema: JsonSchema, met: string[] = []): string[] {
  const name = schema.$ref?.slice('#/$defs/'.length);
  if (name !== undefined && met.includes(name)) return met;
  if (name !== undefined) met.push(name);
  const { properties = {}, items, anyOf = [], additionalProperties } = follow(schema);
  const inner = [...Object.values(properties), ...(items ? [items] : []), ...anyOf];
  if (typeof additionalProperties === 'object') inner.push(additionalProperties);
  for (const one of inner) sectionsIn(one, met);
  return met;
}

function describe(schema: JsonSchema): string {
  return `${schema.description ?? ''}\n\n${table(schema)}`;
}

function table({ properties = {}, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties).map(([key, property]) => {
    const whole = follow(property);
    const cells = [
      `\`${key}\``,
      typeOf(property),
      required.includes(key) ? '**required**' : defaultOf(whole),
      property.description ?? whole.description ?? '',
      whole.examples?.[0] === undefined ? '' : code(whole.examples[0]),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| Key | Type | Default | Meaning | Example |', '|---|---|---|---|---|', ...rows].join('\n');
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function defaultOf(schema: JsonSchema): string {
  if (schema['x-otherwise'] !== undefined) return schema['x-otherwise'];
  return schema.default === undefined ? '' : code(schema.default);
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/$defs/'.length);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') {
    const inner =
      Object.keys(schema.additionalProperties).length === 0 ? 'anything' : typeOf(schema.additionalProperties);
    return `map of ${inner}`;
  }
  if (schema.properties !== undefined) {
    return `{${Object.entries(schema.properties)
      .map(([key, inner]) => `${key}: ${typeOf(inner)}`)
      .join(', ')}}`;
  }
  return [schema.type ?? 'anything']
    .flat()
    .map((type) => names[type] ?? type)
    .join(' or ');
}

const names: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: 'true or false',
  object: 'map',
};
