import type { Cluster, Probe, Scene } from '../model/index.js';

/** One cgroup driver for the kubelet and its runtime, by the kubelet's configuration; kubeadm's default is systemd. */
export const cgroupDriver = ({ components }: Pick<Cluster, 'components'>): 'systemd' | 'cgroupfs' =>
  components.kubelet['cgroupDriver'] === 'cgroupfs' ? 'cgroupfs' : 'systemd';

/** Seen at what the running kubelet made: the parent of all pods is a slice of systemd's, or none (pkg/kubelet/cm/cgroup_manager_linux.go). */
export const kubeletCgroups = ({ cluster }: Scene): Probe => {
  const driver = cgroupDriver(cluster);
  return {
    id: 'kubelet-cgroups',
    title: `the kubelet has the cgroup driver ${driver}`,
    command: ['systemctl', 'is-active', 'kubepods.slice'],
    expect: driver === 'systemd' ? '^active$' : '^inactive$',
    within: 60,
    hint: 'runtime and kubelet must have one cgroup driver: look who else sets the flag cgroup-driver (systemctl cat kubelet)',
  };
};
