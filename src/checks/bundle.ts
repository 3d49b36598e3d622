import { systemOf } from '../release/index.js';
import { error, type HostCheck, tells } from './check.js';

/** Without packages of any system the operator has said that hosts have theirs; with those of others, somebody forgot this one. */
export const bundleSystem: HostCheck = {
  tells: [
    tells(
      'BundleSystem',
      'error',
      "a bundle that holds packages holds those of this host's system",
      '`bundle create --packages-from` with a host of that system',
    ),
  ],
  before: ['apply'],
  look({ cluster, machine }) {
    const { bundle } = cluster.mirrors;
    const system = systemOf(machine);
    if (!bundle || bundle.systems.length === 0 || bundle.systems.includes(system)) return [];
    return [
      error(
        'BundleSystem',
        `the bundle has packages for ${bundle.systems.join(', ')}, not for ${system}`,
        'make it with a host of that system among those of --packages-from: provision bundle create --packages-from twins.yaml -i <inventory> -o bundle.tar',
      ),
    ];
  },
};
