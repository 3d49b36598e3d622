import { describe, expect, test } from '@jest/globals';
import { memoryHost } from '../../../src/host/index.js';
import type { MachineFacts, Node, Trust } from '../../../src/model/index.js';
import { ProvisionError } from '../../../src/model/index.js';
import { openSession, type Session, type Surroundings, trustFor } from '../../../src/run/index.js';
import { refuseOtherMembers } from '../../../src/run/members.js';
import { aCluster, aMachine, aNode } from '../../support/scene.js';

const planes = ['cp-1', 'cp-2', 'cp-3'].map((name) => aNode(name, { roles: ['control-plane'] }));
const worker = aNode('w-1', { roles: ['worker'] });
const cluster = aCluster([...planes, worker]);
const bare = (over: Partial<MachineFacts> = {}): MachineFacts =>
  aMachine({ clusterCa: null, owner: null, listening: {}, kubernetesPaths: [], ...over });
const carrying = bare({ clusterCa: 'CA' });
const serving = bare({ clusterCa: 'CA', listening: { '6443': 'kube-apiserver' } });

/** Hosts by name; one that is not there cannot be reached. */
function worldOf(machines: Readonly<Record<string, MachineFacts>>) {
  const notes: string[] = [];
  const around = {
    cluster,
    signal: new AbortController().signal,
    now: () => 0,
    who: 'test',
    emit: (event: { type: string; text?: string }) => {
      if (event.type === 'note') notes.push(event.text ?? '');
    },
    connect: async ({ name }: Node) => {
      const machine = machines[name];
      if (machine === undefined) throw new ProvisionError('UNREACHABLE', `${name} is silent`, { host: name });
      return memoryHost(name, machine, () => null);
    },
  } as unknown as Surroundings;
  return { around, notes };
}

describe('openSession', () => {
  test('a control plane that is no target may be away while another carries the cluster', async () => {
    const { around, notes } = worldOf({ 'cp-2': carrying, 'cp-3': serving, 'w-1': carrying });
    const session = await openSession(around, [worker], false);
    expect([...session.machines.keys()].sort()).toEqual(['cp-2', 'cp-3', 'w-1']);
    expect(notes).toEqual(['cp-1 is silent; going on without it']);
  });

  test('the leader is one whose API server listens, wherever it stands in the inventory', async () => {
    const { around } = worldOf({ 'cp-1': carrying, 'cp-2': carrying, 'cp-3': serving });
    expect((await openSession(around, [], false)).leader).toBe('cp-3');
  });

  test('a target is never left out', async () => {
    const { around } = worldOf({ 'cp-2': serving, 'cp-3': serving, 'w-1': carrying });
    await expect(openSession(around, [planes[0] as Node], false)).rejects.toThrow('cp-1 is silent');
  });

  test('several that cannot be used are told in one letter, each in its own words; what is about none of them, once', async () => {
    const { around } = worldOf({ 'cp-2': serving, 'cp-3': serving });
    const [cp1, w1] = [planes[0] as Node, worker];
    await expect(openSession(around, [cp1, w1], false)).rejects.toMatchObject({
      message: '2 of 4 hosts: cp-1, w-1',
      said: 'cp-1: cp-1 is silent\nw-1: w-1 is silent',
    });
    const unasked = new ProvisionError('USAGE', 'nobody can be asked');
    const connect = () => Promise.reject(unasked);
    await expect(openSession({ ...around, connect }, [cp1, w1], false)).rejects.toBe(unasked);
  });

  test('while nobody carries a cluster, one that is away might: the run is refused, and no CA is made', async () => {
    const { around } = worldOf({ 'cp-2': bare(), 'cp-3': bare(), 'w-1': bare() });
    await expect(openSession(around, [worker], false)).rejects.toThrow('cp-1 is silent');
  });
});

const sessionOf = (machines: Readonly<Record<string, MachineFacts>>, manifest = ''): Session => ({
  hosts: new Map(
    Object.entries(machines).map(([name, machine]) => [
      name,
      { ...memoryHost(name, machine, () => null), ask: async () => manifest },
    ]),
  ),
  machines: new Map(Object.entries(machines)),
  targets: cluster.nodes,
  leader: 'cp-1',
  close: async () => {},
});

describe('trustFor', () => {
  const open =
    (asked: boolean[], caHash = 'sha256:ours') =>
    async (mint: boolean) => {
      asked.push(mint);
      return { caHash, authority: () => ({ cert: 'CA' }) } as unknown as Trust;
    };
  const owned = bare({ owner: { cluster: cluster.name, caHash: 'sha256:ours' } });

  test.each([
    ['a host that lost its ca.crt but names its cluster', { 'cp-1': owned }, [false]],
    [
      "another cluster's host, which preflight refuses",
      { 'cp-1': bare({ owner: { cluster: 'b', caHash: 'x' } }) },
      [true],
    ],
  ])('%s', async (_what, machines, expected) => {
    const asked: boolean[] = [];
    await trustFor({ cluster, openTrust: open(asked) } as unknown as Surroundings, sessionOf(machines));
    expect(asked).toEqual(expected);
  });

  test('every host that belongs to a cluster must belong to this one, not only the first', async () => {
    const refused = (machines: Readonly<Record<string, MachineFacts>>) =>
      expect(
        trustFor({ cluster, openTrust: open([]) } as unknown as Surroundings, sessionOf(machines)),
      ).rejects.toThrow('the CA on w-1 is not the one in the state folder');
    await refused({ 'cp-1': carrying, 'w-1': bare({ clusterCa: 'another' }) });
    await refused({ 'cp-1': carrying, 'w-1': bare({ owner: { cluster: cluster.name, caHash: 'sha256:other' } }) });
  });
});

describe('refuseOtherMembers', () => {
  const member = bare({ clusterCa: 'CA', kubernetesPaths: ['/etc/kubernetes/manifests/etcd.yaml', '/var/lib/etcd'] });
  const judge = (machines: Readonly<Record<string, MachineFacts>>, members: readonly string[]) =>
    refuseOtherMembers(
      { cluster } as Surroundings,
      sessionOf(machines, `${members.map((name) => `${name}=https://10.0.0.1:2380`).join(',')}\n`),
    );

  test('control planes that come later would found a second etcd: refused, by name', async () => {
    await expect(judge({ 'cp-1': member, 'cp-2': bare(), 'cp-3': bare() }, ['cp-1'])).rejects.toMatchObject({
      code: 'STATE',
      host: 'cp-1',
      message: `the etcd of ${cluster.name} was born without cp-2, cp-3, and members cannot be added yet`,
    });
  });

  test('a first build that was cut goes on: its etcd knows them all', () =>
    judge({ 'cp-1': member, 'cp-2': bare(), 'cp-3': bare() }, ['cp-1', 'cp-2', 'cp-3']));

  test('a member is never taken away by changing its role', async () => {
    await expect(judge({ 'cp-1': member, 'w-1': member }, ['cp-1', 'cp-2', 'cp-3'])).rejects.toThrow(
      'w-1 runs a member of etcd, and the inventory says that it shall not',
    );
  });
});
