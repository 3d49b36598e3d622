// Preflight: pure (cluster, facts per host) -> findings. All checks run, all report, then the run refuses once.
// It asks no host and changes nothing; what it knows is in the facts.
import type { Cluster, Facts, Finding } from '../model/index.js';
import type { FleetCheck, HostCheck, Operation, Subject } from './check.js';
import { clockSkew, timeSync } from './clock.js';
import { disk } from './disk.js';
import { oneAuthority, podCapacity, unique } from './fleet.js';
import { cgroups, kernelConfig, kernelVersion } from './kernel.js';
import {
  architecture,
  commands,
  initSystem,
  kubeletVersion,
  packages,
  privileged,
  selinux,
  size,
  swap,
  system,
} from './machine.js';
import { cidrs, hostname, internalAddress, proxy, resolvConf } from './network.js';
import { available, cniConfigs, foreignRuntimes, otherCluster } from './ownership.js';
import { firewall, ports } from './ports.js';

export type { Operation } from './check.js';

/** In the order in which they are told. */
const HOST_CHECKS: readonly HostCheck[] = [
  privileged,
  otherCluster,
  system,
  architecture,
  initSystem,
  size,
  kernelVersion,
  kernelConfig,
  cgroups,
  disk,
  packages,
  commands,
  swap,
  selinux,
  hostname,
  internalAddress,
  cidrs,
  resolvConf,
  proxy,
  timeSync,
  firewall,
  ports,
  available,
  cniConfigs,
  foreignRuntimes,
  kubeletVersion,
];

const FLEET_CHECKS: readonly FleetCheck[] = [podCapacity, unique, oneAuthority, clockSkew];

/**
 * Everything that speaks against the operation, of all hosts whose facts are given, in the order of the inventory.
 * Findings named in `ignorePreflight` (any case, or `all`) are warnings.
 */
export function preflight(
  cluster: Cluster,
  facts: ReadonlyMap<string, Facts>,
  operation: Operation,
): readonly Finding[] {
  const subjects = cluster.nodes.flatMap((node): readonly Subject[] => {
    const known = facts.get(node.name);
    return known === undefined ? [] : [{ cluster, node, facts: known, machine: known.machine }];
  });
  const found = [
    ...FLEET_CHECKS.filter((check) => check.before.includes(operation)).flatMap((check) =>
      check.look(cluster, subjects),
    ),
    ...subjects.flatMap((subject) =>
      HOST_CHECKS.filter((check) => check.before.includes(operation)).flatMap((check) =>
        check.look(subject).map((draft): Finding => ({ ...draft, host: subject.node.name })),
      ),
    ),
  ];
  return found.map((finding) => (isIgnored(cluster, finding) ? { ...finding, severity: 'warning' } : finding));
}

function isIgnored(cluster: Cluster, finding: Finding): boolean {
  const ignored = cluster.ignorePreflight.map((name) => name.toLowerCase());
  return ignored.includes('all') || ignored.includes(finding.name.toLowerCase());
}
