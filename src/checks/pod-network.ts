import { type HostCheck, onHost, tells, warning } from './check.js';

// rp_filter is not asked about. With flannel every route is symmetric: what comes from a pod of another node arrives by the link
// that the route back to it leaves by (flannel.1), what comes from a pod here by cni0; strict filtering drops none of it, and
// flannel 0.28.4 neither reads nor sets it. It is Calico's Felix that asks (it refuses loose filtering) and Cilium that unsets it.

/** The links that flannel and the bridge plugin make. veth pairs are left alone by NetworkManager's own rule, 85-nm-unmanaged.rules. */
const LINKS = [
  { name: 'flannel.1', type: 'vxlan' },
  { name: 'cni0', type: 'bridge' },
] as const;
type Link = (typeof LINKS)[number];

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

/** NetworkManager.conf(5), Device List Format: `except:` beats everything; a list of nothing else begins with all devices. */
function isIgnored(specs: readonly string[], link: Link): boolean {
  const except = specs.filter((spec) => spec.startsWith('except:')).map((spec) => spec.slice('except:'.length));
  if (except.some((spec) => matches(spec, link))) return false;
  return specs.length > 0 && (except.length === specs.length || specs.some((spec) => matches(spec, link)));
}

const FILE = '/etc/NetworkManager/conf.d/90-kubernetes.conf';
const RULE = 'unmanaged-devices=interface-name:flannel*;interface-name:cni0;interface-name:veth*;interface-name:cali*';

/** NetworkManager takes addresses and routes from links that it thinks are its own (RKE2's known issues, Calico's troubleshooting). */
export const networkManager: HostCheck = {
  tells: [
    tells(
      'NetworkManager',
      'warning',
      'NetworkManager, where it runs, is told to leave the links of the pod network alone (flannel.1, cni0)',
      '`unmanaged-devices` in /etc/NetworkManager/conf.d',
    ),
  ],
  before: ['apply'],
  look({ node, machine }) {
    const ignored = machine.networkManagerIgnores;
    if (ignored === null) return [];
    const managed = LINKS.filter((link) => !isIgnored(ignored, link)).map(({ name }) => name);
    if (managed.length === 0) return [];
    return [
      warning(
        'NetworkManager',
        `NetworkManager manages ${managed.join(' and ')}: it may take the pod network's routes away`,
        `write [keyfile] and ${RULE} as two lines into ${FILE} on it, then ${onHost(node, 'systemctl reload NetworkManager')}`,
      ),
    ];
  },
};
