import type { LedgerEntry, TimezoneResource } from '../model/index.js';
import type { Kind } from './kind.js';
import { word } from './shell.js';

export interface TimezoneAnswer {
  /** Where /etc/localtime leads; '' when it is a file of its own, null when there is none. */
  readonly link: string | null;
  /** The name in /etc/timezone, which Debian keeps beside it; null: there is no such file. */
  readonly name: string | null;
}

const ZONES = '/usr/share/zoneinfo';
/** As timedatectl writes it. */
const linkTo = (zone: string): string => `../usr/share/zoneinfo/${zone}`;
const leadsTo = (link: string | null, zone: string): boolean => link === linkTo(zone) || link === `${ZONES}/${zone}`;

/** The host's time zone. Without timedatectl, which needs a bus that a minimal host may not have. */
export const timezone: Kind<TimezoneResource, TimezoneAnswer> = {
  kind: 'timezone',
  name: () => 'host',

  ask: () => `if [ -L /etc/localtime ]; then printf 'link %s\\n' "$(readlink /etc/localtime)"
elif [ -e /etc/localtime ]; then echo 'link '; fi
[ ! -e /etc/timezone ] || printf 'name %s\\n' "$(head -n 1 /etc/timezone)"`,

  read(output, rs) {
    const link = /^link (.*)$/m.exec(output)?.[1] ?? null;
    const name = /^name (.*)$/m.exec(output)?.[1] ?? null;
    return rs.map(() => ({ link, name }));
  },

  appear(r, { link, name }) {
    const because = [
      ...(leadsTo(link, r.zone)
        ? []
        : [`/etc/localtime ${link === null ? 'is not there' : link === '' ? 'is a file' : `leads to ${link}`}`]),
      ...(name === null || name === r.zone ? [] : [`/etc/timezone says ${name}`]),
    ];
    return because.length === 0 ? [] : [{ verb: '~', summary: `set the time zone to ${r.zone}`, because }];
  },

  satisfied: (r, { link, name }) => ({
    link: leadsTo(link, r.zone) ? link : linkTo(r.zone),
    name: name === null ? null : r.zone,
  }),

  make: (r) => `[ -f ${word(`${ZONES}/${r.zone}`)} ] || {
  say ${word(`there is no time zone ${r.zone} in ${ZONES}: correct system.timezone, or install the package tzdata`)}; exit 1
}
set_localtime ${word(linkTo(r.zone))}
[ ! -e /etc/timezone ] || printf '%s\\n' ${word(r.zone)} | install_file /etc/timezone 0644`,

  ledger: {
    remember: (r) => ({ zone: r.zone }),
    // A link is remembered by where it leads; a file has to be kept whole.
    keep: () => `[ -L /etc/localtime ] || keep_file /etc/localtime`,
    vanish: (entry) => {
      const { link, name } = formerOf(entry);
      const was = name ?? link?.replace(/^.*zoneinfo\//, '');
      return { verb: '-', summary: `set the time zone back${was ? ` to ${was}` : ''}`, because: ['it was so before'] };
    },
    unmake(entry) {
      const { link, name } = formerOf(entry);
      const back =
        link === null
          ? 'rm -f -- /etc/localtime'
          : link === ''
            ? 'if [ -e "$entry.was" ]; then put_back "$entry.was" /etc/localtime; fi'
            : `set_localtime ${word(link)}`;
      return `${back}
${name === null ? '' : `[ ! -e /etc/timezone ] || printf '%s\\n' ${word(name)} | install_file /etc/timezone 0644`}`;
    },
  },
};

const formerOf = (entry: LedgerEntry): TimezoneAnswer => entry.former as TimezoneAnswer;

/** set_localtime TARGET: the link leads there, whole or not at all: no program ever finds a host without its time zone. */
export const TIMEZONE_WORDS = `
set_localtime() {
  rm -f -- /etc/.localtime.provision && ln -s -- "$1" /etc/.localtime.provision && mv -fT -- /etc/.localtime.provision /etc/localtime
}
`;
