# Sourced by the scripts that start practice hosts: a cgroup of its own in every hierarchy, v1, hybrid or v2. Without it
# the host's systemd would see the machine's root, and nobody could tell which processes are the host's.
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
