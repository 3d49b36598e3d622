// Preflight: pure (cluster, facts per host) -> findings. All checks run, all report, then the run refuses once. What needs no facts is
// said by `validate` (`misfits`).
// It asks no host and changes nothing; what it knows is in the facts.
import type { Cluster, Facts, Finding, MachineFacts, Release } from '../model/index.js';
import type { Operation, Subject, Tried } from './check.js';
import { skews } from './clock.js';
import { FLEET_CHECKS, HOST_CHECKS } from './list.js';

export type { Operation, Tried } from './check.js';
export { type Misfit, misfits } from './fits.js';
export { unknownNames } from './names.js';
export { trialWish } from './reach.js';
export { preflightReference } from './reference.js';

/**
 * Everything that speaks against the operation, of all hosts whose facts are given, in the order of the inventory.
 * Findings named in `ignorePreflight` (any case, or `all`) are warnings.
 */
export function preflight(
  cluster: Cluster,
  release: Release,
  facts: ReadonlyMap<string, Facts>,
  operation: Operation,
  tried: Tried | null = null,
): readonly Finding[] {
  const subjects = cluster.nodes.flatMap((node): readonly Subject[] => {
    const known = facts.get(node.name);
    if (known === undefined) return [];
    const trial = tried?.trials.get(node.name) ?? null;
    return [{ cluster, node, facts: known, machine: known.machine, trial, release }];
  });
  const found = [
    ...FLEET_CHECKS.filter((check) => check.before.includes(operation)).flatMap((check) =>
      check.look(cluster, subjects, tried),
    ),
    ...subjects.flatMap((subject) =>
      HOST_CHECKS.filter((check) => check.before.includes(operation)).flatMap((check) =>
        check.look(subject).map((draft): Finding => ({ ...draft, host: subject.node.name })),
      ),
    ),
  ];
  return found.map((finding) => (isIgnored(cluster, finding) ? { ...finding, severity: 'warning' } : finding));
}

/** Certificates carry dates: does any clock speak against making them now? Asked of the machines alone, before there is trust. */
export function clocksAreApart(cluster: Cluster, machines: ReadonlyMap<string, MachineFacts>): boolean {
  const clocks = cluster.nodes.flatMap((node) => {
    const machine = machines.get(node.name);
    return machine === undefined ? [] : [{ node, machine }];
  });
  return skews(clocks).some((finding) => finding.severity === 'error' && !isIgnored(cluster, finding));
}

function isIgnored(cluster: Cluster, finding: Finding): boolean {
  const ignored = cluster.ignorePreflight.map((name) => name.toLowerCase());
  return ignored.includes('all') || ignored.includes(finding.name.toLowerCase());
}
