import { readdir, writeFile } from 'node:fs/promises';
import { runProgram } from '../../transport/index.js';
import { must } from '../command.js';
import type { LabHost } from '../record.js';
import type { LabNetwork } from './network.js';

const namespaces = async (): Promise<readonly string[]> => readdir('/run/netns').catch(() => []);
const links = async (): Promise<readonly string[]> => readdir('/sys/class/net');

/** Priority of the rule that keeps a lab from the machine's other networks; after `local`, before `main`. */
const rulePriority = '1201';

/**
 * Lays the lab's cable: a namespace with the bridge, and a cable from it to the machine, whose end has the gateway's
 * address. Nothing of the machine's own forwarding or firewall is touched: the hosts' frames never pass its tables, and
 * a rule tells everything that wants out of the lab at once that there is no way.
 */
export async function layWiring(network: LabNetwork): Promise<void> {
  const { wiring, uplink } = network;
  if ((await namespaces()).includes(wiring) && (await isLaid(network))) return;
  await removeWiring(network);
  await must(['ip', 'netns', 'add', wiring]);
  await batch([], [`link add ${uplink} type veth peer name uplink netns ${wiring}`]);
  await batch(
    ['-n', wiring],
    [
      'link add bridge type bridge forward_delay 0 stp_state 0',
      'link set uplink master bridge',
      'link set bridge up',
      'link set uplink up',
      'link set lo up',
    ],
  );
  await writeFile(`/proc/sys/net/ipv6/conf/${uplink}/disable_ipv6`, '1').catch(() => {}); // a kernel without IPv6
  // Only a forwarding link answers "no route" instead of swallowing the packet; the rule then lets nothing through.
  await writeFile(`/proc/sys/net/ipv4/conf/${uplink}/forwarding`, '1');
  await batch(
    [],
    [
      `rule add priority ${rulePriority} iif ${uplink} unreachable`,
      `link set ${uplink} up`,
      `address add ${network.gateway}/${network.prefix} dev ${uplink}`,
    ],
  );
}

/** The address comes last, on a link that is up: then all before it was done. */
async function isLaid({ uplink, gateway }: LabNetwork): Promise<boolean> {
  if (!(await links()).includes(uplink)) return false;
  return (await must(['ip', '-o', '-4', 'address', 'show', 'dev', uplink, 'up'])).includes(` ${gateway}/`);
}

/** A fresh network namespace for one host, with its cable plugged into the bridge. A former one is removed. */
export async function plugHost(network: LabNetwork, host: LabHost): Promise<void> {
  await unplugHost(host.namespace);
  await must(['ip', 'netns', 'add', host.namespace]);
  await batch(
    ['-n', network.wiring],
    [
      `link add ${host.port} type veth peer name eth0 address ${host.mac} netns ${host.namespace}`,
      `link set ${host.port} master bridge`,
      `link set ${host.port} up`,
    ],
  );
  await batch(
    ['-n', host.namespace],
    [
      'link set lo up',
      `address add ${host.address}/${network.prefix} dev eth0`,
      'link set eth0 up',
      `route add default via ${network.gateway}`,
    ],
  );
}

/** A virtual machine's cable: a tap in the bridge's own namespace, which QEMU opens there. A former one is removed. */
export async function plugVm(network: LabNetwork, host: LabHost): Promise<void> {
  await runProgram(['ip', '-n', network.wiring, 'link', 'delete', host.port]);
  await batch(
    ['-n', network.wiring],
    [`tuntap add dev ${host.port} mode tap`, `link set ${host.port} master bridge`, `link set ${host.port} up`],
  );
}

export async function unplugHost(namespace: string): Promise<void> {
  if (!(await namespaces()).includes(namespace)) return;
  // The cable first: a namespace that something still holds would keep it. Gone already is fine.
  await runProgram(['ip', '-n', namespace, 'link', 'delete', 'eth0']);
  await must(['ip', 'netns', 'delete', namespace]);
}

export async function removeWiring(network: LabNetwork): Promise<void> {
  const { uplink, wiring } = network;
  while ((await must(['ip', 'rule', 'show'])).includes(` iif ${uplink} `)) {
    await must(['ip', 'rule', 'delete', 'iif', uplink]);
  }
  if ((await links()).includes(uplink)) await must(['ip', 'link', 'delete', uplink]);
  if ((await namespaces()).includes(wiring)) await must(['ip', 'netns', 'delete', wiring]);
}

/** Namespaces and links of the lab that are still there, named for a letter. */
export async function wiringLeft(lab: string, network: LabNetwork | undefined): Promise<readonly string[]> {
  const spaces = (await namespaces()).filter((name) => isOfLab(lab, name)).map((name) => `network namespace ${name}`);
  if (network === undefined) return spaces;
  const rules = (await must(['ip', 'rule', 'show'])).includes(` iif ${network.uplink} `);
  return [
    ...spaces,
    ...((await links()).includes(network.uplink) ? [`link ${network.uplink}`] : []),
    ...(rules ? [`routing rule for ${network.uplink}`] : []),
  ];
}

/** Namespaces of the lab's hosts, also of those that no record names any more. */
export async function hostNamespaces(lab: string): Promise<readonly string[]> {
  return (await namespaces()).filter((name) => isOfLab(lab, name) && name !== `provlab.${lab}`);
}

/** `provlab.x` and `provlab.x.h3`; a lab's name has no dot. */
export const isOfLab = (lab: string, namespace: string): boolean =>
  namespace === `provlab.${lab}` || namespace.startsWith(`provlab.${lab}.`);

const batch = (options: readonly string[], lines: readonly string[]): Promise<string> =>
  must(['ip', ...options, '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
