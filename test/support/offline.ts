import { copyFileSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runProgram } from '../../src/transport/index.js';
import { aSecondApplyChangesNothing, kubectlOn, type PracticeCluster } from './cluster-tests.js';
import { differences, type HostState } from './host-state.js';
import { must, provision } from './lab.js';
import { type InventoryText, OwnLab } from './own-lab.js';

/** From now on the host answers SSH, and reaches the other hosts and nobody else. */
export const leaveAlone = (hosts: OwnLab, node: string): Promise<string> =>
  hosts.on(
    node,
    `nft add table inet alone
nft add chain inet alone out '{ type filter hook output priority 0; }'
nft add rule inet alone out ip daddr ${hosts.lab.gateway} tcp sport != 22 reject`,
  );

/** A copy of a bundle with one bit of a file in it changed. Gives the file's name. */
export async function changedCopy(bundle: string, copy: string, name: RegExp): Promise<string> {
  copyFileSync(bundle, copy);
  const { stdout } = await runProgram(['tar', '--block-number', '-tvf', copy]);
  const [, block = '', found = ''] = new RegExp(`^block (\\d+): .* (${name.source})$`, 'm').exec(stdout) ?? [];
  const file = openSync(copy, 'r+');
  // Past the header, and for a long name past that of the name.
  const at = Number(block) * 512 + 100_000;
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  return found;
}

/** A lab of two: a host that reaches nobody, and its twin that reaches its repositories. The tests that use it stand in one `describe`. */
export class OfflinePair {
  readonly hosts: OwnLab;
  readonly cluster: PracticeCluster;
  /** How the host is once nobody is within reach any more. */
  alone: HostState = {};
  folder = '';
  private readonly wanted: (inventory: InventoryText) => void;

  constructor(
    suffix: string,
    options: ConstructorParameters<typeof OwnLab>[1],
    node: RegExp,
    wanted: (inventory: InventoryText) => void,
    /** Where there is no network. */
    offline: (inventory: InventoryText) => void = () => {},
  ) {
    this.hosts = new OwnLab(suffix, { ...options, hosts: 2 });
    this.wanted = wanted;
    this.cluster = { nodes: ['h1'], inventory: () => this.hosts.inventory(), on: this.hosts.on, node };
    beforeAll(async () => {
      this.folder = mkdtempSync(join(tmpdir(), 'provision-offline-'));
      await this.hosts.up();
      this.write(() => {}, 'connected.yaml');
      this.write((inventory) => {
        Object.assign(inventory.cluster.mirrors, { artifacts: undefined, registries: {} });
        offline(inventory);
      }, 'cluster.yaml');
      this.hosts.write(['h2'], asControlPlane, 'twins.yaml');
      await leaveAlone(this.hosts, 'h1');
      this.alone = await this.hosts.stateNow('h1');
    });
    afterAll(async () => {
      rmSync(this.folder, { recursive: true, force: true });
      await this.hosts.down();
    });
  }

  /** The inventory of the lonely host, with this changed in it. */
  write(change: (inventory: InventoryText) => void, name: string): string {
    return this.hosts.write(
      ['h1'],
      (inventory) => {
        asControlPlane(inventory);
        this.wanted(inventory);
        change(inventory);
      },
      name,
    );
  }

  bundle = (): string => join(this.folder, 'bundle.tar');

  create = (inventory: string) =>
    provision([
      'bundle',
      'create',
      '-i',
      inventory,
      '-o',
      this.bundle(),
      '--packages-from',
      this.hosts.inventory('twins.yaml'),
    ]);

  isUntouched = async (): Promise<void> => expect(differences(this.alone, await this.hosts.stateNow('h1'))).toEqual([]);

  aBundleIsMade(system: string): void {
    test('a bundle is made of the inventory, by a host of the same system, which stays as it was', async () => {
      const { code, stdout, stderr } = await this.create(this.hosts.inventory('connected.yaml'));
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toMatch(new RegExp(`files, .* MiB, for ${system}\\nsha256 of its index: [0-9a-f]{64}\\n$`));
      expect(differences(this.hosts.stateBefore('h2'), await this.hosts.stateNow('h2'))).toEqual([]);
      const { stdout: verified } = await must(['bundle', 'verify', this.bundle(), '-i', this.cluster.inventory()]);
      expect(verified).toContain('nothing is missing');
    });
  }

  applyBuildsFromIt(): void {
    test('apply builds the cluster from it', async () => {
      await must(['apply', '-i', this.cluster.inventory(), '--yes', '--bundle', this.bundle()]);
      expect(await kubectlOn(this.cluster, 'get nodes --no-headers -o wide')).toMatch(this.cluster.node);
    });

    test('a workload runs: DNS, a Service, a NodePort', async () => {
      const { stdout } = await must(['smoke', '-i', this.cluster.inventory(), '--bundle', this.bundle()]);
      expect(stdout).toMatch(/^(\d+) of \1 checks passed$/m);
    });

    test('nothing of the bundle stayed: no port, no setting', async () => {
      const said = await this.hosts.on(
        'h1',
        `grep -rlsE '17117|provision-bundle' /etc /var/lib/provision /var/cache /run; ss -Hltn 'sport = 17117'; ls -d /run/provision-* 2>/dev/null || :`,
      );
      expect(said).toBe('');
    });

    aSecondApplyChangesNothing(this.cluster);
  }

  resetGivesItBack(): void {
    test('reset gives the host back', async () => {
      await must(['reset', '-i', this.cluster.inventory(), '--yes']);
      await this.isUntouched();
    });
  }
}

function asControlPlane({ nodes: [node] }: InventoryText): void {
  if (node !== undefined) node.roles = ['control-plane', 'worker'];
}
