import { rm } from 'node:fs/promises';
import { ProvisionError } from '../../model/index.js';
import { must } from '../command.js';
import { defaultRelease, type LabRelease } from '../content/components.js';
import { exists } from '../files.js';
import { withLock } from '../lock.js';
import { labPlaces, type Places } from '../places.js';
import { allRecords, type LabRecord, writeRecord } from '../record.js';
import { chooseSlot, labNetwork, overlapsLab } from './network.js';
import { defaultKind, type HostKind, hostKind } from './root.js';
import { prepareKernel } from './shared-kernel.js';
import { chooseVms, type VmWish } from './vm.js';

/** What its user asks of a lab that may or may not be there. */
export interface LabOptions {
  /** Number of hosts. Default: as many as there are, or 3. A lab never shrinks by `up`. */
  readonly hosts?: number | undefined;
  readonly like?: string | undefined;
  /** Kubernetes that the mirror is made for. Default: the one that the lab has, or the newest. */
  readonly release?: LabRelease | undefined;
  readonly cidr?: string | undefined;
  /** Make hosts anew, as if just installed: all of them or those named. */
  readonly fresh?: boolean | readonly string[] | undefined;
  /** Hosts that are virtual machines with a kernel of their own: those named, or (true) all that this call makes. */
  readonly vm?: VmWish;
  /** Without it the hosts have no packages and no artifacts. Default true. */
  readonly mirror?: boolean | undefined;
}

/** The same of one lab by its name; `root` is the folder that its hosts' disks begin with. */
export interface LabWish extends LabOptions {
  readonly name: string;
  readonly root: string;
}

/** Finds the lab's record or makes one: a free slot, a subnet that nothing else on this machine uses. */
export function register(places: Places, wish: LabWish): Promise<LabRecord> {
  return withLock('machine', 'choosing a subnet', 30_000, async () => {
    const records = await allRecords(places);
    const former = records.find((record) => record.name === wish.name);
    await prepareKernel(places);
    const lab = labPlaces(places, wish.name);
    if (former !== undefined) {
      if (former.checkout !== places.checkout && (await exists(former.checkout))) throw foreignLab(former);
      if (wish.cidr !== undefined && wish.cidr !== former.network.cidr) throw otherSubnet(former, wish.cidr);
      const hosts = Math.max(wish.hosts ?? 0, former.hosts);
      const record = {
        ...former,
        checkout: places.checkout,
        hosts,
        vms: chooseVms(hosts, wish.vm, wish.fresh ?? false, former),
        mirror: wish.mirror !== false,
        release: releaseOf(former, wish),
        like: likeOf(former, wish),
        // The disks lie over the root they were made on; only a lab that is wholly new can change it.
        root: wish.fresh === true ? wish.root : former.root,
      };
      await writeRecord(places, record);
      return record;
    }
    const slot = chooseSlot(wish.name, new Map(records.map((record) => [record.network.slot, record.name])));
    const network = labNetwork(wish.name, slot, wish.cidr);
    await refuseOverlap(network.cidr, records);
    // A lab without a record is no lab: what an earlier one left is not its own.
    for (const leftover of [lab.disks, lab.state]) await rm(leftover, { recursive: true, force: true });
    const { name, root } = wish;
    const release = releaseOf(undefined, wish);
    const like = likeOf(undefined, wish);
    const { checkout } = places;
    const hosts = wish.hosts ?? (wish.vm === true ? 1 : 3);
    const vms = chooseVms(hosts, wish.vm, true, { hosts: 0, vms: [] });
    const mirror = wish.mirror !== false;
    const record = { name, network, like, release, root, checkout, disks: lab.disks, hosts, vms, mirror };
    await writeRecord(places, record);
    return record;
  });
}

/**
 * The release of a lab: what is asked for, what it has, or the default. Hosts are built from one mirror, so a lab changes its
 * release only with all its hosts. Throws LAB otherwise.
 */
export function releaseOf(
  former: LabRecord | undefined,
  wish: Pick<LabWish, 'name' | 'release' | 'fresh'>,
): LabRelease {
  const release = wish.release ?? former?.release ?? defaultRelease;
  if (former === undefined || former.release === release || wish.fresh === true) return release;
  throw new ProvisionError('LAB', `lab "${wish.name}" is for Kubernetes ${former.release}, not ${release}`, {
    hint: `--fresh makes all its hosts anew for ${release}; --name makes another lab beside it`,
  });
}

/** What a lab's hosts are like: as asked for, as they are, or the default. All of them are of one kind. Throws LAB otherwise. */
export function likeOf(former: LabRecord | undefined, wish: Pick<LabWish, 'name' | 'like' | 'fresh'>): HostKind {
  const like = hostKind(wish.like ?? former?.like ?? defaultKind);
  if (former === undefined || former.like === like || wish.fresh === true) return like;
  throw new ProvisionError('LAB', `the hosts of lab "${wish.name}" are like ${former.like}, not ${like}`, {
    hint: `--fresh makes all of them anew; --name makes another lab beside it`,
  });
}

async function refuseOverlap(cidr: string, records: readonly LabRecord[]): Promise<void> {
  const routes: unknown = JSON.parse(await must(['ip', '-j', '-4', 'route', 'show']));
  const machine = (Array.isArray(routes) ? routes : []).flatMap((route: { dst?: string; dev?: string }) =>
    route.dst !== undefined && /\/\d+$/.test(route.dst)
      ? [{ cidr: route.dst, who: `this machine's ${route.dev}` }]
      : [],
  );
  const labs = records.map((record) => ({ cidr: record.network.cidr, who: `lab "${record.name}"` }));
  const hit = [...labs, ...machine].find((other) => overlapsLab(cidr, other.cidr));
  if (hit === undefined) return;
  throw new ProvisionError('LAB', `${cidr} overlaps ${hit.cidr} of ${hit.who}`, {
    hint: 'give the lab another subnet: --cidr 10.201.77.0/24, with a --name of its own',
  });
}

const foreignLab = (record: LabRecord): ProvisionError =>
  new ProvisionError('LAB', `lab "${record.name}" belongs to the checkout ${record.checkout}`, {
    hint: `choose another --name, or end it first: provision lab down --name ${record.name}`,
  });

const otherSubnet = (record: LabRecord, cidr: string): ProvisionError =>
  new ProvisionError('LAB', `lab "${record.name}" is at ${record.network.cidr}, not ${cidr}`, {
    hint: `provision lab down --name ${record.name}, then up again`,
  });
