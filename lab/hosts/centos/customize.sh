#!/bin/sh
# What makes the root a CentOS to whoever looks: rpm knows what is installed, dnf and yum install more, and nothing of
# apt is left. The programs are Debian's. Each version's own folder goes on from here.
set -eu
root=$1

chmod 0440 "$root/etc/sudoers"
chroot "$root" groupdel sudo
chroot "$root" groupadd --system wheel
chroot "$root" usermod --append --groups wheel ops

mkdir -p "$root/etc/sysconfig"
# Of ca-certificates: where programs of the family look for authorities.
mkdir -p "$root/etc/pki/ca-trust" "$root/etc/pki/tls/certs"
ln -s ../selinux/config "$root/etc/sysconfig/selinux"
ln -sf centos-release "$root/etc/redhat-release"
ln -sf centos-release "$root/etc/system-release"
echo 'The practice host is Debian underneath; these are its packages.' > "$root/usr/lib/lab-underneath"
chroot "$root" dpkg-query --show >> "$root/usr/lib/lab-underneath"

# The names of the family's units. cron reads /etc/cron.d and the users' crontabs as cronie does.
mv "$root/lib/systemd/system/cron.service" "$root/lib/systemd/system/crond.service"
rm -f "$root/etc/systemd/system/multi-user.target.wants/cron.service"
systemctl --root="$root" enable crond.service

# Plugins that are packages of their own here.
for plugin in changelog copr debug debuginfo-install leaves local modulesync post-transaction-actions show_leaves versionlock; do
  rm -f "$root/usr/lib/python3/dist-packages/dnf-plugins/$plugin.py" "$root/etc/dnf/plugins/$plugin.conf" "$root/etc/dnf/plugins/$plugin.list"
done

rm -f "$root/usr/libexec/dnf-utils-3" # yum-utils brings it

# What only Debian has. Nothing is installed by dpkg from here on, and a provisioner must not find it. (mmdebstrap still
# tidies the empty folders of apt.)
: > "$root/etc/apt/sources.list"
rm -rf "$root"/usr/bin/apt* "$root"/usr/bin/dpkg* "$root"/usr/sbin/dpkg* "$root/etc/debian_version" "$root/etc/dpkg" \
  "$root/var/lib/dpkg" "$root/usr/libexec/dpkg" "$root/var/log/apt" "$root/var/log/dpkg.log" "$root/etc/dnf/aliases.d/zypper.conf" \
  "$root/etc/cron.daily/dpkg" "$root/etc/cron.daily/apt-compat" \
  "$root"/lib/systemd/system/apt-daily* "$root"/lib/systemd/system/dpkg-db-backup*
