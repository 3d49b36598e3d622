import type { MachineFacts } from '../model/index.js';

/** What packages are made for, and a folder's name: `debian-12-amd64`. Of the Red Hat family the minor is not part of it. */
export function systemOf({ os, arch, packageManager }: Pick<MachineFacts, 'os' | 'arch' | 'packageManager'>): string {
  const version = packageManager === 'apt' ? os.version : os.version.split('.')[0];
  return [os.id, version, arch].join('-').replace(/[^A-Za-z0-9.-]/g, '_');
}
