import { describe, expect, test } from '@jest/globals';
import { knownVersions, lockedSums, releaseFor, withLockedSums } from '../../../src/release/index.js';
import { aCluster, aNode } from '../../support/scene.js';

const newest = knownVersions().at(-1) ?? '';

describe('sums that are not in the table', () => {
  const cluster = aCluster([aNode('cp-1', { roles: ['control-plane'] })], { version: '1.23.17' });
  const url = (name: string, arch = 'amd64'): string => `https://dl.k8s.io/release/v1.23.17/bin/linux/${arch}/${name}`;
  const sum = (character: string): string => `${character.repeat(64)}`;
  const lockOf = (start: Readonly<Record<string, string>> = {}) => {
    const lock = { kept: start, writes: 0 };
    return {
      lock,
      read: async () => lock.kept,
      write: async (sums: Readonly<Record<string, string>>) => {
        lock.kept = sums;
        lock.writes++;
      },
    };
  };

  test('are asked of the publisher, not of the mirror, and locked; the second run asks nobody', async () => {
    const asked: string[] = [];
    const lock = lockOf();
    const mirrors = { ...cluster.mirrors, artifacts: 'http://m.example' };
    const ask = async (from: string) => {
      asked.push(from);
      return `${sum('c')}\n`;
    };
    const known = await withLockedSums({ ...cluster, mirrors }, ask, lock);
    expect(asked).toHaveLength(6);
    expect(asked).toContain(`${url('kubelet', 'arm64')}.sha256`);
    expect(releaseFor(known).artifact('kubelet', 'arm64')).toMatchObject({
      sha256: sum('c'),
      url: expect.stringMatching(/^http:\/\/m\.example\//),
    });
    expect(Object.keys(lock.lock.kept)).toContain(url('kubectl'));
    await withLockedSums(cluster, refuseToFetch, lock);
    expect(lock.lock.writes).toBe(1);
  });

  test("the inventory's own sum beats the lock", async () => {
    const programs = ['kubeadm', 'kubectl', 'kubelet'];
    const all = programs.flatMap((name) => [url(name), url(name, 'arm64')]);
    const mirrors = { ...cluster.mirrors, checksums: Object.fromEntries(all.map((one) => [one, sum('a')])) };
    const known = await withLockedSums({ ...cluster, mirrors }, refuseToFetch, lockOf({ [url('kubelet')]: sum('b') }));
    expect(releaseFor(known).artifact('kubelet', 'amd64').sha256).toBe(sum('a'));
  });

  test.each([
    ['packages', { install: 'packages' as const }],
    ['a release whose sums are known', { version: newest }],
  ])('nobody is asked for %s', async (_, over) => {
    const same = { ...cluster, ...over };
    expect(await withLockedSums(same, refuseToFetch, lockOf())).toBe(same);
  });

  test('a publisher that cannot be asked, or says something else, is named with what to do', async () => {
    await expect(withLockedSums(cluster, refuseToFetch, lockOf())).rejects.toMatchObject({
      code: 'ARTIFACT',
      said: `${url('kubeadm')}.sha256: no network in a test`,
      hint: expect.stringContaining('cluster.install: packages'),
    });
    await expect(withLockedSums(cluster, async () => '<html>', lockOf())).rejects.toMatchObject({
      said: `${url('kubeadm')}.sha256 is no sha256`,
    });
  });

  test.each(['', 'null', '[]', '{"https://x.example/a": "abc"}'])('a damaged lock is not believed: %j', (text) => {
    expect(() => lockedSums(text, 'provision.lock')).toThrow(expect.objectContaining({ code: 'ARTIFACT' }));
    expect(lockedSums(`{"${url('kubelet')}": "${sum('a')}"}`, 'provision.lock')).toEqual({
      [url('kubelet')]: sum('a'),
    });
  });
});

const refuseToFetch = async (): Promise<string> => {
  throw new Error('no network in a test');
};
