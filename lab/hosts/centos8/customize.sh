#!/bin/sh
# CentOS 8: dnf, and yum as another name for it.
set -eu
root=$1

sh "$LAB_RECIPES/centos/enter-packages.sh" "$root" "$LAB_RECIPES/centos8/provided"
ln -s dnf-3 "$root/usr/bin/yum"
# The package iproute-tc brings it.
rm -f "$root"/usr/sbin/tc "$root"/sbin/tc
