import { type DraftInventory, groupsOf, nodesOf } from './draft.js';
import type { Complaint } from './explain.js';

/** Settings of the pod network that contradict each other, or that nobody would read. */
export function checkPodNetwork(draft: DraftInventory): Complaint[] {
  const { network } = draft.cluster ?? {};
  if (typeof network !== 'object') return [];
  const calico = network.plugin === 'calico';
  return [
    ...(['encapsulation', 'mtu'] as const)
      .filter((name) => !calico && network[name] !== undefined && network[name] !== 'vxlan')
      .map((name) => ({
        path: ['cluster', 'network', name],
        atKey: true,
        message: 'only calico is set up by it',
        cure: 'write `plugin: calico` beside it, or take it out',
      })),
    ...(network.manifest !== undefined && network.plugin !== undefined
      ? [
          {
            path: ['cluster', 'network', 'plugin'],
            first: ['cluster', 'network', 'manifest'],
            atKey: true,
            message: '`manifest` is another pod network',
            cure: 'keep one of the two',
          },
        ]
      : []),
    ...(calico && network.encapsulation === 'ipip' ? checkFirewall(draft) : []),
  ];
}

/** IPIP is a protocol beside TCP and UDP: firewalls open ports. */
function checkFirewall(draft: DraftInventory): Complaint[] {
  const places = [
    { system: draft.system, path: [] },
    ...groupsOf(draft).map(([name, { system }]) => ({ system, path: ['groups', name] })),
    ...nodesOf(draft).map(({ node, path }) => ({ system: node.system, path })),
  ];
  return places
    .filter(({ system }) => system?.firewall === 'open')
    .map(({ path }) => ({
      path: [...path, 'system', 'firewall'],
      first: ['cluster', 'network', 'encapsulation'],
      message: '`open` opens ports, and IPIP has none',
      cure: 'write `encapsulation: vxlan`, or `firewall: keep` and let IP protocol 4 in yourself',
    }));
}
