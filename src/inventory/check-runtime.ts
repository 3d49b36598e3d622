import { defaults } from './defaults.js';
import type { DraftInventory } from './draft.js';
import type { Complaint } from './explain.js';

/** Settings of kubelet and Docker that would contradict each other, or do nothing. */
export const checkRuntime = (draft: DraftInventory): Complaint[] => [
  ...checkDriver(draft),
  ...checkDocker(draft),
  ...checkFlags(draft),
];

const DRIVERS = ['systemd', 'cgroupfs'];
/** Docker's own name of its option: `exec-opts: [native.cgroupdriver=systemd]`. */
const DRIVER_OPTION = 'native.cgroupdriver=';

/** Runtime and kubelet must put pods into the same cgroups: with two drivers the kubelet does not start. */
function checkDriver({ cluster }: DraftInventory): Complaint[] {
  const kubelet = cluster?.kubelet?.['cgroupDriver'];
  if (kubelet !== undefined && !DRIVERS.includes(String(kubelet))) {
    return [
      {
        path: ['cluster', 'kubelet', 'cgroupDriver'],
        message: `there is no cgroup driver \`${String(kubelet)}\``,
        cure: `it is one of ${DRIVERS.join(', ')}`,
      },
    ];
  }
  const options = cluster?.docker?.['exec-opts'];
  const docker = (Array.isArray(options) ? options.map(String) : []).find((option) => option.startsWith(DRIVER_OPTION));
  const wanted = kubelet ?? defaults.cgroupDriver;
  if (docker === undefined || docker === `${DRIVER_OPTION}${String(wanted)}`) return [];
  return [
    {
      path: ['cluster', 'docker', 'exec-opts'],
      message: `Docker would have another cgroup driver than the kubelet, which has \`${String(wanted)}\``,
      cure: 'take it out: Docker follows `kubelet: {cgroupDriver: …}`',
    },
  ];
}

function checkDocker({ cluster }: DraftInventory): Complaint[] {
  if (cluster?.docker === undefined || cluster.runtime === 'docker') return [];
  return [
    {
      path: ['cluster', 'docker'],
      atKey: true,
      message: 'there is no Docker in this cluster',
      cure: 'write `runtime: docker`, or take it out',
    },
  ];
}

/** They stand in a file that systemd splits at spaces, and a flag beats the configuration that other things follow. */
function checkFlags({ cluster }: DraftInventory): Complaint[] {
  return Object.entries(cluster?.kubeletExtraArgs ?? {}).flatMap(([name, value]): Complaint[] => {
    const path = ['cluster', 'kubeletExtraArgs', name];
    if (name === 'cgroup-driver') {
      return [{ path, message: 'the runtime would not follow it', cure: 'write `kubelet: {cgroupDriver: …}` instead' }];
    }
    if (!/[\s"'\\$%]/.test(String(value ?? ''))) return [];
    return [
      {
        path,
        message: 'a flag of the kubelet may hold no space, quote, backslash, `$` or `%`',
        cure: 'most flags have a field in KubeletConfiguration: write it under `kubelet`',
      },
    ];
  });
}
