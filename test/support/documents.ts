// Everything in the documentation that is made and not written. `npm run update` writes it, test/unit/docs holds it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { preflightReference } from '../../src/checks/index.js';
import { inventoryJsonSchema, inventoryReference } from '../../src/inventory/index.js';
import { releases } from '../../src/release/index.js';

/** Path below the checkout -> the text that belongs there. */
export function documents(checkout: string): ReadonlyMap<string, string> {
  return new Map([
    ['docs/inventory.md', inventoryReference()],
    ['docs/inventory.schema.json', `${JSON.stringify(inventoryJsonSchema(), null, 2)}\n`],
    ['docs/preflight.md', preflightReference()],
    ['README.md', between(readFileSync(join(checkout, 'README.md'), 'utf8'), 'release', releaseTable())],
  ]);
}

/** The text with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
export function between(text: string, name: string, inside: string): string {
  const [from, to] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [start, end] = [text.indexOf(from), text.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`there are no marks <!-- ${name} --> … <!-- /${name} -->`);
  return `${text.slice(0, start + from.length)}${inside}${text.slice(end)}`;
}

function releaseTable(): string {
  const rows = Object.values(releases);
  const components = [
    ...new Set(rows.flatMap(({ pins }) => Object.keys(pins))),
  ].sort() as (keyof (typeof rows)[number]['pins'])[];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [
    line(['Kubernetes', ...components]),
    line(['Kubernetes', ...components].map(() => '---')),
    ...rows.map((row) => line([row.kubernetes, ...components.map((name) => row.pins[name] ?? '-')])),
  ].join('');
}
