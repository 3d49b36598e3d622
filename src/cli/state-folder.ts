import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProvisionError } from '../model/index.js';

/** Where a cluster's state lives: `.provision/<cluster>/` beside the inventory, 0700, ignored by git without anybody's help. */
export interface StateFolder {
  readonly path: string;
  readonly knownHosts: string;
  readonly kubeconfig: string;
  readonly journal: string;
}

export function stateFolder(inventoryFile: string, cluster: string): StateFolder {
  const path = join(dirname(inventoryFile), '.provision', cluster);
  return {
    path,
    knownHosts: join(path, 'known_hosts'),
    kubeconfig: join(path, 'kubeconfig'),
    journal: join(path, 'journal'),
  };
}

/** Makes the folder, or refuses one that others may read: it holds the cluster's keys. */
export function ensureStateFolder(folder: StateFolder): void {
  const parent = dirname(folder.path);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const ignore = join(parent, '.gitignore');
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
  if (!existsSync(folder.path)) {
    mkdirSync(folder.path, { mode: 0o700 });
    chmodSync(folder.path, 0o700);
  }
  const mode = statSync(folder.path).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new ProvisionError(
      'STATE',
      `the state folder ${folder.path} can be read by others (mode ${mode.toString(8)})`,
      {
        hint: `chmod 700 ${folder.path}`,
      },
    );
  }
}
