// Where the recipes of the lab's components lie, and what is in them. Knows nothing of what they make.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** lab/ of the checkout, seen from dist/src/lab/content/. */
export const recipesDir = fileURLToPath(new URL('../../../../lab', import.meta.url));

/** Every file of these folders of lab/, its text by its path below lab/. */
export async function recipeFiles(folders: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const folder of new Set(folders)) {
    for (const entry of await readdir(join(recipesDir, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) for (const [below, text] of await recipeFiles([path])) files.set(below, text);
      else files.set(path, await readFile(join(recipesDir, path), 'utf8'));
    }
  }
  return files;
}
