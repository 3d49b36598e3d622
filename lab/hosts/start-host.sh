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

# A cgroup of its own in every hierarchy, v1, hybrid or v2. Without it the host's systemd would see the machine's root.
join() { # cgroup
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    join_in /sys/fs/cgroup "$1"
  else
    for hierarchy in /sys/fs/cgroup/*; do
      [ -L "$hierarchy" ] || [ ! -e "$hierarchy/cgroup.procs" ] || join_in "$hierarchy" "$1"
    done
  fi
}

join_in() { # hierarchy cgroup
  at=$1 rest=$2/
  while [ -n "$rest" ]; do
    parent=$at at=$at/${rest%%/*} rest=${rest#*/}
    # On v2 a controller reaches a child only where every level above hands it down.
    if [ -e "$parent/cgroup.subtree_control" ]; then
      for controller in $(cat "$parent/cgroup.controllers"); do
        echo "+$controller" > "$parent/cgroup.subtree_control" || true
      done
    fi
    mkdir -p "$at"
    # A new v1 cpuset is empty and takes no process until it has cpus and memory nodes.
    if [ -e "$at/cpuset.cpus" ] && [ -e "$at/cgroup.clone_children" ]; then
      cat "$parent/cpuset.cpus" > "$at/cpuset.cpus"
      cat "$parent/cpuset.mems" > "$at/cpuset.mems"
      echo 1 > "$at/cgroup.clone_children"
    fi
  done
  echo $$ > "$at/cgroup.procs"
}

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
  # shellcheck disable=SC2086
  exec systemd-nspawn --quiet --settings=no --register=no --keep-unit --kill-signal=SIGRTMIN+3 \
    -D "$LAB_MOUNT" --machine="$LAB_HOST" --hostname="$LAB_HOST" --network-namespace-path="$LAB_NETNS" \
    --capability=all --drop-capability=CAP_SYS_TIME --system-call-filter=@known \
    --resolv-conf=off --timezone=off --link-journal=no --bind=/dev/kmsg $volumes --console=pipe /usr/lib/lab/init
  ;;
esac
