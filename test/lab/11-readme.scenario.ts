import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { labFolder, labUp, provision, root, writeInventory } from '../support/lab.js';

/** The README's own inventory name; here it is the lab's. */
const inventory = join(labFolder, 'readme.yaml');

/** Every `provision …` line of the README's shell blocks, in the order in which a reader types them. */
const commands = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)]
  .flatMap(([, block = '']) => block.split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line.startsWith('provision '));

/** What the reader answers at a terminal is given as a flag here; the questions themselves are held by 10-terminal. */
const ASKS = /^provision (trust-hosts|reset|apply(?!.*plan\.json))\b/;

const wordsOf = (line: string): string[] => [
  ...line
    .split(/\s+/)
    .slice(1)
    .map((word) =>
      word === 'cluster.yaml' ? inventory : word === 'plan.json' ? join(labFolder, 'readme-plan.json') : word,
    )
    .map((word) => (word === 'worker-2' ? 'h3' : word)),
  ...(ASKS.test(line) ? ['--yes'] : []),
];

describe("the README's commands, as they stand there", () => {
  beforeAll(async () => {
    await labUp();
    writeInventory(inventory);
    rmSync(join(labFolder, 'readme-plan.json'), { force: true });
  });

  test('there are some, from the first look to the reset', () => {
    expect(commands[0]).toContain('provision validate');
    expect(commands.at(-1)).toContain('provision reset');
    expect(commands.length).toBeGreaterThan(12);
  });

  test.each(commands.map((line) => [line]))('%s', async (line) => {
    const { code, stdout, stderr } = await provision(wordsOf(line));
    const fine = /^provision plan /.test(line) ? [0, 2] : [0];
    expect({ fine: fine.includes(code), code, said: fine.includes(code) ? '' : `${stdout}\n${stderr}` }).toMatchObject({
      fine: true,
    });
  });

  test('what they leave beside the inventory is what the README says', () => {
    const folder = join(labFolder, '.provision');
    expect(existsSync(join(folder, '.gitignore'))).toBe(true);
  });
});
