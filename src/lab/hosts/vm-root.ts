import { join } from 'node:path';
import { ProvisionError } from '../../model/index.js';
import type { Places } from '../places.js';
import { ensureTree, type RootRecipe, treeFolder } from './root.js';
import { inOwnMounts } from './vm-disk.js';

const RECIPE: RootRecipe = {
  name: 'debian12-vm',
  suite: 'bookworm',
  parts: ['common', 'debian12', 'debian12-vm'],
};

export const vmRootFolder = (places: Places): Promise<string> => treeFolder(places, RECIPE);

/** The tree that the disks of all virtual machines are filled with: made once per recipe, SELinux labels and all. */
export function ensureVmRoot(places: Places, say: (line: string) => void): Promise<string> {
  if (process.arch !== 'x64') {
    throw new ProvisionError('LAB', `virtual machines are made on x86-64 machines only, this is ${process.arch}`, {
      hint: 'the same hosts as containers: provision lab up, without --vm',
    });
  }
  const label = join(places.checkout, 'lab/hosts/debian12-vm/label.sh');
  const finish = (root: string): Promise<unknown> => inOwnMounts(label, [root]);
  return ensureTree(places, { ...RECIPE, finish }, say);
}
