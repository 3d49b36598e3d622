#!/bin/sh
# Starts one practice host that is a virtual machine, without KVM: a lab must work where there is none. A reboot ends
# QEMU and starts another one, because one process that reboots its guest gets slower each time. All values come in the
# environment:
#   LAB_DISK     root.img and swap.img
#   LAB_NETNS    path of the network namespace that holds the lab's bridge
#   LAB_TAP      the host's port of that bridge
#   LAB_MAC      its address
#   LAB_CGROUP   the host's own cgroup, below the root of every hierarchy
#   LAB_CONSOLE  file that the serial console is written to
#   LAB_HOST     the host's name
set -eu
. "${0%/*}/cgroup.sh"

# What a boot loader does: the kernel that Debian's links in / name, out of the guest's own disk, so that a kernel that
# the guest has installed is the one that it boots next.
take() { # link
  to=$(debugfs -R "stat /$1" "$LAB_DISK/root.img" 2> /dev/null | sed -n 's/^Fast link dest: "\(.*\)"$/\1/p')
  [ -n "$to" ] && debugfs -R "dump /$to $LAB_DISK/$1" "$LAB_DISK/root.img" 2> /dev/null
  [ -s "$LAB_DISK/$1" ] || {
    echo "$LAB_HOST: there is no /$1 on its disk" >&2
    exit 1
  }
}

# tsc=reliable: with two emulated processors Linux would not trust the TSC and read the HPET instead, which QEMU does under its
# one lock, whenever anybody in the guest asks what time it is.
boot() {
  e2fsck -p "$LAB_DISK/root.img" > /dev/null || [ $? -le 1 ] # 1: the journal of a guest that was killed was replayed
  rm -f "$LAB_DISK/vmlinuz" "$LAB_DISK/initrd.img"
  take vmlinuz
  take initrd.img
  qemu-system-x86_64 -name "$LAB_HOST" -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max -smp 2 -m 2048 \
    -nodefaults -display none -no-reboot -rtc base=utc \
    -chardev "file,id=console,path=$LAB_CONSOLE,append=on" -serial chardev:console \
    -drive "file=$LAB_DISK/root.img,format=raw,if=virtio,cache=unsafe" \
    -drive "file=$LAB_DISK/swap.img,format=raw,if=virtio,cache=unsafe" \
    -netdev "tap,id=net,ifname=$LAB_TAP,script=no,downscript=no" \
    -device "virtio-net-pci,netdev=net,mac=$LAB_MAC" -device virtio-rng-pci \
    -kernel "$LAB_DISK/vmlinuz" -initrd "$LAB_DISK/initrd.img" \
    -append 'root=LABEL=root rw console=ttyS0 security=selinux selinux=1 mitigations=off tsc=reliable quiet panic=1'
}

case ${1-} in
'')
  join "$LAB_CGROUP"
  exec nsenter "--net=$LAB_NETNS" -- /bin/sh "$0" keep
  ;;
keep)
  # The kernel's last word tells a reboot from a power-off: kernel_restart() in kernel/reboot.c.
  written=0
  while [ "$written" = 0 ] || tail -c "+$written" "$LAB_CONSOLE" | grep -q 'reboot: Restarting system'; do
    written=$(($(wc -c < "$LAB_CONSOLE") + 1))
    boot
  done
  ;;
esac
