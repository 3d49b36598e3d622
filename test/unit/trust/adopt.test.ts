import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProvisionError, Secret, type Trust } from '../../../src/model/index.js';
import { adoptTrust, caHash, kubeconfig, openTrust, remoteTrustPaths } from '../../../src/trust/index.js';
import { readKubeconfigPair } from '../../../src/trust/kubeconfig.js';
import { authorityRows, rowsOf } from '../../../src/trust/table.js';
import { clusterOf, countingEntropy, now, removeStateFolders, stateFolder } from './fixtures.js';

afterAll(removeStateFolders);

const cluster = clusterOf();
type Files = Map<string, Map<string, string | Secret>>;

const kubeconfigOf = (trust: Trust, client: { cert: string; key: Secret }): Secret =>
  kubeconfig({ cluster: 'lab', server: 'https://api:6443', ca: trust.authority('ca').cert, user: 'someone', client });

/** The files as the hosts have them. */
function filesOf(trust: Trust): Files {
  const nodes = cluster.nodes.filter(({ roles }) => roles.includes('control-plane'));
  return new Map(
    nodes.map((node) => {
      const files = new Map<string, string | Secret>([
        ['/etc/kubernetes/pki/sa.key', trust.serviceAccount.privateKey],
        ['/etc/kubernetes/pki/sa.pub', trust.serviceAccount.publicKey],
      ]);
      for (const { name, place } of authorityRows) {
        files.set(place.cert, trust.authority(name).cert).set(place.key, trust.authority(name).key);
      }
      for (const { name, place } of rowsOf(cluster, node)) {
        const pair = trust.certificate(name, node);
        if (place.kind === 'files') files.set(place.cert, pair.cert).set(place.key, pair.key);
        else files.set(place.path, kubeconfigOf(trust, pair));
      }
      return [node.name, files];
    }),
  );
}

const contents = (stateDir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(stateDir.length), readFileSync(path, 'utf8')] as const)
      .sort(),
  );

describe('state pull', () => {
  const source = stateFolder();
  let trust: Trust;
  let foreign: Trust;
  beforeAll(async () => {
    ({ trust } = await openTrust({ stateDir: source, cluster, now, mint: true }));
    ({ trust: foreign } = await openTrust({ stateDir: stateFolder(), cluster, now, mint: true }));
  });

  test('rebuilds exactly the same store, after which nothing is minted', async () => {
    const stateDir = stateFolder();
    const adopted = await adoptTrust({ stateDir, cluster, files: filesOf(trust), expectCaHash: trust.caHash });
    expect([adopted.caHash, adopted.adopted.length, adopted.missing]).toEqual([trust.caHash, 30, []]);
    expect(contents(stateDir)).toEqual(contents(source));
    const random = countingEntropy();
    expect((await openTrust({ stateDir, cluster, now, mint: false, random })).minted).toEqual([]);
    expect(random.count()).toBe(0);
  });

  test('every path it needs is in the list of paths to fetch, and no other', () => {
    const paths = new Set([...filesOf(trust).values()].flatMap((files) => [...files.keys()]));
    expect([...remoteTrustPaths].sort()).toEqual([...paths].sort());
    expect(remoteTrustPaths).toContain('/etc/kubernetes/pki/etcd/ca.key');
    expect(remoteTrustPaths).toContain('/etc/kubernetes/controller-manager.conf');
  });

  test('one control plane is enough; the others’ leaves are minted later from the same authorities', async () => {
    const stateDir = stateFolder();
    const files: Files = new Map([...filesOf(trust)].slice(1, 2));
    expect((await adoptTrust({ stateDir, cluster, files })).adopted).toHaveLength(10);
    const opened = await openTrust({ stateDir, cluster, now, mint: false });
    expect(opened.minted.every((text) => /^cp-[13]\/.*: missing$/.test(text))).toBe(true);
    expect([opened.minted.length, opened.trust.caHash]).toEqual([20, trust.caHash]);
  });

  test('a pair that a host does not have whole is reported and left to be minted', async () => {
    const stateDir = stateFolder();
    const files = filesOf(trust);
    files.get('cp-2')?.delete('/etc/kubernetes/pki/apiserver.key');
    files.get('cp-2')?.delete('/etc/kubernetes/scheduler.conf');
    expect((await adoptTrust({ stateDir, cluster, files })).missing).toEqual(['cp-2/apiserver', 'cp-2/scheduler']);
    expect((await openTrust({ stateDir, cluster, now, mint: false })).minted).toHaveLength(2);
  });

  const pki = '/etc/kubernetes/pki';
  test.each<[string, (files: Files) => void, string]>([
    [
      'a foreign CA on one host',
      (files) => files.get('cp-3')?.set(`${pki}/ca.crt`, foreign.authority('ca').cert),
      `cp-3:${pki}/ca.crt is not the same as on cp-1`,
    ],
    [
      'a foreign etcd CA key',
      (files) => files.get('cp-2')?.set(`${pki}/etcd/ca.key`, foreign.authority('etcd-ca').key),
      `cp-2:${pki}/etcd/ca.key is not the key of ${pki}/etcd/ca.crt of cp-1`,
    ],
    [
      'a leaf of another cluster',
      (files) => {
        const pair = foreign.certificate('etcd-peer', cluster.nodes[1]!);
        files.get('cp-2')?.set(`${pki}/etcd/peer.crt`, pair.cert).set(`${pki}/etcd/peer.key`, pair.key);
      },
      `cp-2:${pki}/etcd/peer.crt is not issued by the cluster's etcd-ca`,
    ],
    [
      'a leaf with a foreign key',
      (files) => files.get('cp-1')?.set(`${pki}/apiserver.key`, foreign.authority('ca').key),
      `cp-1:${pki}/apiserver.crt is wrong: its key does not belong to its certificate`,
    ],
    [
      'a kubeconfig of another cluster',
      (files) =>
        files
          .get('cp-3')
          ?.set('/etc/kubernetes/admin.conf', kubeconfigOf(foreign, foreign.certificate('admin', cluster.nodes[2]!))),
      "cp-3:/etc/kubernetes/admin.conf is not issued by the cluster's ca",
    ],
    [
      'another service account key',
      (files) => files.get('cp-2')?.set(`${pki}/sa.key`, foreign.serviceAccount.privateKey),
      `cp-2:${pki}/sa.key is not the same as on cp-1`,
    ],
    [
      'a public service account key of another',
      (files) => files.get('cp-2')?.set(`${pki}/sa.pub`, foreign.serviceAccount.publicKey),
      `cp-2:${pki}/sa.pub does not belong to ${pki}/sa.key`,
    ],
    [
      'no key of an authority anywhere',
      (files) => [...files.values()].forEach((has) => void has.delete(`${pki}/front-proxy-ca.key`)),
      `cp-1:${pki}/front-proxy-ca.key is on none of the hosts`,
    ],
    [
      'a leaf in place of the CA',
      (files) => files.get('cp-1')?.set(`${pki}/ca.crt`, trust.certificate('admin', cluster.nodes[0]!).cert),
      `cp-1:${pki}/ca.crt is not the certificate of an authority`,
    ],
    [
      'a host that the inventory does not know',
      (files) => files.set('stranger', new Map()),
      'stranger is not a node of the inventory',
    ],
  ])('%s: refused by host and file, nothing written', async (_, spoil, expected) => {
    const stateDir = stateFolder();
    const files = filesOf(trust);
    spoil(files);
    const error = await adoptTrust({ stateDir, cluster, files }).then(
      () => null,
      (cause: ProvisionError) => cause,
    );
    expect(error).toBeInstanceOf(ProvisionError);
    expect([error?.code, error?.said?.split('\n')]).toEqual(['STATE', expect.arrayContaining([expected])]);
    expect(() => statSync(stateDir)).toThrow('ENOENT');
  });

  test('a CA other than the expected one is refused', async () => {
    const stateDir = stateFolder();
    const work = adoptTrust({ stateDir, cluster, files: filesOf(foreign), expectCaHash: trust.caHash });
    await expect(work).rejects.toThrow(`ca.crt is ${foreign.caHash}, not the expected ${trust.caHash}`);
    expect(() => statSync(stateDir)).toThrow('ENOENT');
  });

  test('a folder with other authorities is left alone', async () => {
    const before = contents(source);
    await expect(adoptTrust({ stateDir: source, cluster, files: filesOf(foreign) })).rejects.toThrow('another cluster');
    expect(contents(source)).toEqual(before);
    expect((await adoptTrust({ stateDir: source, cluster, files: filesOf(trust) })).missing).toEqual([]);
    expect(contents(source)).toEqual(before);
  });

  test('the hash of a PEM is the hash of the trust', () => {
    expect(caHash(trust.authority('ca').cert)).toBe(trust.caHash);
    expect(trust.caHash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('a kubeconfig is the same for the same inputs, prints as a secret and gives its pair back', () => {
    const client = trust.certificate('admin', cluster.nodes[0]!);
    const text = kubeconfigOf(trust, client);
    expect(text.reveal()).toBe(kubeconfigOf(trust, client).reveal());
    expect(`${text}`).toBe('«secret»');
    expect(text.reveal()).toContain('server: https://api:6443');
    expect(text.reveal()).toContain('current-context: someone@lab');
    expect(readKubeconfigPair(text)).toEqual(client);
    expect(readKubeconfigPair(text)?.key.reveal()).toBe(client.key.reveal());
  });

  test.each([
    ['no key', 'users:\n- user:\n    client-certificate-data: QUJD\n'],
    [
      'two users',
      'client-certificate-data: QUJD\n'.repeat(2).replaceAll('client', '  client') + '  client-key-data: QUJD\n',
    ],
    ['files instead of data', '    client-certificate: /a\n    client-key: /b\n'],
    ['no base64', '    client-certificate-data: "??"\n    client-key-data: QUJD\n'],
  ])('a kubeconfig with %s gives no pair', (_, text) => {
    expect(readKubeconfigPair(new Secret(text))).toBeNull();
  });
});
