import { beforeAll, describe, expect, test } from '@jest/globals';
import { itWorks } from '../support/cluster-tests.js';
import { differences } from '../support/host-state.js';
import { inventoryFile, labUp, MEMBERS, must, onHost, provision, stateBefore, stateNow } from '../support/lab.js';

describe('one command on bare machines ends with a working cluster', () => {
  beforeAll(labUp);

  test('validate and plan change nothing on any host', async () => {
    await must(['validate', '-i', inventoryFile]);
    const before = await Promise.all(MEMBERS.map(stateNow));
    const plan = await provision(['plan', '-i', inventoryFile]);
    expect([0, 2]).toContain(plan.code);
    const after = await Promise.all(MEMBERS.map(stateNow));
    for (const [i] of MEMBERS.entries()) expect(differences(before[i] ?? {}, after[i] ?? {})).toEqual([]);
  });

  test('apply builds it', async () => {
    const { stdout, stderr } = await must(['apply', '-i', inventoryFile, '--yes']);
    expect(stdout + stderr).not.toMatch(/BEGIN (RSA |EC )?PRIVATE KEY/);
  });

  itWorks({
    nodes: MEMBERS,
    inventory: () => inventoryFile,
    on: onHost,
    node: / Ready .* v1\.36\.3 .*containerd:\/\/2\./,
  });

  test('the hosts before it were bare: the comparison that reset is held to is not empty', () => {
    expect(stateBefore('h1')['files']?.length).toBeGreaterThan(1000);
    expect(stateBefore('h1')['processes']).toEqual([]);
  });
});
