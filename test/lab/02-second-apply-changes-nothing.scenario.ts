import { beforeAll, describe, expect, test } from '@jest/globals';
import { clusterUp, inventoryFile, must, onHost, provision, root } from '../support/lab.js';

describe('a built cluster', () => {
  beforeAll(clusterUp);

  test('a second apply changes 0 things', async () => {
    const report = JSON.parse((await must(['apply', '-i', inventoryFile, '--yes', '--json'])).stdout) as {
      outcome: string;
      changed: number;
    };
    expect(report).toMatchObject({ outcome: 'unchanged', changed: 0 });
  });

  test('plan exits 0', async () => {
    expect((await provision(['plan', '-i', inventoryFile])).code).toBe(0);
  });

  describe('after a file was edited, a unit stopped and disabled, and the swap line put back by hand', () => {
    const FSTAB = '/dev/disk/by-label/by-hand none swap sw,noauto,nofail 0 0';

    beforeAll(async () => {
      await onHost('h2', `echo '# by hand' >>/etc/containerd/config.toml`);
      await onHost('h3', 'systemctl disable --now chrony');
      await onHost('h3', `echo '${FSTAB}' >>/etc/fstab`);
    });

    test('plan shows exactly those and exits 2', async () => {
      const { code, stdout } = await provision(['plan', '-i', inventoryFile, '--json']);
      expect(code).toBe(2);
      const { stages } = JSON.parse(stdout) as { stages: { hosts: Record<string, { actions: { key: string }[] }> }[] };
      const found = stages.flatMap((stage) =>
        Object.entries(stage.hosts).flatMap(([host, { actions }]) => actions.map((action) => `${host} ${action.key}`)),
      );
      expect(found.sort()).toEqual(
        ['h2 file /etc/containerd/config.toml', 'h3 swap fstab and live', 'h3 unit chrony.service'].sort(),
      );
    });

    test('apply mends exactly those', async () => {
      const report = JSON.parse((await must(['apply', '-i', inventoryFile, '--yes', '--json'])).stdout) as {
        changed: number;
      };
      expect(report.changed).toBe(3);
      expect((await provision(['plan', '-i', inventoryFile])).code).toBe(0);
      expect(await onHost('h3', 'systemctl is-active chrony')).toContain('active');
      expect(await onHost('h3', `grep -c '^${FSTAB.split(' ')[0]}' /etc/fstab || true`)).toBe('0\n');
    });
  });

  test('a saved plan is refused once the hosts have moved', async () => {
    const file = `${root}/.lab/ci/plan.json`;
    await onHost('h2', `echo '# by hand' >>/etc/containerd/config.toml`);
    expect((await provision(['plan', '-i', inventoryFile, '-o', file])).code).toBe(2);
    await onHost('h3', 'chmod 600 /etc/containerd/config.toml');
    const refused = await provision(['apply', '-i', inventoryFile, file]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('the hosts have moved since this plan was made');
    await must(['apply', '-i', inventoryFile, '--yes']);
  });
});
