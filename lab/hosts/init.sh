#!/bin/sh
# The first process of a practice host: puts the kernel's part of the host into the state a fresh boot has, gives
# systemd what nspawn keeps back, then becomes it.

# nspawn mounted /sys before it entered the network namespace: /sys/class/net would show the machine's links.
mount --make-rprivate / # or the unmounting below would reach the copy too
mkdir /run/cgroup
mount --rbind /sys/fs/cgroup /run/cgroup
umount -l /sys
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount --rbind /run/cgroup /sys/fs/cgroup
umount -l /run/cgroup
rmdir /run/cgroup

# The network namespace outlives a reboot; links and rules of the former life do not.
nft flush ruleset
for link in /sys/class/net/*; do
  case ${link##*/} in
  lo | eth0) ;;
  *) ip link delete "${link##*/}" 2> /dev/null ;;
  esac
done
# What a bare host starts with, whatever the machine has.
for key in ipv4/ip_forward ipv6/conf/all/forwarding bridge/bridge-nf-call-iptables bridge/bridge-nf-call-ip6tables; do
  [ -e /proc/sys/net/$key ] && echo 0 > /proc/sys/net/$key
done

while read -r _ where type _; do
  case $type in
  cgroup | cgroup2) mount -o remount,bind,rw "$where" ;;
  esac
done < /proc/self/mounts
mount --make-rshared / # kubelet and the container runtimes hand mounts on
exec /lib/systemd/systemd
