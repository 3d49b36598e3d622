import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { aSecondApplyChangesNothing, kubectlOn } from '../support/cluster-tests.js';
import { differences, type HostState } from '../support/host-state.js';
import { must, provision } from '../support/lab.js';
import { changedCopy, leaveAlone } from '../support/offline.js';
import { OwnLab } from '../support/own-lab.js';

// What 16-offline shows of Debian and binaries, on hosts like CentOS Stream 9 (Debian underneath: docs/lab.md) that install by packages:
// dnf chooses them on a third host, and the two that reach nobody install them with their signatures looked at.
const hosts = new OwnLab('offline-centos', { like: 'centos9', hosts: 3 });
const NODES = ['h1', 'h2'];

describe('hosts like CentOS without a network, install: packages', () => {
  let folder = '';
  /** How they are once nobody is within reach any more. */
  const alone: Record<string, HostState> = {};
  const bundle = (): string => join(folder, 'bundle.tar');
  const cluster = {
    nodes: NODES,
    inventory: () => hosts.inventory('cluster.yaml'),
    on: hosts.on,
    node: / Ready .* v1\.36\.3 .*containerd:\/\/2\.2\.1/,
  };
  const create = (inventory: string) => {
    const files = ['-i', inventory, '-o', bundle(), '--packages-from', hosts.inventory('twins.yaml')];
    return provision(['bundle', 'create', ...files]);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'provision-offline-'));
    await hosts.up();
    hosts.write(
      NODES,
      ({ cluster: settings }) => void Object.assign(settings, { install: 'packages' }),
      'connected.yaml',
    );
    hosts.write(NODES, ({ cluster: settings }) => {
      Object.assign(settings, { install: 'packages' });
      Object.assign(settings.mirrors, { artifacts: undefined, registries: {} });
    });
    hosts.write(
      ['h3'],
      ({ nodes: [twin] }) => void Object.assign(twin ?? {}, { roles: ['control-plane'] }),
      'twins.yaml',
    );
    for (const node of NODES) {
      await leaveAlone(hosts, node);
      alone[node] = await hosts.stateNow(node);
    }
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await hosts.down();
  });

  test('a repository whose key is not the one that is pinned gives nothing to a bundle', async () => {
    const wrong = hosts.write(
      NODES,
      ({ cluster: settings }) => {
        Object.assign(settings, { install: 'packages' });
        const keys = settings.mirrors['keys'] as Record<string, string>;
        settings.mirrors['keys'] = { ...keys, kubernetes: 'F'.repeat(40) };
      },
      'wrong-key.yaml',
    );
    const { code, stderr } = await create(wrong);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the key of the repository kubernetes is not the one that is pinned'),
    });
    expect(stderr).toContain(`pinned  ${'F'.repeat(40)}`);
  });

  test('a bundle is made of the inventory, by a host of the same system, which stays as it was', async () => {
    const { code, stdout, stderr } = await create(hosts.inventory('connected.yaml'));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/files, .* MiB, for centos-9-amd64\nsha256 of its index: [0-9a-f]{64}\n$/);
    expect(differences(hosts.stateBefore('h3'), await hosts.stateNow('h3'))).toEqual([]);
    const { stdout: verified } = await must(['bundle', 'verify', bundle(), '-i', cluster.inventory()]);
    expect(verified).toContain('nothing is missing');
  });

  test('with one byte of a package changed it is refused by name, and no host is touched', async () => {
    const copy = join(folder, 'changed.tar');
    const name = await changedCopy(bundle(), copy, /packages\/centos-9-amd64\/kubelet-\S+\.rpm/);
    const { code, stderr } = await provision(['apply', '-i', cluster.inventory(), '--yes', '--bundle', copy]);
    rmSync(copy);
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(`is not as it was made: ${name}`);
    for (const node of NODES) expect(differences(alone[node] ?? {}, await hosts.stateNow(node))).toEqual([]);
  });

  test('an inventory that wants another version is refused with what is missing', async () => {
    const file = hosts.write(
      NODES,
      ({ cluster: settings }) => void Object.assign(settings, { install: 'packages', release: '1.35' }),
      'more.yaml',
    );
    const { code, stdout } = await provision(['bundle', 'verify', bundle(), '-i', file]);
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^missing: package kubelet 1\.35\./m),
    });
  });

  test('apply builds the cluster from it', async () => {
    await must(['apply', '-i', cluster.inventory(), '--yes', '--bundle', bundle()]);
    const nodes = (await kubectlOn(cluster, 'get nodes --no-headers -o wide')).trim().split('\n');
    expect(nodes).toHaveLength(NODES.length);
    for (const node of nodes) expect(node).toMatch(cluster.node);
  });

  test('every program is its package’s, signed by the pinned key, of the pinned version', async () => {
    for (const node of NODES) {
      const said = await hosts.on(
        node,
        `rpm -q --qf '%{NAME} %{VERSION} %|RSAHEADER?{signed}:{%|DSAHEADER?{signed}:{%|SIGGPG?{signed}:{not signed}|}|}|\\n' kubelet containerd.io cri-tools socat
rpm -q --qf '%{NAME}\\n' gpg-pubkey`,
      );
      expect(said).toBe(
        'kubelet 1.36.3 signed\ncontainerd.io 2.2.1 signed\ncri-tools 1.36.0 signed\nsocat 1.7.4.1 signed\ngpg-pubkey\n',
      );
    }
  });

  test('a workload runs: DNS, Services, NodePorts, pods across hosts', async () => {
    const { stdout } = await must(['smoke', '-i', cluster.inventory(), '--bundle', bundle()]);
    expect(stdout).toMatch(/^(\d+) of \1 checks passed$/m);
  });

  test('nothing of the bundle stayed: no port, no setting; the repositories are those of the inventory', async () => {
    for (const node of NODES) {
      const said = await hosts.on(
        node,
        `grep -rlsE '17117|provision-bundle' /etc /var/lib/provision /var/cache /run; ss -Hltn 'sport = 17117'; ls -d /run/provision-* 2>/dev/null
sed -n 's/^baseurl=//p' /etc/yum.repos.d/kubernetes.repo`,
      );
      expect(said).toBe('https://pkgs.k8s.io/core:/stable:/v1.36/rpm/\n');
    }
  });

  aSecondApplyChangesNothing(cluster);

  test('reset gives the hosts back', async () => {
    await must(['reset', '-i', cluster.inventory(), '--yes']);
    for (const node of NODES) expect(differences(alone[node] ?? {}, await hosts.stateNow(node))).toEqual([]);
  });
});
