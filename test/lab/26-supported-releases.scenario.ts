import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { labRelease } from '../../src/lab/index.js';
import { aSecondApplyChangesNothing, itWorks, type PracticeCluster } from '../support/cluster-tests.js';
import { differences } from '../support/host-state.js';
import { must } from '../support/lab.js';
import { OwnLab } from '../support/own-lab.js';

// The minors beside the newest that their publisher still supports, on containerd: the same inventory, another release.
for (const [release, version] of [
  ['1.35', '1.35.4'],
  ['1.34', '1.34.3'],
] as const) {
  const lab = new OwnLab(`release-${release.replace('.', '-')}`, { release: labRelease(release), hosts: 2 });
  const cluster: PracticeCluster = {
    nodes: ['h1', 'h2'],
    inventory: lab.inventory,
    on: lab.on,
    node: new RegExp(` Ready .* v${version.replaceAll('.', '\\.')} .*containerd://2\\.`),
  };

  describe(`Kubernetes ${version} on containerd`, () => {
    beforeAll(async () => {
      await lab.up();
      lab.write(cluster.nodes, () => {});
    });
    afterAll(lab.down);

    test('apply builds it', async () => {
      await must(['apply', '-i', cluster.inventory(), '--yes']);
    });

    itWorks(cluster);

    aSecondApplyChangesNothing(cluster);

    test('reset gives everything back', async () => {
      await must(['reset', '-i', cluster.inventory(), '--yes']);
      for (const host of cluster.nodes)
        expect(differences(lab.stateBefore(host), await lab.stateNow(host))).toEqual([]);
    });
  });
}
