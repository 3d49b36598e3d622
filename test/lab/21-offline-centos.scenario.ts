import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { must, provision } from '../support/lab.js';
import { changedCopy, OfflinePair } from '../support/offline.js';

// What 20-offline shows of Debian and binaries, on a host like CentOS Stream 9 (Debian underneath: docs/lab.md) that installs by packages:
// dnf chooses them on its twin, and it installs them with their signatures looked at, though it reaches nobody.
describe('a host like CentOS 9 without a network, install: packages', () => {
  const pair = new OfflinePair(
    'offline-centos',
    { like: 'centos9' },
    / Ready .* v1\.36\.3 .*containerd:\/\/2\.2\.1/,
    ({ cluster }) => void Object.assign(cluster, { install: 'packages' }),
    // As it was installed: the keys of its base packages are those that its own repositories name.
    (inventory) => Object.assign(inventory, { system: { repositories: 'keep' } }),
  );
  const { hosts, cluster } = pair;

  test('a repository whose key is not the one that is pinned gives nothing to a bundle', async () => {
    const wrong = pair.write(({ cluster: { mirrors } }) => {
      mirrors['keys'] = { ...(mirrors['keys'] as Record<string, string>), kubernetes: 'F'.repeat(40) };
    }, 'wrong-key.yaml');
    const { code, stderr } = await pair.create(wrong);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the key of the repository kubernetes is not the one that is pinned'),
    });
    expect(stderr).toContain(`pinned  ${'F'.repeat(40)}`);
  });

  pair.aBundleIsMade('centos-9-amd64');

  test('with one byte of a package changed it is refused by name, and no host is touched', async () => {
    const copy = join(pair.folder, 'changed.tar');
    const name = await changedCopy(pair.bundle(), copy, /packages\/centos-9-amd64\/kubelet-\S+\.rpm/);
    const { code, stderr } = await provision(['apply', '-i', cluster.inventory(), '--yes', '--bundle', copy]);
    rmSync(copy);
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(`is not as it was made: ${name}`);
    await pair.isUntouched();
  });

  test('an inventory that wants another version is refused with what is missing', async () => {
    const file = pair.write(({ cluster: settings }) => void Object.assign(settings, { release: '1.35' }), 'more.yaml');
    const { code, stdout } = await provision(['bundle', 'verify', pair.bundle(), '-i', file]);
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^missing: package kubelet 1\.35\./m),
    });
  });

  pair.applyBuildsFromIt();

  test('every program is its package’s, of the pinned version, signed by a key that rpm trusts', async () => {
    const names = ['kubelet 1.36.3', 'containerd.io 2.2.1', 'cri-tools 1.36.0', 'socat 1.7.4.1'];
    const said = await hosts.on(
      'h1',
      `rpm -q --qf '%{NAME} %{VERSION} %{SIGPGP:pgpsig}%{RSAHEADER:pgpsig}\\n' ${names.map((name) => name.split(' ')[0]).join(' ')}
rpm -q --qf '%{VERSION}\\n' gpg-pubkey`,
    );
    const lines = said.trim().split('\n');
    const key = lines.pop() ?? '';
    expect(key).toMatch(/^[0-9a-f]{8}$/);
    expect(lines.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(names);
    for (const line of lines) expect(line).toContain(`Key ID `);
    for (const line of lines) expect(line).toContain(key);
  });

  test('its repositories are those of the inventory, to be read when there is a network again', async () => {
    const said = await hosts.on('h1', "sed -n '/^baseurl=/p; /gpgcheck=/p' /etc/yum.repos.d/kubernetes.repo");
    expect(said).toBe('baseurl=https://pkgs.k8s.io/core:/stable:/v1.36/rpm/\ngpgcheck=1\nrepo_gpgcheck=1\n');
    expect((await must(['bundle', 'verify', pair.bundle()])).stdout).toContain('for centos-9-amd64\n');
  });

  pair.resetGivesItBack();
});
