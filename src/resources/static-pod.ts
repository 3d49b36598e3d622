import type { StaticPodResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { words } from './shell.js';

export interface StaticPodAnswer {
  /** The annotation of the pod that runs; null: none does, or nobody could say because the runtime is not there. */
  readonly stamp: string | null;
}

const CRICTL = 'crictl --timeout 20s';
const CRI_QUESTION = `if have crictl && said=$(${CRICTL} pods --state ready --label tier=control-plane -o json 2>/dev/null)
then printf '%s\\n' "$said"; else echo '{}'; fi`;

/** A pod's container that holds its namespaces carries the pod's labels, and its annotations as labels (dockershim/helpers.go, v1.23.17). */
const DOCKER_PODS =
  'docker ps --no-trunc --filter label=io.kubernetes.docker.type=podsandbox --filter label=tier=control-plane';
const DOCKER_ANNOTATION = 'annotation.';
const DOCKER_QUESTION = `if have docker && said=$(${DOCKER_PODS} -q 2>/dev/null) && [ -n "$said" ]
then docker inspect --format '{{json .Config.Labels}}' $said 2>/dev/null || :; fi`;

/**
 * A static pod that runs from the manifest on this host. The kubelet alone restarts it, some time after the manifest changed; whoever
 * needs the API server next has to wait for the new one, or finds the old one just before it is killed. No ledger: `pods` removes them.
 */
export const staticPod: Kind<StaticPodResource, StaticPodAnswer> = {
  kind: 'static-pod',
  name: (r) => r.name,

  // A runtime that does not run is the business of its unit, which the same plan starts: here it only means that no pod runs.
  ask: ([first]) => (first?.runtime === 'docker' ? DOCKER_QUESTION : CRI_QUESTION),

  read(output, rs) {
    const sandboxes = rs[0]?.runtime === 'docker' ? podsOfDocker(output) : readyPods(output);
    return rs.map((r) => {
      const stamps = sandboxes.filter((pod) => pod.name === r.name).map((pod) => pod.annotations[r.annotation] ?? '');
      // The old one and the new one may both be there for a moment: it runs only when no other does.
      const [stamp = null, ...others] = stamps;
      return { stamp: others.length === 0 ? stamp : null };
    });
  },

  appear(r, answer) {
    if (answer.stamp === r.stamp) return [];
    const because = answer.stamp === null ? 'it does not run' : 'it runs from another manifest';
    return [{ verb: '!', summary: `wait until ${r.name} runs from its manifest`, because: [because] }];
  },

  satisfied: (r) => ({ stamp: r.stamp }),
  make: (r) => `see_static_pod ${words([r.runtime, r.name, r.annotation, r.stamp, r.within])}`,
};

/** see_static_pod RUNTIME NAME ANNOTATION STAMP SECONDS: waits until it runs with that annotation and no other pod of its name does. */
export const STATIC_POD_WORDS = `
static_pod_runs_containerd() {
  _pods=$(${CRICTL} pods --state ready --label tier=control-plane --label component="$1" -o json) || return 1
  [ "$(printf '%s\\n' "$_pods" | grep -c '"state": "SANDBOX_READY"')" = 1 ] || return 1
  printf '%s\\n' "$_pods" | grep -qF -e "\\"$2\\": \\"$3\\"" || return 1
  _pod=$(${CRICTL} pods -q --state ready --label tier=control-plane --label component="$1") || return 1
  [ -n "$(${CRICTL} ps -q --state Running --pod "$_pod")" ]
}
static_pod_runs_docker() {
  _pod=$(${DOCKER_PODS} --filter label=component="$1" --format "{{.ID}} {{.Label \\"${DOCKER_ANNOTATION}$2\\"}}") || return 1
  [ "$(printf '%s\\n' "$_pod" | grep -c .)" = 1 ] && [ "\${_pod#* }" = "$3" ] || return 1
  [ -n "$(docker ps -q --filter label=io.kubernetes.sandbox.id="\${_pod%% *}")" ]
}
static_pod_words_containerd() {
  ${CRICTL} ps -a --name "^$1$" || :
  _last=$(${CRICTL} ps -aq --name "^$1$" | head -n 1); [ -z "$_last" ] || ${CRICTL} logs --tail=10 "$_last" 2>&1 || :
}
static_pod_words_docker() {
  docker ps -a --filter label=io.kubernetes.container.name="$1" || :
  _last=$(docker ps -aq --filter label=io.kubernetes.container.name="$1" | head -n 1); [ -z "$_last" ] || docker logs --tail=10 "$_last" 2>&1 || :
}
see_static_pod() {
  _runtime=$1; shift
  wait_for "$4" "static_pod_runs_$_runtime" "$1" "$2" "$3" && return 0
  say "$1 does not run from its manifest within $4 s:"
  "static_pod_words_$_runtime" "$1"
  journalctl --no-pager --quiet --output=cat --lines=10 --unit=kubelet 2>&1 || :
  return 1
}
`;

interface ReadyPod {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** `crictl pods -o json`; the label `component` is the name in the manifest. */
function readyPods(output: string): readonly ReadyPod[] {
  let said: unknown;
  try {
    said = JSON.parse(output);
  } catch (cause) {
    throw new ProvisionError('FACTS', 'crictl answered with something that is not JSON', { said: output, cause });
  }
  const { items = [] } = said as {
    readonly items?: readonly {
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  };
  return items.map(({ labels = {}, annotations = {} }) => ({ name: labels['component'] ?? '', annotations }));
}

/** `docker inspect`, the labels of one container on each line. */
function podsOfDocker(output: string): readonly ReadyPod[] {
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      let labels: Readonly<Record<string, string>>;
      try {
        labels = JSON.parse(line) as Readonly<Record<string, string>>;
      } catch (cause) {
        throw new ProvisionError('FACTS', 'docker answered with something that is not JSON', { said: output, cause });
      }
      const annotations = Object.entries(labels)
        .filter(([name]) => name.startsWith(DOCKER_ANNOTATION))
        .map(([name, value]) => [name.slice(DOCKER_ANNOTATION.length), value] as const);
      return { name: labels['component'] ?? '', annotations: Object.fromEntries(annotations) };
    });
}
