import { execFile } from 'node:child_process';
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CertificateName, CertificatePair, Cluster, Node, PkiSettings, Trust } from '../../../src/model/index.js';
import { openTrust, systemEntropy } from '../../../src/trust/index.js';
import { certificateRows, rowsOf } from '../../../src/trust/table.js';
import { clusterOf, nodeNamed, now, oneControlPlane, pooledRsa, removeStateFolders, stateFolder } from './fixtures.js';

const run = promisify(execFile);
const openssl = async (...words: string[]): Promise<string> => (await run('openssl', words)).stdout;

afterAll(removeStateFolders);

// Written out by hand, not taken from the table. The subjects are the texts that kubernetes/kubeadm's kinder asserts.
const subjects: Record<CertificateName, (node: string) => string> = {
  apiserver: () => 'CN = kube-apiserver',
  'apiserver-kubelet-client': () => 'CN = kube-apiserver-kubelet-client',
  'front-proxy-client': () => 'CN = front-proxy-client',
  'etcd-server': (node) => `CN = ${node}`,
  'etcd-peer': (node) => `CN = ${node}`,
  'etcd-healthcheck-client': () => 'CN = kube-etcd-healthcheck-client',
  'apiserver-etcd-client': () => 'CN = kube-apiserver-etcd-client',
  admin: () => 'O = kubeadm:cluster-admins, CN = kubernetes-admin',
  'controller-manager': () => 'CN = system:kube-controller-manager',
  scheduler: () => 'CN = system:kube-scheduler',
};

const serverAndClient = 'TLS Web Server Authentication, TLS Web Client Authentication';
const usages: Partial<Record<CertificateName, string>> = {
  apiserver: 'TLS Web Server Authentication',
  'etcd-server': serverAndClient,
  'etcd-peer': serverAndClient,
};

const etcdNames = (node: string, address: string): string =>
  [`DNS:${node}`, 'DNS:localhost'].sort().join(', ') +
  `, IP Address:${address}, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1`;
const apiServerNames = (node: string, address: string): string =>
  ['api.example.org', node, 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
    .map((name) => `DNS:${name}`)
    .join(', ') +
  ', DNS:kubernetes.default.svc.cluster.local, DNS:lb.example.org, IP Address:10.96.0.1, ' +
  `IP Address:${address}, IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:1`;
const sslAddress: Record<string, string> = { 'cp-1': '10.0.0.11', 'cp-2': '10.0.0.12', 'cp-3': 'FD00:0:0:0:0:0:0:13' };

const authorityOf = (name: CertificateName) => certificateRows.find((row) => row.name === name)!.issuer;

describe.each<PkiSettings['algorithm']>(['ECDSA-P256', 'RSA-2048'])('three control planes with %s', (algorithm) => {
  const cluster = clusterOf({ pki: { ...clusterOf().pki, algorithm } });
  const folder = stateFolder();
  let trust: Trust;
  let all: { name: CertificateName; node: Node; pair: CertificatePair; path: string }[];

  beforeAll(async () => {
    const random = algorithm === 'RSA-2048' ? pooledRsa() : systemEntropy;
    ({ trust } = await openTrust({ stateDir: folder, cluster, now, mint: true, random }));
    all = cluster.nodes.flatMap((node) =>
      rowsOf(cluster, node).map(({ name }) => ({
        name,
        node,
        pair: trust.certificate(name, node),
        path: join(folder, 'pki', 'nodes', node.name, `${name}.pem`),
      })),
    );
  });

  test('every control plane has ten certificates and a worker has none', () => {
    expect(all.map(({ node }) => node.name)).toEqual([
      ...Array<string>(10).fill('cp-1'),
      ...Array<string>(10).fill('cp-2'),
      ...Array<string>(10).fill('cp-3'),
    ]);
  });

  test('openssl verifies every chain, strictly and for its purpose', async () => {
    await Promise.all(
      (['ca', 'front-proxy-ca', 'etcd-ca'] as const).map(async (authority) => {
        const ca = join(folder, 'pki', 'authorities', `${authority}.pem`);
        const leaves = all.filter(({ name }) => authorityOf(name) === authority);
        const time = ['-attime', String(Math.floor(now.getTime() / 1000))];
        for (const purpose of ['sslserver', 'sslclient']) {
          const paths = leaves
            .filter(({ name }) => (usages[name] ?? 'Client').includes(purpose === 'sslserver' ? 'Server' : 'Client'))
            .map(({ path }) => path);
          if (paths.length === 0) continue;
          const words = ['-x509_strict', '-check_ss_sig', ...time, '-purpose', purpose];
          const said = await openssl('verify', ...words, '-CAfile', ca, ...paths);
          expect(said.trim().split('\n')).toEqual(paths.map((path) => `${path}: OK`));
        }
        expect(await openssl('verify', '-x509_strict', '-check_ss_sig', ...time, '-CAfile', ca, ca)).toBe(
          `${ca}: OK\n`,
        );
      }),
    );
  });

  test('node:crypto finds issuer, signature and key of every certificate right, and no foreign issuer', () => {
    for (const { name, pair } of all) {
      const cert = new X509Certificate(pair.cert);
      for (const authority of ['ca', 'front-proxy-ca', 'etcd-ca'] as const) {
        const issuer = new X509Certificate(trust.authority(authority).cert);
        expect([name, authority, cert.checkIssued(issuer), cert.verify(issuer.publicKey)]).toEqual([
          name,
          authority,
          authority === authorityOf(name),
          authority === authorityOf(name),
        ]);
      }
      expect(cert.checkPrivateKey(createPrivateKey(pair.key.reveal()))).toBe(true);
      expect(cert.ca).toBe(false);
    }
  });

  test('names, serials and life are those of kubeadm', () => {
    const serials = new Set<string>();
    for (const { name, node, pair } of all) {
      const cert = new X509Certificate(pair.cert);
      const address = sslAddress[node.name]!;
      const names = { apiserver: apiServerNames, 'etcd-server': etcdNames, 'etcd-peer': etcdNames }[name as string];
      expect([name, cert.subjectAltName]).toEqual([name, names?.(node.name, address)]);
      expect(cert.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
      serials.add(cert.serialNumber);
      expect(new Date(cert.validFrom).toISOString()).toBe('2026-03-01T11:55:00.000Z');
      expect(new Date(cert.validTo).toISOString()).toBe('2027-03-01T11:55:00.000Z');
    }
    expect(serials.size).toBe(30);
    const ca = new X509Certificate(trust.authority('ca').cert);
    expect([ca.subject, ca.subjectAltName, ca.ca]).toEqual(['CN=kubernetes', 'DNS:kubernetes', true]);
    expect(Date.parse(ca.validTo) - Date.parse(ca.validFrom)).toBe(3650 * 86_400_000);
  });

  test('openssl shows the subjects that kinder asserts and the usages of kubeadm', async () => {
    const nameopt = 'sep_comma_plus_space,space_eq,sname';
    const extensions = 'keyUsage,extendedKeyUsage,basicConstraints,subjectKeyIdentifier,authorityKeyIdentifier';
    await Promise.all(
      all
        .filter(({ node }) => node.name === 'cp-1')
        .map(async ({ name, path }) => {
          const said = await openssl(
            'x509',
            '-in',
            path,
            '-noout',
            '-subject',
            '-nameopt',
            nameopt,
            '-ext',
            extensions,
          );
          const lines = said.split('\n').map((line) => line.trim());
          expect(lines[0]).toBe(`subject=${subjects[name]('cp-1')}`);
          const below = (title: string): string | undefined => lines[lines.indexOf(title) + 1];
          expect(below('X509v3 Key Usage: critical')).toBe('Digital Signature, Key Encipherment');
          expect(below('X509v3 Extended Key Usage:')).toBe(usages[name] ?? 'TLS Web Client Authentication');
          expect(below('X509v3 Basic Constraints: critical')).toBe('CA:FALSE');
          expect(below('X509v3 Authority Key Identifier:')).toMatch(/^(keyid:)?([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
        }),
    );
  });

  test('an authority signs certificates and is told by openssl to have the right shape', async () => {
    const text = await openssl('x509', '-in', join(folder, 'pki/authorities/ca.pem'), '-noout', '-text');
    expect(text).toContain(
      'Key Usage: critical\n                Digital Signature, Key Encipherment, Certificate Sign',
    );
    expect(text).toContain('Basic Constraints: critical\n                CA:TRUE');
    expect(text).not.toContain('Extended Key Usage');
    expect(text).toContain(algorithm === 'RSA-2048' ? 'sha256WithRSAEncryption' : 'ecdsa-with-SHA256');
  });

  test('keys are of the algorithm and in the form that Kubernetes writes', () => {
    const begin = algorithm === 'RSA-2048' ? '-----BEGIN RSA PRIVATE KEY-----' : '-----BEGIN EC PRIVATE KEY-----';
    const details = (key: KeyObject) => key.asymmetricKeyDetails?.modulusLength ?? key.asymmetricKeyDetails?.namedCurve;
    for (const key of [
      trust.serviceAccount.privateKey,
      trust.authority('ca').key,
      ...all.map(({ pair }) => pair.key),
    ]) {
      expect(key.reveal().startsWith(begin)).toBe(true);
      expect(details(createPrivateKey(key.reveal()))).toBe(algorithm === 'RSA-2048' ? 2048 : 'prime256v1');
    }
    expect(trust.serviceAccount.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  });

  test('the CA hash is what openssl computes over the public key', async () => {
    const pem = await openssl('x509', '-in', join(folder, 'pki/authorities/ca.pem'), '-noout', '-pubkey');
    const path = join(dirname(folder), `${algorithm}.pub`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, pem);
    await openssl('pkey', '-pubin', '-in', path, '-outform', 'DER', '-out', `${path}.der`);
    const hex = (await openssl('dgst', '-sha256', '-r', `${path}.der`)).split(' ')[0];
    expect(trust.caHash).toBe(`sha256:${hex}`);
  });

  test('super admin: system:masters for an hour, signed by the CA, made once, kept nowhere', () => {
    const pair = trust.superAdmin();
    const cert = new X509Certificate(pair.cert);
    expect(cert.subject).toBe('O=system:masters\nCN=kubernetes-super-admin');
    expect(cert.verify(new X509Certificate(trust.authority('ca').cert).publicKey)).toBe(true);
    expect(cert.checkPrivateKey(createPrivateKey(pair.key.reveal()))).toBe(true);
    expect(new Date(cert.validTo).toISOString()).toBe('2026-03-01T13:00:00.000Z');
    expect(trust.superAdmin()).toBe(pair);
  });
});

test('system keys of RSA-2048 are RSA-2048', async () => {
  const key = await systemEntropy.key('RSA-2048');
  expect([key.asymmetricKeyType, key.asymmetricKeyDetails?.modulusLength]).toEqual(['rsa', 2048]);
});

test('etcd on hosts of its own: they have only etcd certificates, control planes only the client of them', () => {
  const nodes = [nodeNamed('cp-1', '10.0.0.1'), nodeNamed('etcd-1', '10.0.0.2', ['etcd'])];
  const cluster = clusterOf({ nodes });
  const namesOf = (node: Node) => rowsOf(cluster, node).map(({ name }) => name);
  expect(namesOf(nodes[1]!)).toEqual(['etcd-server', 'etcd-peer', 'etcd-healthcheck-client']);
  expect(namesOf(nodes[0]!).filter((name) => name.includes('etcd'))).toEqual(['apiserver-etcd-client']);
});

test('a certificate that ends after 2049 is dated in full years', async () => {
  const later = new Date('2045-01-01T00:00:00Z');
  const { trust } = await openTrust({ stateDir: stateFolder(), cluster: oneControlPlane(), now: later, mint: true });
  expect(new Date(new X509Certificate(trust.authority('ca').cert).validTo).getUTCFullYear()).toBe(2054);
});

const sansOf = (cluster: Cluster) =>
  certificateRows.find(({ name }) => name === 'apiserver')!.altNames(cluster, cluster.nodes[0]!);

test.each([
  ['10.96.0.0/12', '10.96.0.1'],
  ['10.111.3.4/12', '10.96.0.1'],
  ['192.168.7.128/25', '192.168.7.129'],
  ['fd00:10:96::/112', 'fd00:10:96::1'],
  ['fd00:1:2:3:4:5:6:0/108', 'fd00:1:2:3:4:5:0:1'],
  ['10.96.0.0/16,fd00::/108', '10.96.0.1'],
])('the first address of service CIDR %s is %s', (serviceCidr, expected) => {
  const cluster = oneControlPlane();
  expect(sansOf({ ...cluster, network: { ...cluster.network, serviceCidr } }).addresses[0]).toBe(expected);
});

test('an endpoint that is an address becomes an address, however often it is named', () => {
  const cluster = oneControlPlane({
    endpoint: { host: '10.0.0.11', port: 6443 },
    pki: { algorithm: 'ECDSA-P256', certSans: ['::ffff:10.0.0.11', 'FD00::1', 'fd00:0::1', 'kubernetes'] },
  });
  expect(sansOf(cluster)).toEqual({
    dns: ['cp-1', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
    addresses: ['10.96.0.1', '10.0.0.11', 'FD00::1'],
  });
});
