import { beforeAll, describe, expect, test } from '@jest/globals';
import { differences } from '../support/host-state.js';
import {
  inventoryFile,
  kubectl,
  labUp,
  MEMBERS,
  must,
  onHost,
  provision,
  stateBefore,
  stateNow,
} from '../support/lab.js';

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

  test('every node is Ready, at 1.36.3, on containerd', async () => {
    const nodes = (await kubectl('get nodes --no-headers -o wide')).trim().split('\n');
    expect(nodes).toHaveLength(MEMBERS.length);
    for (const node of nodes) expect(node).toMatch(/ Ready .* v1\.36\.3 .*containerd:\/\/2\./);
  });

  test('DNS, Services, NodePorts on every address, pods across nodes, logs and exec', async () => {
    const { stdout } = await must(['smoke', '-i', inventoryFile, '--json']);
    const checks = JSON.parse(stdout) as { name: string; ok: boolean; said: string }[];
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    for (const from of MEMBERS) {
      expect(checks.map((check) => check.name)).toContain(`Service by name from ${from}`);
      expect(
        checks.filter((check) => check.name.endsWith(`from ${from}`) && check.name.startsWith('NodePort')),
      ).toHaveLength(MEMBERS.length);
    }
    expect(checks.map((check) => check.name)).toContain('pod on h2 to pod on h3');
  });

  test('status says that all is well', async () => {
    const { stdout } = await must(['status', '-i', inventoryFile]);
    for (const node of MEMBERS) expect(stdout).toMatch(new RegExp(`${node} +Ready`));
  });

  test('the certificates on the host pass openssl -x509_strict', async () => {
    const said = await onHost(
      'h1',
      `cd /etc/kubernetes/pki
for c in apiserver apiserver-kubelet-client; do openssl verify -x509_strict -CAfile ca.crt $c.crt; done
openssl verify -x509_strict -CAfile front-proxy-ca.crt front-proxy-client.crt
for c in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do openssl verify -x509_strict -CAfile etcd/ca.crt $c.crt; done`,
    );
    expect(
      said
        .trim()
        .split('\n')
        .filter((line) => line.endsWith(': OK')),
    ).toHaveLength(7);
  });

  test('the hosts before it were bare: the comparison that reset is held to is not empty', () => {
    expect(stateBefore('h1')['files']?.length).toBeGreaterThan(1000);
    expect(stateBefore('h1')['processes']).toEqual([]);
  });
});
