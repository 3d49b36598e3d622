import { expect, test } from '@jest/globals';
import { KUBECTL } from './kubectl.js';
import { eventually, must, provision } from './lab.js';

/** A cluster on practice hosts, whichever lab they belong to. Nodes are called as the hosts; the first is the control plane. */
export interface PracticeCluster {
  readonly nodes: readonly string[];
  readonly inventory: () => string;
  /** A command as root on a host, past the product; what it printed. */
  readonly on: (host: string, script: string) => Promise<string>;
  /** What a line of `kubectl get nodes -o wide` has to say. */
  readonly node: RegExp;
}

export const kubectlOn = (cluster: Pick<PracticeCluster, 'nodes' | 'on'>, args: string): Promise<string> =>
  cluster.on(cluster.nodes[0] ?? '', `${KUBECTL} ${args}`);

/** What must be true of every cluster that apply has just built, as tests of their own. */
export function itWorks(cluster: PracticeCluster): void {
  const kubectl = (args: string): Promise<string> => kubectlOn(cluster, args);
  const [first = '', ...workers] = cluster.nodes;

  test('every node is Ready, of the version and on the runtime that were asked for', async () => {
    const lines = (await kubectl('get nodes --no-headers -o wide')).trim().split('\n');
    expect(lines).toHaveLength(cluster.nodes.length);
    for (const line of lines) expect(line).toMatch(cluster.node);
  });

  test('DNS, Services, NodePorts on every address, pods across nodes, logs and exec', async () => {
    const { stdout } = await must(['smoke', '-i', cluster.inventory(), '--json']);
    const checks = JSON.parse(stdout) as { name: string; ok: boolean; said: string }[];
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    const names = checks.map((check) => check.name);
    for (const from of cluster.nodes) {
      expect(names).toContain(`Service by name from ${from}`);
      expect(names.filter((name) => name.endsWith(`from ${from}`) && name.startsWith('NodePort'))).toHaveLength(
        cluster.nodes.length,
      );
    }
    const [one = '', other] = workers;
    for (const name of [
      ...(other === undefined ? [] : [`pod on ${one} to pod on ${other}`]),
      ...workers.map((worker) => `a replica of the Deployment on ${worker}`),
      'logs of the Deployment',
    ])
      expect(names).toContain(name);
  });

  test('status says that all is well', async () => {
    // A kubelet may report a static pod that runs as Pending for some more seconds.
    const said = await eventually(
      async () => {
        const { code, stdout, stderr } = await provision(['status', '-i', cluster.inventory()]);
        return `${code} ${stdout}${stderr}`;
      },
      /^0 /,
      90,
    );
    for (const node of cluster.nodes) expect(said).toMatch(new RegExp(`${node} +Ready`));
  });

  test('every certificate on the hosts passes openssl -x509_strict', async () => {
    const said = await cluster.on(
      first,
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
    for (const host of cluster.nodes) {
      const said = await cluster.on(
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
    // One token each; a kubelet that was restarted before its certificate came has asked twice.
    expect(new Set(items.map(({ spec }) => spec.username)).size).toBe(cluster.nodes.length);
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
}

/** A second run with nothing changed. */
export function aSecondApplyChangesNothing(cluster: PracticeCluster): void {
  test('a second apply changes nothing, and restarts nothing', async () => {
    const started = (host: string): Promise<string> =>
      cluster.on(
        host,
        'systemctl show kubelet containerd docker --property=Id,ActiveEnterTimestampMonotonic --no-pager',
      );
    const before = await Promise.all(cluster.nodes.map(started));
    const { stdout } = await must(['apply', '-i', cluster.inventory(), '--yes', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'unchanged', changed: 0 });
    expect(await Promise.all(cluster.nodes.map(started))).toEqual(before);
  });
}

/** A host that was prepared by hand joins with the words that `provision token create` prints. */
export function aFreshHostJoins(
  cluster: PracticeCluster,
  host: string,
  join: (command: string) => string,
  ready: RegExp,
): void {
  test('a stock kubeadm join with the printed command', async () => {
    const { stdout } = await must(['token', 'create', '--print-join-command', '-i', cluster.inventory()]);
    await cluster.on(host, join(stdout.trim()));
    await eventually(() => kubectlOn(cluster, `get node ${host} --no-headers -o wide`), ready, 240);
  });
}
