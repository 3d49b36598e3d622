import { describeLab, type Lab } from './describe.js';
import { untilGreeted } from './hosts/ssh.js';
import { isRunning } from './hosts/start.js';
import { mirrorProcesses } from './lab-mirror.js';
import { labPlaces, type Places, placesOf } from './places.js';
import { allRecords, hostsOf, type LabHost, readRecord } from './record.js';

export interface HostStatus extends LabHost {
  readonly running: boolean;
  /** An SSH server greets. */
  readonly answers: boolean;
}

export interface LabStatus extends Omit<Lab, 'hosts'> {
  readonly hosts: readonly HostStatus[];
  readonly mirror: boolean;
}

/** What there is of a lab now; undefined when there is none of that name. Changes nothing. */
export async function status(name = 'lab', places: Places = placesOf()): Promise<LabStatus | undefined> {
  const record = await readRecord(places, name);
  if (record === undefined) return undefined;
  const hosts = await Promise.all(
    hostsOf(record).map(async (host) => {
      const running = await isRunning(name, host);
      return { ...host, running, answers: running && (await untilGreeted(host.address, 1_000, () => true)) };
    }),
  );
  const mirror = (await mirrorProcesses(labPlaces(places, name).run)).length > 0;
  return { ...describeLab(record), hosts, mirror };
}

/** Names of all labs on this machine. */
export const labNames = async (places: Places = placesOf()): Promise<readonly string[]> =>
  (await allRecords(places)).map((record) => record.name).sort();
