import type { Step } from '../model/index.js';
import { render } from '../templates.js';
import { file, unit } from './words.js';

/** Those of flannel, the bridge plugin and calico (docs.tigera.io, "Troubleshooting", NetworkManager); whichever the cluster has by now. */
const LINKS = ['cali*', 'tunl*', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali', 'flannel*', 'cni0'];

const UNIT = 'NetworkManager.service';

export const networkManager: Step = {
  id: 'network-manager',
  title: 'Keep NetworkManager off the pod network',
  on: ({ system }) => !system.disableServices.includes(UNIT),
  desire({ machine }) {
    if (machine.networkManagerIgnores === null) return [];
    const devices = LINKS.map((name) => `interface-name:${name}`).join(';');
    const rule = file(
      '/etc/NetworkManager/conf.d/90-provision.conf',
      render('NetworkManager/unmanaged.conf', { devices }),
    );
    return [rule, { ...unit(UNIT, [rule]), change: 'reload' }];
  },
};
