import { kernelPackage } from '../family/index.js';
import type { Step } from '../model/index.js';

/** Before anything that asks the kernel for modules and settings. */
export const kernel: Step = {
  id: 'kernel',
  title: 'Boot the kernel that the inventory wants',
  on: (node) => node.system.kernel !== 'keep',
  desire({ node, machine }) {
    // A node of a living cluster is not restarted: its pods would have to move first, and that is its operator's hour to choose.
    if (node.system.kernel === 'keep' || machine.clusterCa !== null) return [];
    return [{ kind: 'kernel', source: node.system.kernel, package: kernelPackage(machine), enableRepos: [] }];
  },
};
