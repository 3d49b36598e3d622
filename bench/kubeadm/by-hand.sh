#!/bin/sh
# A careful operator's script: one control plane, any number of workers, stock kubeadm over OpenSSH, as parallel as kubeadm allows.
# Environment: KEY, KNOWN_HOSTS, MIRROR, REGISTRY, FLANNEL (its manifest's URL), HOSTS ("address name" lines, the control plane first).
set -eu
here=$(dirname "$0")
on() { # ADDRESS ARGUMENTS… < SCRIPT
  target=$1
  shift
  # ssh hands the remote shell one string: every argument is quoted for it.
  words=
  for word in "$@"; do words="$words '$word'"; done
  ssh -o BatchMode=yes -o UserKnownHostsFile="$KNOWN_HOSTS" -o LogLevel=ERROR -i "$KEY" "root@$target" "sh -s -- $words"
}
now() { date +%s.%N; }
started=$(now)
say() { printf '%6.1f s  %s\n' "$(echo "$(now) $started" | awk '{ print $1 - $2 }')" "$1"; }

leader=$(printf '%s\n' "$HOSTS" | awk 'NR == 1 { print $1 }')
workers=$(printf '%s\n' "$HOSTS" | awk 'NR > 1 { print $1 }')
token=$(openssl rand -hex 3).$(openssl rand -hex 8)

on "$leader" "$MIRROR" "$REGISTRY" "$HOSTS" < "$here/prepare-host.sh" & leading=$!
preparing=
for worker in $workers; do
  on "$worker" "$MIRROR" "$REGISTRY" "$HOSTS" < "$here/prepare-host.sh" & preparing="$preparing $!"
done
wait $leading
say 'control plane prepared'
hash=$(on "$leader" "$leader" "$token" "$FLANNEL" < "$here/init.sh" | tail -n 1)
[ ${#hash} -eq 64 ] || exit 1
say 'kubeadm init done, flannel applied'
for pid in $preparing; do wait "$pid"; done
say 'workers prepared'
joining=
for worker in $workers; do
  printf 'kubeadm join %s:6443 --token %s --discovery-token-ca-cert-hash sha256:%s --ignore-preflight-errors=SystemVerification > /root/kubeadm.log 2>&1 || { cat /root/kubeadm.log >&2; exit 1; }\n' \
    "$leader" "$token" "$hash" | on "$worker" & joining="$joining $!"
done
for pid in $joining; do wait "$pid"; done
say 'workers joined'
