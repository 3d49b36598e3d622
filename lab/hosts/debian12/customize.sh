#!/bin/sh
# What makes the root a Debian server.
set -eu
root=$1

: > "$root/etc/apt/sources.list" # packages come from the lab's mirror only; each host gets its entry
chroot "$root" usermod --append --groups sudo ops
systemctl --root="$root" disable chrony.service
