import type { HostnameResource } from '../model/index.js';
import type { Kind } from './kind.js';
import { heredoc, word } from './shell.js';

export interface HostnameAnswer {
  readonly live: string;
  /** The name at boot, from /etc/hostname; null: there is no such file. */
  readonly static: string | null;
}

/** The host's own name, now and at boot. */
export const hostname: Kind<HostnameResource, HostnameAnswer> = {
  kind: 'hostname',
  name: () => 'host',

  // hostname(5): lines starting with # are comments.
  ask: () => `printf 'live %s\\n' "$(uname -n)"
[ ! -e /etc/hostname ] || printf 'static %s\\n' "$(sed '/^#/d; /^[[:space:]]*$/d' /etc/hostname | head -n 1)"`,

  read(output, rs) {
    const live = /^live (.*)$/m.exec(output)?.[1] ?? '';
    const fixed = /^static (.*)$/m.exec(output)?.[1] ?? null;
    return rs.map(() => ({ live, static: fixed }));
  },

  appear(r, answer) {
    const because = [
      ...(answer.live === r.name ? [] : [`it is called ${answer.live}`]),
      ...(answer.static === r.name ? [] : [`at boot it is called ${answer.static ?? 'nothing'}`]),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary: `name the host ${r.name}`, because }];
  },

  satisfied: (r) => ({ live: r.name, static: r.name }),

  // Not hostnamectl: it needs a bus, which a minimal host may not have, and it drops the pretty name.
  make: (r) => `${heredoc('install_file /etc/hostname 0644', `${r.name}\n`)}set_hostname ${word(r.name)}`,

  ledger: {
    remember: (r) => ({ name: r.name }),
    keep: () => 'keep_file /etc/hostname',
    vanish: (entry) => ({
      verb: '-',
      summary: `call the host ${(entry.former as HostnameAnswer).live} again`,
      because: ['it was called so before'],
    }),
    unmake(entry) {
      const former = entry.former as HostnameAnswer;
      return `give_back_file /etc/hostname ${former.static === null ? 'new' : 'had'}
set_hostname ${word(former.live)}`;
    },
  },
};

export const HOSTNAME_WORDS = `
set_hostname() {
  [ "$(uname -n)" = "$1" ] || { have hostname && hostname "$1"; } || printf '%s\\n' "$1" >/proc/sys/kernel/hostname
}
`;
