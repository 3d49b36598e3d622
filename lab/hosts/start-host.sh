#!/bin/sh
# Starts one practice host. It lives in a mount namespace of its own, so that every mount dies with its processes and
# nothing of it shows in the machine's mount table. All values come in the environment:
#   LAB_ROOT    the root file system all hosts share, read only
#   LAB_DISK    this host's own disk: upper/ work/ volumes/{containerd,docker,kubelet,etcd}
#   LAB_MOUNT   an empty directory to mount the two on
#   LAB_NETNS   path of the host's network namespace
#   LAB_CGROUP  the host's own cgroup, below the root of every hierarchy
#   LAB_HOST    the host's name
set -eu

. "${0%/*}/cgroup.sh"

case ${1-} in
'')
  # Not the host's own cgroup: on v2 one that hands controllers down may hold no process itself.
  join "$LAB_CGROUP.keeper"
  # slave, not private: a network namespace that another lab removes must not stay pinned by our copy of its mount.
  exec unshare --mount --propagation slave -- /bin/sh "$0" keep
  ;;
keep)
  mkdir -p /run/systemd
  mount -t tmpfs -o mode=0755 lab /run/systemd # nspawn's own notes stay here
  mount -t overlay "$LAB_HOST" -o "lowerdir=$LAB_ROOT,upperdir=$LAB_DISK/upper,workdir=$LAB_DISK/work" "$LAB_MOUNT"
  code=133 # with --keep-unit nspawn leaves a reboot to its caller and ends with this
  while [ "$code" = 133 ]; do
    code=0
    /bin/sh "$0" boot || code=$?
  done
  exit "$code"
  ;;
boot)
  join "$LAB_CGROUP"
  volumes=
  # Overlay on overlay is refused by the kernel: whatever mounts overlays itself gets a real file system.
  for volume in containerd docker kubelet etcd; do
    volumes="$volumes --bind=$LAB_DISK/volumes/$volume:/var/lib/$volume"
  done
  # A machine with loadable modules lets its hosts load them: the kernel is shared anyway.
  [ ! -d /lib/modules ] || volumes="$volumes --bind-ro=/lib/modules"
  export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes
  # No practice host outlives the machine, so none needs to wait for its disk; etcd and dpkg do little else on a busy one.
  # shellcheck disable=SC2086
  exec perl "${0%/*}/no-sync.pl" systemd-nspawn --quiet --settings=no --register=no --keep-unit --kill-signal=SIGRTMIN+3 \
    -D "$LAB_MOUNT" --machine="$LAB_HOST" --hostname="$LAB_HOST" --network-namespace-path="$LAB_NETNS" \
    --capability=all --drop-capability=CAP_SYS_TIME --system-call-filter=@known \
    --resolv-conf=off --timezone=off --link-journal=no --bind=/dev/kmsg $volumes --console=pipe /usr/lib/lab/init
  ;;
esac
