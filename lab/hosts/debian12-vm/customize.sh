#!/bin/sh
# Makes a practice host's root that of a machine: the kernel's part is given back to it.
set -eu
root=$1

# What a container must leave to the machine is this host's own: its clock, its kernel's settings and messages, its devices.
rm -r "$root/etc/systemd/system/chrony.service.d" "$root/etc/systemd/journald.conf.d"
for file in 50-pid-max.conf 99-protect-links.conf; do rm "$root/etc/sysctl.d/$file"; done
systemctl --root="$root" unmask systemd-udevd.service systemd-udev-trigger.service \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
systemctl --root="$root" enable systemd-networkd.service
# firewalld is Python: on an emulated processor it would take longer to start than all the rest.
systemctl --root="$root" disable firewalld.service

chroot "$root" update-initramfs -u -k all # with the modules that files/ names
