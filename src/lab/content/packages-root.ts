// What practice hosts like CentOS come with, as packages that their repositories have, too: whoever resolves dependencies as if
// nothing were installed must find them, as he does at CentOS's. Knows nothing of how a package is made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnterpriseLinux, PackageSpec } from './packages.js';
import { recipesDir } from './recipes.js';

/** The very list that is entered into a host's rpm database. */
export const rootPackages = (el: EnterpriseLinux): readonly PackageSpec[] =>
  readRootPackages(readFileSync(join(recipesDir, 'hosts', `centos${el}`, 'provided'), 'utf8'));

/** Lines of `name [epoch:]version-release arch [provided,provided …]`, as lab/hosts/centos/provided.awk reads them. Pure. */
export const readRootPackages = (text: string): readonly PackageSpec[] =>
  [...text.matchAll(/^([^\s#]\S*) (?:(\d+):)?([^\s-]+)-(\S+) (\S+)(?: (\S+))?$/gm)].map(
    ([, name = '', epoch, version = '', release = '', arch, provides]) => ({
      name,
      version,
      release,
      format: 'rpm' as const,
      summary: `${name} (an empty stand-in of the lab)`,
      ...(epoch === undefined ? {} : { epoch: Number(epoch) }),
      ...(arch === 'noarch' ? { noarch: true as const } : {}),
      ...(provides === undefined ? {} : { provides: provides.split(',').map((one) => one.replace('=', ' = ')) }),
    }),
  );
