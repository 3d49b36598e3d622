import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The checkout that a compiled file belongs to: the nearest folder above it with the project's own settings. */
export function checkoutAbove(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'biome.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`${start} is in no checkout of provision`);
  }
}
