import { bundleSystem } from './bundle.js';
import type { FleetCheck, HostCheck } from './check.js';
import { clockSkew, timeSync } from './clock.js';
import { disk, etcdDisk } from './disk.js';
import { maxPods, oneAuthority, podCapacity, unique } from './fleet.js';
import { hardware } from './hardware.js';
import { calico, cgroups, kernelConfig, kernelOfNode, kernelVersion, proxyMode } from './kernel.js';
import { architecture, initSystem, kubeletVersion, privileged, selinux, size, swap, system } from './machine.js';
import { cidrs, hostname, internalAddress, proxy, resolvConf } from './network.js';
import { available, cniConfigs, foreignRuntimes, otherCluster } from './ownership.js';
import { networkManager } from './pod-network.js';
import { endpointPort, firewall, ports } from './ports.js';
import { downloads, manifests, registries } from './reach.js';
import { repositories } from './repositories.js';
import { commands, packages, services, users } from './software.js';

/** In the order in which they are told. */
export const HOST_CHECKS: readonly HostCheck[] = [
  privileged,
  otherCluster,
  system,
  architecture,
  initSystem,
  size,
  hardware,
  kernelVersion,
  kernelOfNode,
  kernelConfig,
  proxyMode,
  calico,
  cgroups,
  disk,
  etcdDisk,
  repositories,
  packages,
  commands,
  services,
  users,
  swap,
  selinux,
  hostname,
  internalAddress,
  cidrs,
  resolvConf,
  networkManager,
  proxy,
  downloads,
  bundleSystem,
  registries,
  timeSync,
  firewall,
  ports,
  endpointPort,
  available,
  cniConfigs,
  foreignRuntimes,
  kubeletVersion,
];

export const FLEET_CHECKS: readonly FleetCheck[] = [manifests, podCapacity, maxPods, unique, oneAuthority, clockSkew];
