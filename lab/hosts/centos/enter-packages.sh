#!/bin/sh
# Enters what a root brings into its rpm database, under the names and versions that this CentOS has: empty packages, so
# that `rpm -q iproute` answers and dependencies hold. Called with the root and the list.
set -eu
root=$1 list=$2
work=$root/tmp/rpm

mkdir -p "$work"
awk -f "$LAB_RECIPES/centos/provided.awk" "$list" > "$work/lab-root.spec"
chroot "$root" rpmbuild --quiet -bb --define '_topdir /tmp/rpm' --define '_build_name_fmt %%{NAME}.rpm' \
  --define '_binary_payload w1.gzdio' /tmp/rpm/lab-root.spec
chroot "$root" sh -c 'exec rpm --initdb'
chroot "$root" sh -c 'exec rpm --install --justdb --nodeps /tmp/rpm/RPMS/*.rpm'
rm -rf "$work"
