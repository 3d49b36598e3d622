import { API_PORT } from '../model/index.js';

/** What is true when the inventory is silent. The schema shows these, `resolve.ts` fills them in. */
export const defaults = {
  method: 'static-pods',
  install: 'binaries',
  runtime: 'containerd',
  network: 'flannel',
  encapsulation: 'vxlan', // the only one that every cloud lets pass
  cgroupDriver: 'systemd', // kubeadm
  podCidr: '10.244.0.0/16', // flannel's own manifest
  serviceCidr: '10.96.0.0/12', // kubeadm
  dnsDomain: 'cluster.local', // kubeadm
  apiPort: API_PORT,
  proxyMode: 'iptables',
  algorithm: 'RSA-2048',
  user: 'root',
  sshPort: 22,
  agent: true,
  knownHosts: '~/.ssh/known_hosts',
  connectTimeout: 10,
  mirrors: 'official',
  hostname: true,
  repositories: 'keep',
  hostsFile: true,
  swap: 'off',
  selinux: 'permissive',
  firewall: 'disable',
  timeSync: true,
  kernel: 'keep',
  openFiles: 1_048_576, // fs.nr_open of a stock kernel: a unit cannot be given more
} as const;
