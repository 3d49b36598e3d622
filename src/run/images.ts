import type { Node, Probe, ProvisionError } from '../model/index.js';
import { listImages, readImages } from '../resources/index.js';
import { carryOut } from './lanes.js';
import { hostOf, openSession, type Surroundings, unlessStopped } from './session.js';

/** Which of its images each node lacks. Changes nothing. */
export async function missingImages(
  around: Surroundings,
  targets: readonly Node[],
  imagesOf: (node: Node) => readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const session = await openSession(around, targets, false);
  try {
    const answers = await unlessStopped(
      around,
      Promise.all(targets.map(async ({ name }) => readImages(await hostOf(session.hosts, name).ask(listImages())))),
    );
    return new Map(
      targets.map((node, at) => [node.name, imagesOf(node).filter((image) => answers[at]?.has(image) !== true)]),
    );
  } finally {
    await session.close();
  }
}

/** Has every node pull its images, all nodes at once. Says for which that failed, and why. */
export async function pullImages(
  around: Surroundings,
  targets: readonly Node[],
  pullsOf: (node: Node) => readonly Probe[],
): Promise<ReadonlyMap<string, ProvisionError>> {
  const startedMs = around.now();
  const hosts = targets.map((node) => node.name);
  around.emit({ type: 'run-started', command: 'images pull', cluster: around.cluster.name, hosts });
  const session = await openSession(around, targets, true);
  try {
    const plan = {
      cluster: around.cluster.name,
      goal: 'present' as const,
      stages: [
        {
          step: 'images',
          title: 'Pull images',
          after: [],
          behind: [],
          hosts: new Map(targets.map((node) => [node.name, { actions: [], gates: pullsOf(node) }])),
        },
      ],
    };
    around.emit({ type: 'planned', plan });
    const { failures } = await carryOut(plan, session.hosts, around.emit, around.signal);
    const outcome = failures.size > 0 ? 'failed' : 'unchanged';
    around.emit({ type: 'run-finished', outcome, changed: 0, ms: around.now() - startedMs });
    return failures;
  } finally {
    await session.close();
  }
}
