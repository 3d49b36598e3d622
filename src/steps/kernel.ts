import { kernelPackage } from '../family/index.js';
import type { Resource, Step } from '../model/index.js';
import { repositoriesFor } from './repositories.js';

/** Before anything that asks the kernel for modules and settings. */
export const kernel: Step = {
  id: 'kernel',
  title: 'Boot the kernel that the inventory wants',
  on: (node) => node.system.kernel !== 'keep',
  desire(scene) {
    const { node, machine } = scene;
    const source = node.system.kernel;
    if (source === 'keep') return [];
    const repositories = source === 'elrepo-lt' ? repositoriesFor(scene, ['elrepo-kernel']) : [];
    const wanted: Resource = {
      kind: 'kernel',
      source,
      package: source === 'elrepo-lt' ? 'kernel-lt' : kernelPackage(machine),
      enableRepos: repositories.map(({ id }) => id),
    };
    // A node of a living cluster is not restarted: its pods would have to move first, and that is its operator's hour to choose.
    return machine.clusterCa === null ? [...repositories, wanted] : repositories;
  },
};
