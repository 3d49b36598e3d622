import type { Cluster } from '../model/index.js';
import { type HostCheck, onHost, tells, warning } from './check.js';

// rp_filter is not asked about. With flannel every route is symmetric: what comes from a pod of another node arrives by the link
// that the route back to it leaves by (flannel.1), what comes from a pod here by cni0; strict filtering drops none of it, and
// flannel 0.28.4 neither reads nor sets it. Felix once refused loose filtering; it filters by rules of its own now (v3.31.0 has no
// setting IgnoreLooseRPF any more, felix/config/config_params.go). Cilium unsets it.

interface Link {
  readonly name: string;
  readonly type: string;
}

/**
 * The links that a pod network makes on the host itself, and the bridge plugin. veth pairs are left alone by NetworkManager's own rule,
 * 85-nm-unmanaged.rules; of an operator's own network nothing is known.
 */
const LINKS: Readonly<Record<Cluster['network']['plugin'], readonly Link[]>> = {
  flannel: [
    { name: 'flannel.1', type: 'vxlan' },
    { name: 'cni0', type: 'bridge' },
  ],
  calico: [
    { name: 'vxlan.calico', type: 'vxlan' },
    { name: 'tunl0', type: 'ip-tunnel' },
  ],
  manifest: [],
};

/** `nm*` as NetworkManager globs names: only `*` and `?`. */
const globbed = (glob: string, name: string): boolean =>
  new RegExp(
    `^${glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(name);

function matches(spec: string, link: Link): boolean {
  const [, key = '', value = spec] = /^(interface-name|type|driver):(.*)$/.exec(spec) ?? [];
  if (key === 'type' || key === 'driver') return value === link.type;
  if (key === '') return spec === '*' || spec === link.name;
  return value.startsWith('=') ? value.slice(1) === link.name : globbed(value.replace(/^~/, ''), link.name);
}

/**
 * The network-manager step tells it to leave these links alone. NetworkManager.conf(5), Device List Format: `except:` beats that,
 * whoever wrote it.
 */
const isExcepted = (specs: readonly string[], link: Link): boolean =>
  specs.some((spec) => spec.startsWith('except:') && matches(spec.slice('except:'.length), link));

/** NetworkManager takes addresses and routes from links that it thinks are its own (RKE2's known issues, Calico's troubleshooting). */
export const networkManager: HostCheck = {
  tells: [
    tells(
      'NetworkManager',
      'warning',
      'no `except:` of the operator makes NetworkManager manage the links of the pod network (flannel.1, cni0; vxlan.calico, tunl0)',
      'take the `except:` out of `unmanaged-devices` in /etc/NetworkManager',
    ),
  ],
  before: ['apply'],
  look({ cluster, node, machine }) {
    const ignored = machine.networkManagerIgnores ?? [];
    const managed = LINKS[cluster.network.plugin].filter((link) => isExcepted(ignored, link)).map(({ name }) => name);
    if (managed.length === 0) return [];
    return [
      warning(
        'NetworkManager',
        `NetworkManager is told to manage ${managed.join(' and ')}: it may take the pod network's routes away`,
        `take the except: for them out of ${onHost(node, 'grep -r except: /etc/NetworkManager')}`,
      ),
    ];
  },
};
