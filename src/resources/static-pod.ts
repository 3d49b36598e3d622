import type { StaticPodResource } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import type { Kind } from './kind.js';
import { words } from './shell.js';

export interface StaticPodAnswer {
  /** The annotation of the pod that runs; null: none does, or nobody could say because the runtime is not there. */
  readonly stamp: string | null;
}

const CRICTL = 'crictl --timeout 20s';

/**
 * A static pod that runs from the manifest on this host. The kubelet alone restarts it, some time after the manifest changed; whoever
 * needs the API server next has to wait for the new one, or finds the old one just before it is killed. No ledger: `pods` removes them.
 */
export const staticPod: Kind<StaticPodResource, StaticPodAnswer> = {
  kind: 'static-pod',
  name: (r) => r.name,

  // A runtime that does not run is the business of its unit, which the same plan starts: here it only means that no pod runs.
  ask: () => `if have crictl && said=$(${CRICTL} pods --state ready --label tier=control-plane -o json 2>/dev/null)
then printf '%s\\n' "$said"; else echo '{}'; fi`,

  read(output, rs) {
    const sandboxes = readyPods(output);
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
  make: (r) => `see_static_pod ${words([r.name, r.annotation, r.stamp, r.within])}`,
};

/** see_static_pod NAME ANNOTATION STAMP SECONDS: waits until it runs with that annotation and no other pod of its name does. */
export const STATIC_POD_WORDS = `
static_pod_runs() {
  _pods=$(${CRICTL} pods --state ready --label tier=control-plane --label component="$1" -o json) || return 1
  [ "$(printf '%s\\n' "$_pods" | grep -c '"state": "SANDBOX_READY"')" = 1 ] || return 1
  printf '%s\\n' "$_pods" | grep -qF -e "\\"$2\\": \\"$3\\"" || return 1
  _pod=$(${CRICTL} pods -q --state ready --label tier=control-plane --label component="$1") || return 1
  [ -n "$(${CRICTL} ps -q --state Running --pod "$_pod")" ]
}
see_static_pod() {
  wait_for "$4" static_pod_runs "$1" "$2" "$3" && return 0
  say "$1 does not run from its manifest within $4 s:"
  ${CRICTL} ps -a --name "^$1$" || :
  _last=$(${CRICTL} ps -aq --name "^$1$" | head -n 1); [ -z "$_last" ] || ${CRICTL} logs --tail=10 "$_last" 2>&1 || :
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
