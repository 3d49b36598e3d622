import { ProvisionError } from '../../model/index.js';
import { type DiskFile, diskFiles, type HostIdentity } from './disk.js';

/** Hosts that are asked to be virtual machines: those named, or (true) all that are made now. */
export type VmWish = boolean | readonly string[] | undefined;

/**
 * Names of the hosts of a lab that are virtual machines. What is there stays what it is, unless it is made afresh.
 * Throws USAGE for a host that the lab has not, and for a container that is to become one without being thrown away. Pure.
 */
export function chooseVms(
  hosts: number,
  wish: VmWish,
  fresh: boolean | readonly string[],
  former: { readonly hosts: number; readonly vms: readonly string[] },
): readonly string[] {
  const names = Array.from({ length: hosts }, (_, index) => `h${index + 1}`);
  const isMadeNow = (name: string): boolean =>
    names.indexOf(name) >= former.hosts || (typeof fresh === 'boolean' ? fresh : fresh.includes(name));
  const asked = typeof wish === 'object' ? wish : wish === true ? names.filter(isMadeNow) : [];
  for (const name of asked) {
    if (!names.includes(name)) {
      throw new ProvisionError('USAGE', `the lab has no host ${name} to be a virtual machine`, {
        hint: `it has ${names.join(', ')}; --hosts N for more`,
      });
    }
    if (!isMadeNow(name) && !former.vms.includes(name)) {
      throw new ProvisionError('USAGE', `${name} is there, and is a container`, {
        hint: `to have it made anew as a virtual machine: --vm ${name} --fresh ${name}`,
      });
    }
  }
  return names.filter((name) => asked.includes(name) || former.vms.includes(name));
}

/** The files of a host that is a virtual machine: a container's, without what makes a container boot. Pure. */
export function vmFiles(
  identity: Omit<HostIdentity, 'init' | 'runc'>,
  network: { readonly address: string; readonly prefix: number; readonly mac: string },
): readonly DiskFile[] {
  return [
    ...diskFiles({ ...identity, init: '', runc: undefined }).filter(({ path }) => path !== '/usr/lib/lab/init'),
    {
      path: '/etc/systemd/network/10-lab.network',
      content: [
        ...['[Match]', `MACAddress=${network.mac}`, '', '[Network]', `Address=${network.address}/${network.prefix}`],
        ...[`Gateway=${identity.gateway}`, 'LinkLocalAddressing=no', 'IPv6AcceptRA=no', ''],
      ].join('\n'),
    },
  ];
}
