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
    for (const name of [
      'pod on h2 to pod on h3',
      'a replica of the Deployment on h2',
      'a replica of the Deployment on h3',
      'logs of the Deployment',
    ])
      expect(checks.map((check) => check.name)).toContain(name);
  });

  test('status says that all is well', async () => {
    const { stdout } = await must(['status', '-i', inventoryFile]);
    for (const node of MEMBERS) expect(stdout).toMatch(new RegExp(`${node} +Ready`));
  });

  test('every certificate on the hosts passes openssl -x509_strict', async () => {
    const said = await onHost(
      'h1',
      `cd /etc/kubernetes/pki
strict() { openssl verify -x509_strict -CAfile "$@"; }
for ca in ca front-proxy-ca etcd/ca; do strict $ca.crt $ca.crt; done
for c in apiserver apiserver-kubelet-client; do strict ca.crt $c.crt; done
strict front-proxy-ca.crt front-proxy-client.crt
for c in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do strict etcd/ca.crt $c.crt; done
for conf in admin controller-manager scheduler; do
  sed -n 's/.*client-certificate-data: *"\\{0,1\\}\\([A-Za-z0-9+/=]*\\).*/\\1/p' ../$conf.conf | base64 -d | strict ca.crt
done
find /etc/kubernetes/pki -name '*.crt' | wc -l`,
    );
    const lines = said.trim().split('\n');
    expect(lines.filter((line) => line.endsWith(': OK'))).toHaveLength(13);
    // Ten files, and none of them was left out above.
    expect(lines.at(-1)).toBe('10');
  });

  test('every kubelet got its certificate from the cluster CA by a bootstrap token', async () => {
    for (const host of MEMBERS) {
      const said = await onHost(
        host,
        `cd /var/lib/kubelet/pki
openssl x509 -in kubelet-client-current.pem -noout -subject -issuer -nameopt RFC2253
openssl verify -x509_strict -purpose sslclient -CAfile /etc/kubernetes/pki/ca.crt kubelet-client-current.pem
[ ! -e /etc/kubernetes/bootstrap-kubelet.conf ] && echo 'no token left'`,
      );
      expect(said.trim().split('\n')).toEqual([
        `subject=CN=system:node:${host},O=system:nodes`,
        'issuer=CN=kubernetes',
        'kubelet-client-current.pem: OK',
        'no token left',
      ]);
    }
    const { items } = JSON.parse(await kubectl('get csr -o json')) as {
      items: {
        spec: { signerName: string; username: string };
        status: { certificate?: string; conditions: { type: string; reason: string }[] };
      }[];
    };
    expect(items).toHaveLength(MEMBERS.length);
    for (const { spec, status } of items) {
      expect(spec.signerName).toBe('kubernetes.io/kube-apiserver-client-kubelet');
      expect(spec.username).toMatch(/^system:bootstrap:[a-z0-9]{6}$/);
      expect(status.conditions).toMatchObject([{ type: 'Approved', reason: 'AutoApproved' }]);
      expect(status.certificate).toBeDefined();
    }
  });

  test('the tokens of the joins are gone', async () => {
    expect(
      await kubectl('get secrets -n kube-system --field-selector type=bootstrap.kubernetes.io/token -o name'),
    ).toBe('');
  });

  test('the hosts before it were bare: the comparison that reset is held to is not empty', () => {
    expect(stateBefore('h1')['files']?.length).toBeGreaterThan(1000);
    expect(stateBefore('h1')['processes']).toEqual([]);
  });
});
