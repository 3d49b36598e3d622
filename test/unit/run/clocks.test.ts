import { describe, expect, test } from '@jest/globals';
import { memoryHost } from '../../../src/host/index.js';
import type { Event, Node } from '../../../src/model/index.js';
import { prepare } from '../../../src/run/converge.js';
import type { Surroundings } from '../../../src/run/index.js';
import { aCluster, aNode } from '../../support/scene.js';
import { healthy } from '../checks/scene.js';
import { aRelease } from '../steps/scene.js';

const nodes = [aNode('cp-1', { roles: ['control-plane'] }), aNode('w-2')];

/** Hosts whose clocks are so many milliseconds off, and whether anybody asked for keys and certificates. */
function world(skews: Readonly<Record<string, number>>, over: { owned?: boolean; ignore?: readonly string[] } = {}) {
  const cluster = aCluster(nodes, { ignorePreflight: over.ignore ?? [] });
  const events: Event[] = [];
  let asked = 0;
  const owner = over.owned === true ? { cluster: cluster.name, caHash: 'sha256:x' } : null;
  const around = {
    cluster,
    release: aRelease(cluster),
    steps: [],
    signal: new AbortController().signal,
    now: () => 0,
    who: 'test',
    emit: (event: Event) => events.push(event),
    connect: async (node: Node) => {
      const machine = healthy(node, nodes.indexOf(node) + 1);
      return memoryHost(node.name, { ...machine, clockSkewMs: skews[node.name] ?? 0, owner }, () => null);
    },
    openTrust: async () => {
      asked++;
      return { caHash: 'sha256:x' };
    },
  } as unknown as Surroundings;
  const options = { targets: nodes, kubeconfig: () => null as never, agree: async () => true };
  return { events, trustWasOpened: () => asked > 0, run: () => prepare(around, options, true) };
}

describe('clocks come before certificates', () => {
  test('hosts that are apart are refused before any key is made, and what else is wrong is told as well', async () => {
    const { run, events, trustWasOpened } = world({ 'cp-1': -20_000, 'w-2': 20_000 });
    await expect(run()).rejects.toMatchObject({ code: 'PREFLIGHT' });
    expect(trustWasOpened()).toBe(false);
    const told = events.flatMap((event) => (event.type === 'checked' ? event.findings : []));
    expect(told.filter(({ severity }) => severity === 'error').map(({ name, host }) => `${name} ${host}`)).toEqual([
      'ClockSkew w-2',
    ]);
  });

  test.each([
    ['clocks that agree', {}, {}],
    ['an operator who lives with it', { 'w-2': 90_000 }, { ignore: ['ClockSkew'] }],
    ['hosts that have their certificates', { 'w-2': 90_000 }, { owned: true }],
  ])('%s', async (_what, skews, over) => {
    const { run, trustWasOpened } = world(skews, over);
    await run();
    expect(trustWasOpened()).toBe(true);
  });
});
