import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aSecondApplyChangesNothing, itWorks, type PracticeCluster } from '../support/cluster-tests.js';
import { differences } from '../support/host-state.js';
import { must } from '../support/lab.js';
import { OwnLab } from '../support/own-lab.js';

// Everything by packages, on hosts like CentOS Stream 9 (Debian underneath: docs/lab.md): containerd from Docker's repository, the rest
// from the one of this Kubernetes minor, both signed.
const lab = new OwnLab('centos9', { like: 'centos9', hosts: 3 });
const cluster: PracticeCluster = {
  nodes: ['h1', 'h2', 'h3'],
  inventory: lab.inventory,
  on: lab.on,
  node: / Ready .* v1\.36\.3 .*containerd:\/\/2\.2\.1/,
};

describe('centos9, install: packages, containerd, Kubernetes 1.36', () => {
  beforeAll(async () => {
    await lab.up();
    lab.write(cluster.nodes, (inventory) => {
      inventory.cluster['install'] = 'packages';
      inventory.system = { repositories: 'mirror' };
    });
  });
  afterAll(lab.down);

  test('apply builds it', async () => {
    await must(['apply', '-i', cluster.inventory(), '--yes']);
  });

  itWorks(cluster);

  test('every program is its package’s, of the pinned version, and an update would not take it', async () => {
    for (const host of cluster.nodes) {
      const said = await lab.on(host, "rpm -q --qf '%{NAME} %{VERSION}\\n' kubelet kubeadm kubectl containerd.io");
      expect(said.trim().split('\n')).toEqual([
        'kubelet 1.36.3',
        'kubeadm 1.36.3',
        'kubectl 1.36.3',
        'containerd.io 2.2.1',
      ]);
      expect(await lab.on(host, 'ls /usr/local/bin')).toBe('');
      expect(await lab.on(host, 'systemctl show kubelet containerd --property=FragmentPath --value')).toMatch(
        // The lab's systemd is Debian's, which says /lib for it.
        /^(\/usr)?\/lib\/systemd\/system\/kubelet\.service\n\n(\/usr)?\/lib\/systemd\/system\/containerd\.service\n$/,
      );
      expect(await lab.on(host, 'dnf -q check-update 2>&1 || true')).not.toMatch(/kubelet|kubeadm|kubectl|containerd/);
    }
  });

  aSecondApplyChangesNothing(cluster);

  test('reset gives everything back', async () => {
    await must(['reset', '-i', cluster.inventory(), '--yes']);
    for (const host of cluster.nodes) expect(differences(lab.stateBefore(host), await lab.stateNow(host))).toEqual([]);
  });
});
