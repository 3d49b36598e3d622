import { familyById } from '../family/index.js';
import type { Finding } from '../model/index.js';
import { type FleetCheck, type HostCheck, onHost, type Subject, tells, warning } from './check.js';

/** A certificate made now must be valid on every host: backdating covers minutes, tokens and leases do not. */
const ERROR_MS = 30_000;
const WARNING_MS = 5_000;

const seconds = (ms: number): string => `${(Math.abs(ms) / 1000).toFixed(1)} s ${ms > 0 ? 'ahead' : 'behind'}`;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

type Clock = Pick<Subject, 'node' | 'machine'>;

/** The two hosts that are farthest apart, when neither is far from the middle: they see each other's certificates and leases. */
function apart(subjects: readonly Clock[], judged: readonly Finding[]): readonly Finding[] {
  const sorted = subjects.toSorted((a, b) => a.machine.clockSkewMs - b.machine.clockSkewMs);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || judged.some(({ severity }) => severity === 'error')) return [];
  const ms = last.machine.clockSkewMs - first.machine.clockSkewMs;
  if (ms <= ERROR_MS) return [];
  return [
    {
      name: 'ClockSkew',
      severity: 'error',
      host: last.node.name,
      message: `its clock is ${seconds(ms)} of ${first.node.name}'s; certificates and leases need less than ${ERROR_MS / 1000} s`,
      cure: setClock(last),
    },
  ];
}

/** Enterprise Linux 7 has chrony or ntpdate, as its operator likes. */
function setClock({ node, machine }: Clock): string {
  const [server = '0.pool.ntp.org'] = node.system.timeSync.servers;
  const other =
    familyById(machine.family).time.client === 'ntpdate' ? `ntpdate -u ${server}` : 'timedatectl set-ntp true';
  return onHost(node, `chronyc makestep (or: ${other})`);
}

/** Every clock against the median of all of them and this machine's, which signs the certificates; then the hosts against each other. */
export function skews(subjects: readonly Clock[]): readonly Finding[] {
  const middle = median([0, ...subjects.map((s) => s.machine.clockSkewMs)]);
  const judge = (host: string | null, skewMs: number, cure: string): readonly Finding[] => {
    const off = skewMs - middle;
    if (Math.abs(off) <= WARNING_MS) return [];
    const whose = host === null ? "this machine's clock" : 'its clock';
    return [
      {
        name: 'ClockSkew',
        severity: Math.abs(off) > ERROR_MS ? 'error' : 'warning',
        host,
        message: `${whose} is ${seconds(off)} of the middle of all clocks; certificates and leases need less than ${ERROR_MS / 1000} s`,
        cure,
      },
    ];
  };
  const judged = [
    ...judge(null, 0, 'set the clock of this machine'),
    ...subjects.flatMap((clock) => judge(clock.node.name, clock.machine.clockSkewMs, setClock(clock))),
  ];
  return [...judged, ...apart(subjects, judged)];
}

export const clockSkew: FleetCheck = {
  tells: [
    tells(
      'ClockSkew',
      'error or warning',
      "every clock is near the middle of all clocks and this machine's: a warning from 5 s, an error from 30 s; no two hosts are 30 s apart",
      'set the clock: `chronyc makestep`, `timedatectl set-ntp true`',
    ),
  ],
  before: ['apply'],
  look: (_cluster, subjects) => skews(subjects),
};

/** Told when nothing sets the clock and the inventory does not let us begin it. */
export const timeSync: HostCheck = {
  tells: [
    tells(
      'TimeSync',
      'warning',
      'a time service keeps the clock, where the inventory does not let us start one',
      '`system.timeSync.enabled: true`',
    ),
  ],
  before: ['apply'],
  look: ({ node, machine }) =>
    machine.timeSynced !== false || node.system.timeSync.enabled
      ? []
      : [
          warning(
            'TimeSync',
            'no time service keeps its clock',
            `set system.timeSync.enabled: true, or ${onHost(node, 'systemctl enable --now chrony')}`,
          ),
        ],
};
