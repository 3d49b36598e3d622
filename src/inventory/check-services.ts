import { type DraftInventory, type DraftSettings, groupsOf, nodesOf } from './draft.js';
import type { Complaint } from './explain.js';
import type { Path } from './problem.js';

/** Units that a step of ours starts: stopping them as well would be two wishes about one thing. */
const RUN_BY_US: Readonly<Record<string, string>> = {
  containerd: 'it runs the pods',
  docker: 'it runs the pods where `cluster.runtime` is docker; elsewhere it is not started',
  kubelet: 'it is what makes a host a node',
  chrony: 'it keeps the clock: set `system.timeSync: false` and stop it by hand',
  chronyd: 'it keeps the clock: set `system.timeSync: false` and stop it by hand',
  crond: 'on Enterprise Linux 7 it sets the clock: set `system.timeSync: false` and stop it by hand',
};

/** Services to stop that the cluster lives by. */
export function checkServices(draft: DraftInventory): Complaint[] {
  const layers: readonly (readonly [Path, DraftSettings['system']])[] = [
    [['system'], draft.system],
    ...groupsOf(draft).map(([name, { system }]) => [['groups', name, 'system'], system] as const),
    ...nodesOf(draft).map(({ node, path }) => [[...path, 'system'], node.system] as const),
  ];
  return layers.flatMap(([path, system]) =>
    (system?.disableServices ?? []).flatMap((name, index): Complaint[] => {
      const why = RUN_BY_US[name?.replace(/\.service$/, '') ?? ''];
      if (name === undefined || why === undefined) return [];
      const at = [...path, 'disableServices', index];
      return [{ path: at, message: `\`${name}\` cannot be stopped: ${why}`, cure: 'take it out of the list' }];
    }),
  );
}
