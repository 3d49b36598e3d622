import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clusterUp, inventoryFile, labFolder, must, onHost, provision, stateFolder } from '../support/lab.js';
import { LAB } from '../support/lab-names.js';

const AUTHORITIES = 'pki/authorities';

describe('the state folder of a living cluster', () => {
  const other = mkdtempSync(join(tmpdir(), 'provision-operator-'));
  const otherInventory = join(other, 'cluster.yaml');
  const otherState = join(other, '.provision', LAB);
  let onTheHost: string;
  let inTheFolder: string;
  let caHash: string;

  beforeAll(async () => {
    await clusterUp();
    for (const file of ['cluster.yaml', 'id_ed25519', 'known_hosts', 'checksums.json'])
      copyFileSync(join(labFolder, file), join(other, file));
    onTheHost = await digestsOnHost();
    inTheFolder = digestsIn(stateFolder);
    const pin = await onHost(
      'h1',
      'openssl x509 -in /etc/kubernetes/pki/ca.crt -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum',
    );
    caHash = `sha256:${pin.split(' ')[0]}`;
    rmSync(stateFolder, { recursive: true });
  });
  afterAll(() => rmSync(other, { recursive: true }));

  test.each([
    'apply',
    'plan',
  ])('that is gone: %s is refused with the way out, and no second CA is made', async (command) => {
    const { code, stderr } = await provision([command, '-i', inventoryFile, ...(command === 'apply' ? ['--yes'] : [])]);
    expect(stderr).toContain('h1 belongs to a living cluster');
    expect(stderr).toContain('provision state pull -i');
    expect(code).toBe(4);
    expect(existsSync(join(stateFolder, AUTHORITIES))).toBe(false);
    expect(await digestsOnHost()).toBe(onTheHost);
  });

  test('is not pulled from a cluster with another CA than the operator expects', async () => {
    const wrong = `sha256:${'0'.repeat(64)}`;
    const { code, stderr } = await provision(['state', 'pull', '-i', inventoryFile, '--ca-hash', wrong]);
    expect(stderr).toContain(`is ${caHash}, not the expected ${wrong}`);
    expect(code).toBe(4);
    expect(existsSync(join(stateFolder, AUTHORITIES))).toBe(false);
  });

  test('is pulled, and then apply changes nothing: the same CA', async () => {
    const { stdout } = await must(['state', 'pull', '-i', inventoryFile, '--ca-hash', caHash]);
    expect(stdout).toContain(caHash);
    expect(digestsIn(stateFolder)).toBe(inTheFolder);
    await nothingToDo(inventoryFile);
    expect(await digestsOnHost()).toBe(onTheHost);
  });

  test('is closed to others', () => {
    expect(statSync(stateFolder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(stateFolder, AUTHORITIES)))
      expect([name, statSync(join(stateFolder, AUTHORITIES, name)).mode & 0o777]).toEqual([name, 0o600]);
    expect(statSync(join(stateFolder, 'kubeconfig')).mode & 0o777).toBe(0o600);
  });

  test('a second operator gets it with the inventory and SSH access alone', async () => {
    expect((await provision(['apply', '-i', otherInventory, '--yes'])).code).toBe(4);
    await must(['state', 'pull', '-i', otherInventory]);
    expect(digestsIn(otherState)).toBe(inTheFolder);
    await nothingToDo(otherInventory);
    expect(await digestsOnHost()).toBe(onTheHost);
  });
});

async function nothingToDo(inventory: string): Promise<void> {
  const { stdout } = await must(['apply', '-i', inventory, '--yes', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'unchanged', changed: 0 });
}

/** Every certificate and key of the cluster, as they lie on its control plane. */
const digestsOnHost = (): Promise<string> =>
  onHost('h1', 'find /etc/kubernetes/pki /etc/kubernetes/*.conf -type f -print0 | sort -z | xargs -0 sha256sum');

const digestsIn = (folder: string): string =>
  readdirSync(join(folder, AUTHORITIES))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, AUTHORITIES, name)))
          .digest('hex')}`,
    )
    .join('\n');
