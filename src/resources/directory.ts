import type { DirectoryResource, LedgerEntry } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { octal } from './file.js';
import type { Kind } from './kind.js';
import { word, words } from './shell.js';

export interface DirectoryAnswer {
  readonly mode: number;
  readonly owner: string;
}

/** A directory with this mode and root:root. What is inside it is not ours. */
export const directory: Kind<DirectoryResource, DirectoryAnswer | null> = {
  kind: 'directory',
  name: (r) => r.path,

  ask: (rs) => `need stat
set -- ${words(rs.map((r) => r.path))}
for d; do [ ! -e "$d" ] || [ -d "$d" ] || echo "odd $d"; done
stat -L -c 'stat %a %U:%G %n' -- "$@" 2>/dev/null || true`,

  read(output, rs) {
    const found = new Map<string, DirectoryAnswer>();
    for (const line of output.split('\n')) {
      if (line.startsWith('odd ')) {
        const path = line.slice(4);
        throw new ProvisionError('FACTS', `${path} is there, but it is not a directory`, {
          hint: `look at it (ls -ld ${path}) and move it away, then run again`,
        });
      }
      const [, mode = '', owner = '', path = ''] = /^stat (\d+) (\S+) (.*)$/.exec(line) ?? [];
      if (path !== '') found.set(path, { mode: Number.parseInt(mode, 8), owner });
    }
    return rs.map((r) => found.get(r.path) ?? null);
  },

  appear(r, answer) {
    if (answer === null) return [{ verb: '+', summary: `make directory ${r.path}`, because: ['it is not there'] }];
    const because = [
      ...(answer.mode === r.mode ? [] : [`mode ${octal(answer.mode)} -> ${octal(r.mode)}`]),
      ...(answer.owner === 'root:root' ? [] : [`owner ${answer.owner} -> root:root`]),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary: `set the mode of ${r.path}`, because }];
  },

  satisfied: (r) => ({ mode: r.mode, owner: 'root:root' }),

  make: (r) => `make_dirs ${word(r.path)}
chown 0:0 -- ${word(r.path)}
chmod ${octal(r.mode)} ${word(r.path)}
relabel ${word(r.path)}`,

  ledger: {
    remember: (r) => ({ path: r.path }),
    vanish: (entry) =>
      entry.former === null
        ? { verb: '-', summary: `remove directory ${pathOf(entry)}`, because: ['provision made it'] }
        : { verb: '-', summary: `restore the mode of ${pathOf(entry)}`, because: ['it was there before'] },
    unmake(entry) {
      const former = entry.former as DirectoryAnswer | null;
      const path = word(pathOf(entry));
      if (former === null) {
        return `forget_dirs
[ ! -d ${path} ] || say ${path} 'stays: something else is in it'`;
      }
      return `[ ! -d ${path} ] || { chown ${word(former.owner)} -- ${path}; chmod ${octal(former.mode)} ${path}; }`;
    },
  },
};

const pathOf = (entry: LedgerEntry): string => (entry.resource as { path: string }).path;
