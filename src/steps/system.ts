import { familyById, kernelToBe } from '../family/index.js';
import { openPorts, type Scene, type Step } from '../model/index.js';
import { render } from '../templates.js';
import { kubectlUsers } from './kubectl.js';
import { stoppedForTime, timePackages } from './time.js';
import { block, file, packageSource, stopped } from './words.js';

export const hostname: Step = {
  id: 'hostname',
  title: 'Name the host',
  on: (node) => node.system.hostname,
  desire: ({ node }) => [{ kind: 'hostname', name: node.name }],
};

export const hostsFile: Step = {
  id: 'hosts-file',
  title: 'Let every node know every other by name',
  on: ({ system }) => system.hostsFile || Object.keys(system.extraHosts).length > 0,
  desire: ({ cluster, node }) => {
    const { hostsFile, extraHosts } = node.system;
    const nodes = hostsFile ? cluster.nodes.map((n) => `${n.internalAddress} ${n.name}`) : [];
    const others = Object.entries(extraHosts).flatMap(([name, addresses]) => addresses.map((ip) => `${ip} ${name}`));
    return [block('/etc/hosts', `${[...nodes, ...others].join('\n')}\n`)];
  },
};

export const swap: Step = {
  id: 'swap',
  title: 'Turn swap off, now and at boot',
  on: (node) => node.system.swap === 'off',
  desire: () => [{ kind: 'swap' }],
};

export const selinux: Step = {
  id: 'selinux',
  title: 'Set SELinux',
  on: (node) => node.system.selinux !== 'keep',
  desire: ({ node }) => (node.system.selinux === 'keep' ? [] : [{ kind: 'selinux', mode: node.system.selinux }]),
};

export const packages: Step = {
  id: 'packages',
  title: 'Install what Kubernetes calls',
  on: () => true,
  desire: (scene) => [
    { kind: 'packages', name: 'kubernetes', packages: packagesFor(scene), ...packageSource(scene) },
    ...(scene.node.system.packages.length === 0
      ? []
      : [
          {
            kind: 'packages' as const,
            name: 'extra',
            packages: [...scene.node.system.packages].sort(),
            ...packageSource(scene),
          },
        ]),
  ],
};

/** What Kubernetes calls, as this family names it. */
export function packagesFor({ machine, cluster, node }: Scene): readonly string[] {
  const family = familyById(machine.family);
  const completion = kubectlUsers.on(node, cluster, node.name) ? [family.completionPackage] : [];
  return [
    ...new Set([
      ...family.packages,
      ...family.proxyPackages[cluster.proxyMode],
      ...timePackages(node, machine),
      ...completion,
    ]),
  ].sort();
}

const FIREWALLS: readonly string[] = ['firewalld.service', 'ufw.service'];

export const firewall: Step = {
  id: 'firewall',
  title: 'Settle the firewall',
  on: (node) => node.system.firewall !== 'keep',
  desire: (scene) =>
    scene.node.system.firewall === 'disable'
      ? FIREWALLS.map((name) => stopped(name))
      : [{ kind: 'firewall', ports: portsFor(scene), sources: [scene.cluster.network.podCidr] }],
};

export const services: Step = {
  id: 'services',
  title: 'Stop services that are not wanted',
  on: ({ system }) => system.disableServices.length > 0,
  // What the steps of firewall and time stop is theirs; naming it here as well says nothing more.
  desire({ node, machine }) {
    const { system } = node;
    const others = [...(system.firewall === 'disable' ? FIREWALLS : []), ...stoppedForTime(node, machine)];
    return system.disableServices.filter((name) => !others.includes(name)).map((name) => stopped(name));
  },
};

export const portsFor = ({ cluster, node }: Pick<Scene, 'cluster' | 'node'>): readonly string[] =>
  openPorts(cluster, node);

/** Connection tracking by the first kernel whose module has the name: 4.19 made one of two, and Enterprise Linux 8's 4.18 has that, too. */
const CONNTRACK: readonly (readonly [from: number, module: string])[] = [
  [4018, 'nf_conntrack'],
  [0, 'nf_conntrack_ipv4'],
];

export function conntrackOf(kernel: string): string {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  const number = major === undefined ? Number.POSITIVE_INFINITY : Number(major) * 1000 + Number(minor);
  return CONNTRACK.find(([from]) => number >= from)?.[1] ?? 'nf_conntrack';
}

export const modules: Step = {
  id: 'modules',
  title: 'Load kernel modules, now and at boot',
  on: () => true,
  desire: ({ cluster, node, machine }) => [
    { kind: 'modules', name: 'kubernetes', modules: ['overlay', 'br_netfilter'] },
    ...(cluster.proxyMode === 'ipvs'
      ? [
          {
            kind: 'modules' as const,
            name: 'ipvs',
            modules: ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh', conntrackOf(kernelToBe(node, machine))],
          },
        ]
      : []),
  ],
};

export const sysctl: Step = {
  id: 'sysctl',
  title: 'Set kernel parameters',
  on: () => true,
  desire: ({ cluster, node }) => [
    {
      kind: 'sysctl',
      name: 'kubernetes',
      values: {
        // Bridged pod traffic must pass kube-proxy's rules; flannel needs it, kubeadm stopped checking it.
        'net.bridge.bridge-nf-call-iptables': '1',
        'net.bridge.bridge-nf-call-ip6tables': '1',
        'net.ipv4.ip_forward': '1',
        ...(cluster.network.podCidr.includes(':') ? { 'net.ipv6.conf.all.forwarding': '1' } : {}),
        ...node.system.sysctl,
      },
    },
  ],
};

export const limits: Step = {
  id: 'limits',
  title: 'Raise the number of open files',
  on: () => true,
  desire: ({ node }) => {
    const { openFiles } = node.system;
    return [
      file('/etc/security/limits.d/90-provision.conf', render('limits/limits.conf', { openFiles })),
      file('/etc/systemd/system.conf.d/90-provision.conf', render('limits/system.conf', { openFiles })),
    ];
  },
};
