import { expect, test } from '@jest/globals';
import type { Trust } from '../../../src/model/index.js';
import { ProvisionError } from '../../../src/model/index.js';
import { type Session, type Surroundings, trustFor } from '../../../src/run/index.js';
import { aCluster, aMachine, aNode } from '../../support/scene.js';

const cluster = aCluster([aNode('cp'), aNode('w1', { roles: ['worker'] })]);

/** The worker answered first; its line of the map comes before the control plane's. */
const sessionOf = (clusterCa: string | null): Session => ({
  hosts: new Map(),
  machines: new Map(['w1', 'cp'].map((name) => [name, aMachine({ clusterCa })])),
  targets: cluster.nodes,
  leader: 'cp',
  close: async () => {},
});

const around = (openTrust: (mint: boolean) => Promise<Trust>): Surroundings =>
  ({ cluster, openTrust }) as unknown as Surroundings;

const trustWith = (cert: string): Trust => ({ authority: () => ({ cert }) }) as unknown as Trust;

async function refusal(session: Session, openTrust: (mint: boolean) => Promise<Trust>): Promise<ProvisionError> {
  const error = await trustFor(around(openTrust), session).catch((e: unknown) => e);
  if (error instanceof ProvisionError) return error;
  throw new Error('it was not refused');
}

test('a living cluster whose keys are not here is refused, by the first host of the inventory, with one way out', async () => {
  const error = await refusal(sessionOf('CA'), async () => {
    throw new ProvisionError('STATE', 'nothing there', { hint: 'Fetch it with `provision state pull`.' });
  });
  expect([error.code, error.host]).toEqual(['STATE', 'cp']);
  expect(error.hint?.match(/provision state pull/g)).toHaveLength(1);
});

test('what ails the folder itself keeps its own cure', async () => {
  const error = await refusal(sessionOf('CA'), async () => {
    throw new ProvisionError('STATE', 'open to others', { hint: 'chmod 700 it.' });
  });
  expect(error.hint).toMatch(/^chmod 700 it\. .*provision state pull/);
});

test('only bare hosts may get a CA of their own, and no host gets a second one', async () => {
  const asked: boolean[] = [];
  const open = async (mint: boolean): Promise<Trust> => {
    asked.push(mint);
    return trustWith('another CA');
  };
  await trustFor(around(open), sessionOf(null));
  expect((await refusal(sessionOf('CA'), open)).message).toContain('they are two clusters');
  expect(asked).toEqual([true, false]);
});
