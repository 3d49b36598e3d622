import type { Cluster, LedgerEntry, PodsResource } from '../model/index.js';
import type { Kind } from './kind.js';
import { word } from './shell.js';

export interface PodsAnswer {
  /** The ledger has an entry for them: reset will stop and remove them. */
  readonly owned: boolean;
}

/** The pods and containers that the kubelet had the runtime run. Nothing is made; reset removes them while the runtime still runs. */
export const pods: Kind<PodsResource, PodsAnswer> = {
  kind: 'pods',
  name: () => 'host',

  ask: () => `! owned 'pods host' || echo owned`,
  read: (output, rs) => rs.map(() => ({ owned: /^owned$/m.test(output) })),
  appear: (_, answer) =>
    answer.owned ? [] : [{ verb: '+', summary: 'take charge of pods', because: ['reset has to stop them'] }],
  satisfied: () => ({ owned: true }),
  make: () => ':',

  ledger: {
    byResetOnly: true,
    remember: (r) => ({ runtime: r.runtime, socket: r.socket }),
    vanish: () => ({ verb: '-', summary: 'stop and remove all pods', because: ['the kubelet of provision ran them'] }),
    unmake: (entry) => (runtimeOf(entry) === 'docker' ? 'take_docker_pods' : `take_pods ${word(socketOf(entry))}`),
  },
};

/** Before there was Docker the ledger did not say it. */
const runtimeOf = (entry: LedgerEntry): Cluster['runtime'] =>
  (entry.resource as { runtime?: Cluster['runtime'] }).runtime ?? 'containerd';
const socketOf = (entry: LedgerEntry): string =>
  (entry.resource as { socket: string }).socket.replace(/^unix:\/\//, '');

/**
 * take_pods SOCKET: by CRI when crictl is there, then by containerd's own ctr in Kubernetes' namespace; what survives, or what a dead
 * runtime cannot stop, is found by its shim's arguments and its cgroup and killed. Containers of other namespaces are not touched.
 * take_docker_pods: the containers that dockershim or cri-dockerd labelled as theirs (pkg/kubelet/dockershim/docker_service.go, v1.23.17,
 * containerTypeLabelKey; cri-dockerd took it over), with their anonymous volumes; every other container of Docker's stays.
 */
export const POD_WORDS = `
pod_pids() { # shims of namespace k8s.io, and everything in a pod's cgroup
  for _p in /proc/[0-9]*; do
    case $({ tr '\\0' ' ' <"$_p/cmdline"; } 2>/dev/null) in
      *containerd-shim*' -namespace k8s.io '*) echo "\${_p#/proc/}"; continue ;;
    esac
    case $(cat "$_p/cgroup" 2>/dev/null) in *kubepods* | */k8s.io/*) echo "\${_p#/proc/}" ;; esac
  done
}
no_pods() { [ -z "$(pod_pids)" ]; }
take_pods() {
  if [ -S "$1" ] && have crictl && _cri="crictl --runtime-endpoint unix://$1 --timeout 60s" && timeout 15 $_cri version >/dev/null 2>&1; then
    _ids=$($_cri pods -q); [ -z "$_ids" ] || timeout 180 $_cri rmp -f $_ids || say 'crictl did not remove all pods'
  fi
  if [ -S "$1" ] && have ctr && timeout 15 ctr -a "$1" version >/dev/null 2>&1; then
    for _id in $(ctr -a "$1" -n k8s.io tasks ls -q); do
      timeout 30 ctr -a "$1" -n k8s.io tasks kill -s SIGKILL --all "$_id" 2>/dev/null || :
      timeout 30 ctr -a "$1" -n k8s.io tasks rm -f "$_id" 2>/dev/null || :
    done
    _ids=$(ctr -a "$1" -n k8s.io containers ls -q); [ -z "$_ids" ] || timeout 60 ctr -a "$1" -n k8s.io containers rm $_ids || :
  fi
  end_pods || return 1
  for _d in /run/containerd/io.containerd.runtime.v2.task/k8s.io /run/containerd/io.containerd.grpc.v1.cri; do unmount_below "$_d"; done
}
take_docker_pods() {
  if have docker && timeout 15 docker version >/dev/null 2>&1; then
    _ids=$(docker ps -aq --no-trunc --filter label=io.kubernetes.docker.type)
    [ -z "$_ids" ] || timeout 180 docker rm -f -v $_ids >/dev/null || say 'Docker did not remove all containers of pods'
  fi
  end_pods
}
end_pods() { # what is left of them, by force
  for _round in 1 2 3; do
    _pids=$(pod_pids); [ -n "$_pids" ] || break
    kill -KILL $_pids 2>/dev/null || :
    wait_for 5 no_pods || :
  done
  no_pods || { say "these processes of pods do not end: $(pod_pids | tr '\\n' ' ')"; return 1; }
  ! have systemctl || systemctl stop kubepods.slice 2>/dev/null || :
}
`;
