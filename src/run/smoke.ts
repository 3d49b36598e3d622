import type { Host } from '../model/index.js';
import { isControlPlane } from '../model/index.js';
import { askInside, askNodePort, endSmoke, smokeObjects, startSmoke } from '../resources/index.js';
import { withLeader } from './leader.js';
import { hostOf, openSession, type Surroundings } from './session.js';

export interface SmokeCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly said: string;
}

/** Seconds for the pods to run. */
const ROLLOUT = 180;

interface Listed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string; readonly ports?: readonly { readonly nodePort?: number }[] };
  readonly status: { readonly podIP?: string };
}

/** A real workload on the cluster: DNS, Services, the pod network, NodePorts, logs and exec, from every node; then cleaned up. */
export function smoke(around: Surroundings): Promise<readonly SmokeCheck[]> {
  return withLeader(around, async (leader) => {
    try {
      return await askEverywhere(around, leader);
    } finally {
      await leader.ask(endSmoke());
    }
  });
}

async function askEverywhere(around: Surroundings, leader: Host): Promise<readonly SmokeCheck[]> {
  const { cluster, release } = around;
  const workers = cluster.nodes.filter((node) => !isControlPlane(node) || node.roles.includes('worker'));
  const objects = smokeObjects(release, Math.max(workers.length, 1));
  const output = await leader.ask(
    startSmoke(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), ROLLOUT),
  );
  const items = (
    JSON.parse(output.split('\n').findLast((line) => line.startsWith('{')) ?? '{"items":[]}') as {
      items: readonly Listed[];
    }
  ).items;
  const probes = items
    .filter((item) => item.metadata.labels?.['app'] === 'probe')
    .map((pod) => ({ name: pod.metadata.name, ip: pod.status.podIP ?? '', node: pod.spec.nodeName ?? '' }));
  const webNodes = items.filter((item) => item.metadata.labels?.['app'] === 'web').map((item) => item.spec.nodeName);
  const port = items.find((item) => item.kind === 'Service')?.spec.ports?.[0]?.nodePort ?? 0;
  const everywhere = [
    ...cluster.nodes.map(({ name }) =>
      placed(
        `a pod on ${name}`,
        name,
        probes.map((pod) => pod.node),
      ),
    ),
    ...workers.map(({ name }) => placed(`a replica of the Deployment on ${name}`, name, webNodes)),
  ];
  const inside = read(await leader.ask(askInside(probes, `web.provision-smoke.svc.${cluster.network.dnsDomain}`)));
  return [...everywhere, ...inside, ...(await askNodePorts(around, port))];
}

function placed(name: string, node: string, where: readonly (string | undefined)[]): SmokeCheck {
  const ok = where.includes(node);
  return { name, ok, said: ok ? '' : `they are on ${where.join(', ')}` };
}

async function askNodePorts(around: Surroundings, port: number): Promise<readonly SmokeCheck[]> {
  const session = await openSession(around, around.cluster.nodes, false);
  const addresses = around.cluster.nodes.map((node) => node.internalAddress);
  try {
    const answers = await Promise.all(
      around.cluster.nodes.map(async ({ name }) =>
        read(await hostOf(session.hosts, name).ask(askNodePort(addresses, port, name))),
      ),
    );
    return answers.flat();
  } finally {
    await session.close();
  }
}

const read = (output: string): readonly SmokeCheck[] =>
  output
    .split('\n')
    .filter((line) => line.includes('\t'))
    .map((line) => {
      const [name = '', said = ''] = line.split('\t');
      return { name, ok: said === 'ok', said: said === 'ok' ? '' : said };
    });
