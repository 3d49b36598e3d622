import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../src/model/index.js';
import { clusterUp, inventoryFile, labFolder, must, onHost, provision } from '../support/lab.js';

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
    await must(['plan', '-i', inventoryFile]);
  });

  describe('after a file was edited, a unit stopped and disabled, and the swap line put back by hand', () => {
    const FSTAB = '/dev/disk/by-label/by-hand none swap sw,noauto,nofail 0 0';

    beforeAll(async () => {
      await onHost('h2', `echo '# by hand' >>/etc/containerd/config.toml`);
      await onHost('h3', 'systemctl disable --now chrony');
      await onHost('h3', `echo '${FSTAB}' >>/etc/fstab`);
    });
    // reset gives the line back as the operator's own, which it is; the scenarios that compare everything know nothing of it.
    afterAll(() => onHost('h3', `sed -i '\\|by-hand|d' /etc/fstab`));

    test('plan shows exactly those and exits 2', async () => {
      const { code, stdout } = await provision(['plan', '-i', inventoryFile, '--json']);
      expect(code).toBe(2);
      expect(actionsOf(stdout).sort()).toEqual([
        'h2 file /etc/containerd/config.toml',
        'h3 swap host',
        'h3 unit chrony.service',
      ]);
    });

    test('apply mends exactly those', async () => {
      const report = JSON.parse((await must(['apply', '-i', inventoryFile, '--yes', '--json'])).stdout) as {
        changed: number;
      };
      expect(report.changed).toBe(3);
      await must(['plan', '-i', inventoryFile]);
      expect(await onHost('h3', 'systemctl is-active chrony')).toContain('active');
      expect(await onHost('h3', `grep -c '^${FSTAB.split(' ')[0]}' /etc/fstab || true`)).toBe('0\n');
    });
  });

  describe('a saved plan', () => {
    const file = join(labFolder, 'plan.json');
    const save = (): Promise<Outcome> => provision(['plan', '-i', inventoryFile, '-o', file]);

    beforeAll(async () => {
      await onHost('h2', `echo '# by hand' >>/etc/containerd/config.toml`);
      expect((await save()).code).toBe(2);
    });

    test('is refused once another host needs something', async () => {
      await onHost('h3', 'chmod 600 /etc/containerd/config.toml');
      await refused();
      await onHost('h3', 'chmod 644 /etc/containerd/config.toml');
    });

    test('is refused once what it would overwrite is not what was reviewed', async () => {
      await onHost('h2', `echo '# and once more' >>/etc/containerd/config.toml`);
      await refused();
      expect(await onHost('h2', 'tail -n 1 /etc/containerd/config.toml')).toBe('# and once more\n');
    });

    test('that still fits is applied, without a question', async () => {
      expect((await save()).code).toBe(2);
      const report = JSON.parse((await must(['apply', '-i', inventoryFile, file, '--json'])).stdout) as object;
      expect(report).toMatchObject({ outcome: 'changed', changed: 1 });
      await must(['plan', '-i', inventoryFile]);
    });

    async function refused(): Promise<void> {
      const { code, stderr } = await provision(['apply', '-i', inventoryFile, file]);
      expect(stderr).toContain('the hosts have moved since this plan was made');
      expect(code).toBe(4);
    }
  });
});

interface PlannedStages {
  readonly stages: readonly {
    readonly hosts: readonly { readonly host: string; readonly actions: readonly { readonly key: string }[] }[];
  }[];
}

/** `host key` per action. */
const actionsOf = (json: string): string[] =>
  (JSON.parse(json) as PlannedStages).stages.flatMap(({ hosts }) =>
    hosts.flatMap(({ host, actions }) => actions.map(({ key }) => `${host} ${key}`)),
  );
