import { join } from 'node:path';
import { hostsOf, type LabHost, type LabRecord } from './record.js';

/** A lab as its users see it. All paths are absolute. */
export interface Lab {
  readonly name: string;
  readonly cidr: string;
  readonly gateway: string;
  readonly hosts: readonly LabHost[];
  /** Folder with inventory.yaml, known_hosts, id_ed25519, checksums.json and hosts.json. */
  readonly state: string;
  readonly inventory: string;
  readonly key: string;
  readonly knownHosts: string;
}

export function describeLab(record: LabRecord): Lab {
  const state = join(record.checkout, '.lab', record.name);
  return {
    name: record.name,
    cidr: record.network.cidr,
    gateway: record.network.gateway,
    hosts: hostsOf(record),
    state,
    inventory: join(state, 'inventory.yaml'),
    key: join(state, 'id_ed25519'),
    knownHosts: join(state, 'known_hosts'),
  };
}
