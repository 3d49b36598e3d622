#!/bin/sh
# CentOS 7: yum 3, which is dnf behind yum's face here, and no chrony.
set -eu
root=$1

sh "$LAB_RECIPES/centos/enter-packages.sh" "$root" "$LAB_RECIPES/centos7/provided"
mkdir -p "$root/usr/lib/lab"
mv "$root/usr/bin/dnf-3" "$root/usr/lib/lab/dnf"
rm -f "$root"/usr/bin/dnf*
chmod 0755 "$root/usr/bin/yum"
sed -i s/^FirewallBackend=nftables/FirewallBackend=iptables/ "$root/etc/firewalld/firewalld.conf" # firewalld 0.6 knows no other
systemctl --root="$root" enable postfix.service
