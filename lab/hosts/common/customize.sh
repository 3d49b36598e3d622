#!/bin/sh
# What the roots of all practice hosts have in common.
set -eu
root=$1

chmod 0440 "$root/etc/sudoers.d/deploy"
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/etc/motd "$root"/etc/update-motd.d "$root"/etc/resolv.conf "$root"/etc/hostname
: > "$root/etc/machine-id"

# Boot would write these kernel settings, and here they are the machine's own.
for file in 50-pid-max.conf 99-protect-links.conf; do ln -sf /dev/null "$root/etc/sysctl.d/$file"; done

# ops must give a password to become root, deploy need not.
chroot "$root" useradd --create-home --shell /bin/bash --uid 1000 ops
chroot "$root" useradd --create-home --shell /bin/bash --uid 1001 deploy
echo ops:ops | chroot "$root" chpasswd

systemctl --root="$root" set-default multi-user.target
systemctl --root="$root" enable ssh.service firewalld.service
systemctl --root="$root" disable nftables.service
# Nobody watches these consoles, nothing here ages, and these mounts are the machine's.
systemctl --root="$root" mask console-getty.service getty.target e2scrub_reap.service e2scrub_all.timer \
  fstrim.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount systemd-udevd.service systemd-udev-trigger.service
