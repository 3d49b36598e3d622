import { expect, test } from '@jest/globals';
import { memoryHost } from '../../../src/host/index.js';
import type { TrialWish } from '../../../src/model/index.js';
import type { Session, Surroundings } from '../../../src/run/index.js';
import { tryOut } from '../../../src/run/session.js';
import { aCluster, aMachine, aNode } from '../../support/scene.js';
import { aRelease } from '../steps/scene.js';

const nodes = [aNode('cp-1', { roles: ['control-plane'] }), aNode('worker-2')];
const cluster = aCluster(nodes);
const machines = new Map([
  ['cp-1', aMachine({ owner: { cluster: 'test', caHash: 'sha256:00' } })],
  ['worker-2', aMachine({ owner: null })],
]);

async function asked(which: 'fresh' | 'all') {
  const wishes = new Map<string, TrialWish>();
  const hosts = new Map(
    [...machines].map(([name, machine]) => {
      const host = memoryHost(name, machine, () => null);
      const tryOutOf = async (wish: TrialWish) => {
        wishes.set(name, wish);
        return host.tryOut(wish);
      };
      return [name, { ...host, tryOut: tryOutOf }];
    }),
  );
  const session: Session = { hosts, machines, targets: nodes, leader: 'cp-1', close: async () => {} };
  const { trials } = await tryOut({ cluster, release: aRelease(cluster) } as Surroundings, session, which);
  return { wishes, tried: [...trials.keys()].sort() };
}

test('before an apply only hosts that are not of the cluster yet try anything, and none writes to its disk', async () => {
  const { wishes, tried } = await asked('fresh');
  expect(tried).toEqual(['worker-2']);
  expect([...wishes.values()].map(({ etcdData }) => etcdData)).toEqual([null]);
});

test('preflight asks every host, and how fast the disk of etcd is', async () => {
  const { wishes, tried } = await asked('all');
  expect(tried).toEqual(['cp-1', 'worker-2']);
  expect(wishes.get('cp-1')?.etcdData).toBe('/var/lib/etcd');
  expect(wishes.get('worker-2')?.etcdData).toBeNull();
});
