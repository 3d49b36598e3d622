#!/bin/sh
# Makes the disks of one virtual machine, root.img and swap.img in LAB_DISK, out of LAB_ROOT, the root that all of them
# share, and LAB_DISK/upper, the files that are this host's own. No loop device and no mount of the machine's is needed:
# this runs in a mount namespace of its own, and mke2fs fills the file system as it makes it.
set -eu
merged=$LAB_DISK/merged
mkdir "$merged"
mount -t overlay vm -o "lowerdir=$LAB_ROOT,upperdir=$LAB_DISK/upper,workdir=$LAB_DISK/work" "$merged"
sh "${0%/*}/debian12-vm/label.sh" "$merged"
mke2fs -q -F -t ext4 -L root -d "$merged" "$LAB_DISK/root.img" 20G # sparse: as large as its content
umount "$merged"
rmdir "$merged"
truncate -s 1G "$LAB_DISK/swap.img"
mkswap -q -L swap "$LAB_DISK/swap.img"
