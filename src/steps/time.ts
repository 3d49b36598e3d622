import { familyById } from '../family/index.js';
import type { Node, Resource, Scene, Step } from '../model/index.js';
import { render } from '../templates.js';
import { block, file, stopped, unit } from './words.js';

/** Before anything of ours writes a date or a log line. */
export const timezone: Step = {
  id: 'timezone',
  title: 'Set the time zone',
  on: (node) => node.system.timezone !== null,
  desire: ({ node }) => (node.system.timezone === null ? [] : [{ kind: 'timezone', zone: node.system.timezone }]),
};

export const time: Step = {
  id: 'time',
  title: 'Keep time',
  on: (node) => node.system.timeSync.enabled,
  desire: (scene) => (clientOf(scene.machine).client === 'ntpdate' ? ntpdate(scene) : chrony(scene)),
};

const clientOf = ({ family }: Scene['machine']) => familyById(family).time;
const PACKAGES = { chrony: ['chrony'], ntpdate: ['cronie', 'ntpdate'] } as const;

export const timePackages = ({ system }: Node, machine: Scene['machine']): readonly string[] => [
  ...(system.timezone === null ? [] : ['tzdata']),
  ...(system.timeSync.enabled ? PACKAGES[clientOf(machine).client] : []),
];

/** Two that set one clock undo each other's work. */
export const stoppedForTime = ({ system }: Node, machine: Scene['machine']): readonly string[] =>
  system.timeSync.enabled && clientOf(machine).client === 'ntpdate' ? ['chronyd.service', 'ntpd.service'] : [];

/** ntpdate has no servers of its own. */
const PUBLIC_SERVERS = ['0.pool.ntp.org', '1.pool.ntp.org'];

/** The inventory's, else those that its preset of mirrors has. */
const serversFor = ({ node, cluster }: Scene): readonly string[] =>
  node.system.timeSync.servers.length > 0 ? node.system.timeSync.servers : cluster.mirrors.timeServers;

function ntpdate(scene: Scene): readonly Resource[] {
  const servers = serversFor(scene);
  const text = render('cron/ntpdate', { servers: (servers.length === 0 ? PUBLIC_SERVERS : servers).join(' ') });
  return [
    ...stoppedForTime(scene.node, scene.machine).map((name) => stopped(name)),
    file('/etc/cron.d/provision-ntpdate', text),
    unit('crond.service', []),
  ];
}

function chrony(scene: Scene): readonly Resource[] {
  const servers = timeServers(scene);
  return [...servers, unit(clientOf(scene.machine).chronyUnit, servers)];
}

/** The inventory's time servers where chrony looks for them, and its own list off; without any, the distribution's stay. */
function timeServers(scene: Scene): readonly Resource[] {
  const servers = serversFor(scene);
  if (servers.length === 0) return [];
  const lines = `${servers.map((server) => `server ${server} iburst`).join('\n')}\n`;
  const { chronyServers, chronyConf } = clientOf(scene.machine);
  return [
    { kind: 'muted', path: chronyConf, words: ['pool', 'server', 'peer'] },
    chronyServers === null ? block(chronyConf, lines) : file(chronyServers, render('chrony/servers.conf', { lines })),
  ];
}
