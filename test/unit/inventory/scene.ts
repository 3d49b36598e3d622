import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkInventory, type InventoryContext } from '../../../src/inventory/index.js';
import type { Cluster } from '../../../src/model/index.js';

/** Tests run from the top of the checkout. */
export const checkout = process.cwd();
export const textOf = (path: string): string => readFileSync(join(checkout, path), 'utf8');
export const listOf = (folder: string, end: string): string[] =>
  readdirSync(join(checkout, folder))
    .filter((name) => name.endsWith(end))
    .sort();

const files: Readonly<Record<string, string>> = {
  '/site/good.json': JSON.stringify({ 'https://dl.k8s.io/v1.36.3/bin/linux/amd64/kubelet': 'AB'.repeat(32) }),
  '/site/broken.json': '{',
  '/site/list.json': '[]',
  '/site/wrong.json': JSON.stringify({ 'https://dl.k8s.io/kubelet': 'abc', 'ftp://dl.k8s.io/kubelet': '0'.repeat(64) }),
};

export const context: InventoryContext = {
  releases: ['1.35.4', '1.36.1', '1.36.3', '1.36.10'],
  homeDir: '/home/op',
  misfits: () => [],
  readFile: (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  },
};

export const check = (text: string) => checkInventory(text, '/site/lab.yaml', context);

/** A cluster from an inventory that must be right. */
export function clusterOf(text: string): Cluster {
  const { problems, cluster } = check(text);
  if (cluster === undefined) throw new Error(`refused: ${JSON.stringify(problems, null, 2)}`);
  return cluster;
}
