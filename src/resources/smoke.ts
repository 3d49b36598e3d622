import type { KubernetesObject, Release } from '../model/index.js';
import { applyObjects } from './kubectl.js';
import { ADMIN_CONF, apiWord } from './kubectl-words.js';
import { word, words } from './shell.js';

export const SMOKE_NAMESPACE = 'provision-smoke';
const PORT = 8080;
/** The tooling image of the Kubernetes project's own end-to-end tests: an HTTP server that tells its host name. */
const server = (image: string): unknown => ({
  name: 'server',
  image,
  args: ['netexec', `--http-port=${PORT}`],
  // Said everywhere: server-side apply before 1.20 does not fill in this part of the key.
  ports: [{ containerPort: PORT, protocol: 'TCP' }],
  readinessProbe: { httpGet: { path: '/healthz', port: PORT }, periodSeconds: 1 },
});

/** A pod on every node, a Deployment spread over the nodes, and a NodePort Service before it. */
export function smokeObjects(
  { images, spreadHonoursTaints }: Pick<Release, 'images' | 'spreadHonoursTaints'>,
  replicas: number,
): readonly KubernetesObject[] {
  const metadata = (name: string) => ({ name, namespace: SMOKE_NAMESPACE });
  const workload = (app: string, spec: Record<string, unknown>) => ({
    selector: { matchLabels: { app } },
    template: {
      metadata: { labels: { app } },
      spec: { terminationGracePeriodSeconds: 0, containers: [server(images.agnhost)], ...spec },
    },
  });
  const spread = [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      // A control plane's taint keeps its pods away: it is no place to be spread to.
      ...(spreadHonoursTaints ? { nodeTaintsPolicy: 'Honor' } : {}),
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SMOKE_NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata('probe'),
      spec: workload('probe', { tolerations: [{ operator: 'Exists' }] }),
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('web'),
      spec: { replicas, ...workload('web', { topologySpreadConstraints: spread }) },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('web'),
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP', targetPort: PORT }] },
    },
  ];
}

const IN_NAMESPACE = `api -n ${SMOKE_NAMESPACE}`;

export const startSmoke = (json: string, within: number): string => `
${applyObjects(json)}
${IN_NAMESPACE} rollout status daemonset/probe --timeout=${within}s
${IN_NAMESPACE} rollout status deployment/web --timeout=${within}s
${IN_NAMESPACE} get pods,service -o json | tr -d '\\n'
`;

/** Asked on the leader: `<what><TAB>ok|<what it said>` per check. Names resolve, Services answer, pods reach pods, logs and exec work. */
export function askInside(
  pods: readonly { readonly name: string; readonly ip: string; readonly node: string }[],
  serviceName: string,
): string {
  const checks = pods.flatMap((pod) => [
    `check ${word(`Service by name from ${pod.node}`)} '^web-' ${get(pod.name, `http://${serviceName}/hostname`)}`,
    ...pods
      .filter((other) => other.name !== pod.name)
      .map(
        (other) =>
          `check ${word(`pod on ${pod.node} to pod on ${other.node}`)} '^probe-' ${get(pod.name, `http://${bracket(other.ip)}:${PORT}/hostname`)}`,
      ),
  ]);
  return `${apiWord(ADMIN_CONF)}
${CHECK}
${checks.join('\n')}
check 'logs of the Deployment' . ${IN_NAMESPACE} logs deployment/web --tail=5
`;
}

/** Asked on every host: the NodePort on every node's address. */
export function askNodePort(addresses: readonly string[], port: number, from: string): string {
  const checks = addresses.map(
    (address) =>
      `check ${word(`NodePort ${port} on ${address} from ${from}`)} '^web-' curl -fsS -m 5 ${word(`http://${bracket(address)}:${port}/hostname`)}`,
  );
  return `${CHECK}\n${checks.join('\n')}`;
}

export const endSmoke = (): string =>
  `${apiWord(ADMIN_CONF)}
api delete namespace ${SMOKE_NAMESPACE} --ignore-not-found --wait=true --timeout=120s >/dev/null`;

const get = (pod: string, url: string): string =>
  `${IN_NAMESPACE} exec ${word(pod)} -- ${words(['wget', '-q', '-O', '-', url])}`;
const bracket = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** A Service's endpoints and DNS records take a moment to reach every node: each check is asked again for up to 20 s. */
const CHECK = `
check() {
  _what=$1; _expect=$2; shift 2; _until=$(( $(date +%s) + 20 ))
  while :; do
    if _said=$("$@" 2>&1 </dev/null) && printf '%s\\n' "$_said" | grep -Eq "$_expect"; then printf '%s\\tok\\n' "$_what"; return 0; fi
    [ "$(date +%s)" -lt "$_until" ] || break
    sleep 0.5
  done
  printf '%s\\t%s\\n' "$_what" "no: $(printf '%s' "$_said" | tr '\\n\\t' '  ' | tail -c 300)"
}`;
