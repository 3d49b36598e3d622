import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster } from '../../src/model/index.js';
import { openTrust } from '../../src/trust/index.js';
import { installByHand } from '../support/kubeadm-host.js';
import {
  address,
  clusterUp,
  eventually,
  freshHost,
  gateway,
  inventoryFile,
  kubectl,
  labFolder,
  must,
  onHost,
  provision,
  writeInventory,
} from '../support/lab.js';

const token = (...args: string[]) => must(['token', ...args, '-i', inventoryFile]);
const create = async (...args: string[]): Promise<{ id: string; secret: string; whole: string }> => {
  const whole = (await token('create', ...args)).stdout.trim();
  const [id = '', secret = ''] = whole.split('.');
  return { id, secret, whole };
};
const inSecret = async (id: string): Promise<Record<string, string>> => {
  const { data } = JSON.parse(await kubectl(`get secret -n kube-system bootstrap-token-${id} -o json`)) as {
    data: Record<string, string>;
  };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
};
const clusterInfo = () => kubectl('get configmap -n kube-public cluster-info -o json');
const tokenIds = async (): Promise<string> => (await kubectl('get secrets -n kube-system -o name')).trim();

beforeAll(clusterUp);

describe('bootstrap tokens', () => {
  test('with --ttl 0 it never expires, signs cluster-info, and is gone when deleted', async () => {
    const made = await create('--ttl', '0', '--description', 'for ever');
    expect(made.whole).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    const secret = await inSecret(made.id);
    expect(secret).toMatchObject({ 'token-id': made.id, 'token-secret': made.secret, description: 'for ever' });
    expect(Object.keys(secret)).not.toContain('expiration');
    await eventually(clusterInfo, new RegExp(`"jws-kubeconfig-${made.id}"`), 60);

    const { stdout } = await token('list');
    expect(stdout).toMatch(new RegExp(`${made.id} +<never> .*for ever`));
    expect(stdout + (await token('list', '--json')).stdout).not.toContain(made.secret);

    await token('delete', made.id);
    expect(await tokenIds()).not.toContain(made.id);
    expect((await token('list')).stdout).not.toContain(made.id);
    const again = await provision(['token', 'delete', made.id, '-i', inventoryFile]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`there is no token ${made.id}`)]);
  });

  test('with --ttl 1h it expires an hour ahead', async () => {
    const made = await create('--ttl', '1h');
    const expires = Date.parse((await inSecret(made.id))['expiration'] ?? '');
    expect(Math.abs(expires - Date.now() - 3_600_000)).toBeLessThan(120_000);
    const rows = JSON.parse((await token('list', '--json')).stdout) as { id: string; expires: string }[];
    expect(Date.parse(rows.find((row) => row.id === made.id)?.expires ?? '')).toBe(expires);
    await token('delete', made.whole);
    expect(await tokenIds()).not.toContain(made.id);
  });
});

describe('a stock kubeadm', () => {
  beforeAll(async () => {
    await kubectl('delete node h4 --ignore-not-found'); // of a run that was cut
    await freshHost('h4');
    await onHost('h4', installByHand(await gateway(), `${await address('h4')} h4`));
  });
  afterAll(async () => {
    await kubectl('delete node h4 --ignore-not-found');
    await freshHost('h4');
  });

  test('joins with the printed command; the node gets Ready and runs a pod; it leaves again', async () => {
    const command = (await token('create', '--print-join-command', '--ttl', '1h')).stdout.trim();
    expect(command).toMatch(
      /^kubeadm join [0-9.:]+ --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}$/,
    );
    // SystemVerification: the practice hosts may share a machine with cgroups v1, which kubeadm wants to be told about.
    const joined = await onHost('h4', `${command} --ignore-preflight-errors=SystemVerification 2>&1`);
    expect(joined).toContain('This node has joined the cluster');
    // kubeadm is done when the kubelet has its certificate; the kubelet makes its node a moment later.
    await eventually(() => kubectl('get node h4'), /\bReady\b/, 300);

    const image = 'registry.k8s.io/e2e-test-images/agnhost:2.63.0';
    await kubectl(
      `run by-hand --image=${image} --restart=Never --overrides='{"spec":{"nodeName":"h4"}}' -- netexec --http-port=8080`,
    );
    await kubectl('wait --for=condition=Ready pod/by-hand --timeout=300s');
    const ip = await kubectl(`get pod by-hand -o jsonpath='{.status.podIP}'`);
    // Across the pod network, from a host that provision made.
    await eventually(() => onHost('h2', `curl -fsS -m 5 http://${ip}:8080/hostname`), /^by-hand$/, 60);
    await kubectl('delete pod by-hand --grace-period=0 --force');

    const status = await provision(['status', '-i', inventoryFile]);
    expect(status.stdout).toMatch(/h4 +Ready /);
    expect(status.stdout).toContain('h4: in the cluster, but not in the inventory');
    await onHost('h4', 'kubeadm reset --force 2>&1');
    await kubectl('delete node h4');
    await token('delete', /--token (\S+)/.exec(command)?.[1] ?? '');
    await must(['plan', '-i', inventoryFile]);
  });
});

describe('an endpoint that somebody else holds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'provision-other-endpoint-'));
  const heard: string[] = [];
  const server = createServer();

  beforeAll(async () => freshHost('h4'));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
    await freshHost('h4');
  });

  test('stops the node that was to join, and never sees a token', async () => {
    const host = await gateway();
    const port = await listen(host);
    const h4 = await address('h4');
    const inventory = writeInventory(join(folder, 'cluster.yaml'), (inventory) => {
      const { cluster, ssh } = inventory as unknown as {
        cluster: { endpoint?: string; mirrors: { checksums: string } };
        ssh: { key: string; knownHosts: string };
      };
      cluster.endpoint = `${host}:${port}`;
      cluster.mirrors.checksums = join(labFolder, cluster.mirrors.checksums);
      ssh.key = join(labFolder, ssh.key);
      ssh.knownHosts = join(labFolder, ssh.knownHosts);
      inventory.nodes.push({ name: 'h4', address: h4, roles: ['worker'] } as { name: string });
    });
    const ca = await impersonate(inventory);
    await must(['state', 'pull', '-i', inventory]);

    const { code, stdout, stderr } = await provision(['apply', '-i', inventory, '--limit', 'h4', '--yes']);
    expect(stdout + stderr).toContain('is not the CA of this cluster: nothing was sent to it');
    expect(stdout + stderr).toMatch(/h4/);
    expect(code).toBe(1);
    expect(ca).toContain('BEGIN CERTIFICATE');
    // It was asked who it is, and told nothing.
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.filter((line) => /authorization|bearer|[a-z0-9]{6}\.[a-z0-9]{16}/i.test(line))).toEqual([]);
    expect(await kubectl('get nodes -o name')).not.toContain('h4');
    expect(await onHost('h4', 'ls /etc/kubernetes')).not.toContain('bootstrap-kubelet.conf');

    await must(['reset', '-i', inventory, '--limit', 'h4', '--yes']);
    expect(await onHost('h4', 'ls -A /etc/kubernetes 2>/dev/null || true')).toBe('');
    // The token that the stopped join had is no longer of use: the next run takes it away, and nothing else.
    const report = JSON.parse((await must(['apply', '-i', inventoryFile, '--yes', '--json'])).stdout) as object;
    expect(report).toMatchObject({ outcome: 'changed', changed: 1 });
    expect(await kubectl('get secrets -n kube-system -o name')).not.toContain('bootstrap-token-');
    await must(['plan', '-i', inventoryFile]);
  });

  const listen = (host: string): Promise<number> =>
    new Promise((resolve) => {
      server.on('request', (request, response) => {
        heard.push(`${request.method} ${request.url} ${JSON.stringify(request.rawHeaders)}`);
        request.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
        response.end(clusterInfoOf(ca));
      });
      server.listen(0, host, () => resolve((server.address() as { port: number }).port));
    });

  let ca = '';
  /** Gives the server a certificate for that very address, of a CA of its own. */
  async function impersonate(inventory: string): Promise<string> {
    const cluster = JSON.parse((await must(['validate', '-i', inventory, '--json'])).stdout) as Cluster;
    const stateDir = mkdtempSync(join(tmpdir(), 'provision-other-ca-'));
    const { trust } = await openTrust({ stateDir, cluster, now: new Date(), mint: true });
    rmSync(stateDir, { recursive: true });
    const [first] = cluster.nodes;
    if (first === undefined) throw new Error('no node');
    const pair = trust.certificate('apiserver', first);
    server.setSecureContext({ cert: pair.cert, key: pair.key.reveal() });
    ca = trust.authority('ca').cert;
    return ca;
  }
});

const clusterInfoOf = (ca: string): string =>
  JSON.stringify({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    data: {
      kubeconfig: `clusters:\n- cluster:\n    certificate-authority-data: ${Buffer.from(ca).toString('base64')}\n`,
    },
  });
