import { X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { type CertificateName, type Cluster, ProvisionError } from '../../../src/model/index.js';
import { openTrust, systemEntropy } from '../../../src/trust/index.js';
import { clusterOf, countingEntropy, now, oneControlPlane, removeStateFolders, stateFolder } from './fixtures.js';

afterAll(removeStateFolders);

const cluster = oneControlPlane();
const day = 86_400_000;
const after = (days: number): Date => new Date(now.getTime() + days * day);

const open = (stateDir: string, changes: { cluster?: Cluster; now?: Date; mint?: boolean } = {}) => {
  const random = countingEntropy();
  return openTrust({ stateDir, cluster, now, mint: true, random, ...changes }).then((opened) => ({
    ...opened,
    keys: random.count(),
  }));
};

const refusal = async (work: Promise<unknown>): Promise<ProvisionError> => {
  const error = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (error instanceof ProvisionError) return error;
  throw new Error(`expected a refusal, got ${inspect(error)}`);
};

function filesUnder(folder: string): Record<string, { mode: string; text: string }> {
  const found: Record<string, { mode: string; text: string }> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const mode = (statSync(path).mode & 0o777).toString(8);
    found[path.slice(folder.length + 1)] = { mode, text: entry.isFile() ? readFileSync(path, 'utf8') : '' };
  }
  return found;
}

test('the second opening makes no key, writes nothing and gives the same trust', async () => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  const before = filesUnder(stateDir);
  const second = await open(stateDir, { mint: false });
  expect([first.keys, first.minted.length]).toEqual([14, 14]);
  expect([second.keys, second.minted]).toEqual([0, []]);
  expect(filesUnder(stateDir)).toEqual(before);
  const node = cluster.nodes[0]!;
  expect(second.trust.certificate('apiserver', node)).toEqual(first.trust.certificate('apiserver', node));
  expect(second.trust.serviceAccount.publicKey).toBe(first.trust.serviceAccount.publicKey);
  expect(second.trust.authority('etcd-ca').key.reveal()).toBe(first.trust.authority('etcd-ca').key.reveal());
});

test('folders are 0700 and files 0600', async () => {
  const stateDir = stateFolder();
  await open(stateDir);
  const modes = Object.entries(filesUnder(stateDir)).map(([path, { mode }]) => [path.endsWith('.pem'), mode].join(' '));
  expect(new Set(modes)).toEqual(new Set(['false 700', 'true 600']));
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
});

test('no authorities and none may be made: refused with the way out, nothing written', async () => {
  const stateDir = stateFolder();
  const error = await refusal(open(stateDir, { mint: false }));
  expect([error.code, error.hint]).toEqual(['STATE', expect.stringContaining('provision state pull')]);
  expect(() => statSync(stateDir)).toThrow('ENOENT');
});

test.each<[string, Cluster, readonly string[]]>([
  [
    'a further name',
    oneControlPlane({ pki: { algorithm: 'ECDSA-P256', certSans: ['new.example.org'] } }),
    ['cp-1/apiserver: other names'],
  ],
  [
    'another endpoint',
    oneControlPlane({ endpoint: { host: '192.0.2.99', port: 6443 } }),
    ['cp-1/apiserver: other names'],
  ],
  [
    'another address',
    oneControlPlane({ nodes: [{ ...cluster.nodes[0]!, internalAddress: '10.9.9.9' }] }),
    ['cp-1/apiserver: other names', 'cp-1/etcd-server: other names', 'cp-1/etcd-peer: other names'],
  ],
  ['another port, which is in no certificate', oneControlPlane({ endpoint: { ...cluster.endpoint, port: 8443 } }), []],
])('%s mints anew just what it is in', async (_, changed, expected) => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  const second = await open(stateDir, { cluster: changed, mint: false });
  expect([second.minted, second.keys]).toEqual([expected, expected.length]);
  expect(second.trust.caHash).toBe(first.trust.caHash);
  expect((await open(stateDir, { cluster: changed })).minted).toEqual([]);
});

test('a further control plane gets its certificates from the authorities that are there', async () => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  const second = await open(stateDir, { cluster: clusterOf(), mint: false });
  expect(second.minted).toHaveLength(20);
  expect(second.minted.filter((text) => !/^cp-[23]\/[a-z-]+: missing$/.test(text))).toEqual([]);
  expect(second.trust.caHash).toBe(first.trust.caHash);
});

test('another algorithm changes leaves, never authorities or the service account key', async () => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  const changed = oneControlPlane({ pki: { ...cluster.pki, algorithm: 'RSA-2048' } });
  const keys = systemEntropy.key('RSA-2048');
  const random = { ...systemEntropy, key: () => keys };
  const second = await openTrust({ stateDir, cluster: changed, now, mint: true, random });
  expect(second.minted).toHaveLength(10);
  expect(new Set(second.minted.map((text) => text.split(': ')[1]))).toEqual(new Set(['another algorithm']));
  expect(second.trust.caHash).toBe(first.trust.caHash);
  expect(second.trust.serviceAccount.publicKey).toBe(first.trust.serviceAccount.publicKey);
  expect((await open(stateDir, { cluster: changed })).minted).toEqual([]);
});

test('leaves are minted anew when less than 30 days are left, from the same authorities', async () => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  expect((await open(stateDir, { now: after(334) })).minted).toEqual([]);
  const renewed = await open(stateDir, { now: after(336) });
  expect(renewed.minted).toHaveLength(10);
  expect(renewed.minted[0]).toBe('cp-1/apiserver: expires soon');
  expect(renewed.trust.caHash).toBe(first.trust.caHash);
  const cert = new X509Certificate(renewed.trust.certificate('apiserver', cluster.nodes[0]!).cert);
  expect(new Date(cert.validTo).toISOString()).toBe('2028-01-31T11:55:00.000Z');
});

test('a leaf never outlives its authority, and is not minted again and again at its end', async () => {
  const stateDir = stateFolder();
  await open(stateDir);
  const last = await open(stateDir, { now: after(3640) });
  const ca = new X509Certificate(last.trust.authority('ca').cert);
  expect(new X509Certificate(last.trust.certificate('admin', cluster.nodes[0]!).cert).validTo).toBe(ca.validTo);
  expect((await open(stateDir, { now: after(3641) })).minted).toEqual([]);
  const error = await refusal(open(stateDir, { now: after(3651), cluster: clusterOf() }));
  expect([error.code, error.message]).toEqual(['STATE', expect.stringContaining('expired')]);
});

const pathOf = (stateDir: string, name: CertificateName) => join(stateDir, 'pki', 'nodes', 'cp-1', `${name}.pem`);

test.each<[string, (path: string, stateDir: string) => void, string]>([
  ['missing', (path) => unlinkSync(path), 'missing'],
  ['cut off in its key', (path) => truncateSync(path, statSync(path).size - 40), 'missing'],
  ['empty', (path) => truncateSync(path, 0), 'missing'],
  [
    "another certificate's",
    (path, stateDir) => writeFileSync(path, readFileSync(pathOf(stateDir, 'admin'))),
    'another subject',
  ],
  [
    'paired with a foreign key',
    (path, stateDir) => {
      const cert = readFileSync(path, 'utf8').split('-----BEGIN EC')[0];
      const key = readFileSync(pathOf(stateDir, 'admin'), 'utf8').split('-----END CERTIFICATE-----\n')[1];
      writeFileSync(path, `${cert}${key}`);
    },
    'its key does not belong to its certificate',
  ],
])('a leaf that is %s is minted anew, alone', async (_, damage, because) => {
  const stateDir = stateFolder();
  await open(stateDir);
  damage(pathOf(stateDir, 'scheduler'), stateDir);
  expect((await open(stateDir)).minted).toEqual([`cp-1/scheduler: ${because}`]);
  expect((await open(stateDir)).minted).toEqual([]);
});

test.each(['ca', 'front-proxy-ca', 'etcd-ca', 'sa'])('a lost or damaged %s is never replaced', async (name) => {
  const stateDir = stateFolder();
  await open(stateDir);
  const path = join(stateDir, 'pki', 'authorities', `${name}.pem`);
  truncateSync(path, 100);
  const damaged = await refusal(open(stateDir));
  unlinkSync(path);
  const lost = await refusal(open(stateDir));
  for (const error of [damaged, lost]) {
    expect([error.code, error.message]).toEqual([
      'STATE',
      expect.stringContaining(`${name}.pem is missing or damaged`),
    ]);
  }
  expect(() => statSync(path)).toThrow('ENOENT');
});

test.each<[string, (authorities: string, stateDir: string) => string]>([
  [
    'the key of another authority',
    (folder) => {
      const cert = readFileSync(join(folder, 'ca.pem'), 'utf8').split('-----BEGIN EC')[0];
      return `${cert}${readFileSync(join(folder, 'etcd-ca.pem'), 'utf8').split('-----END CERTIFICATE-----\n')[1]}`;
    },
  ],
  ['a leaf', (_, stateDir) => readFileSync(pathOf(stateDir, 'admin'), 'utf8')],
])('a CA file that holds %s is refused', async (_, content) => {
  const stateDir = stateFolder();
  await open(stateDir);
  const folder = join(stateDir, 'pki', 'authorities');
  writeFileSync(join(folder, 'ca.pem'), content(folder, stateDir));
  expect((await refusal(open(stateDir))).message).toContain('ca.pem is missing or damaged');
});

test('what an interrupted run left is in nobody’s way and is swept once it is old', async () => {
  const stateDir = stateFolder();
  const pki = join(stateDir, 'pki');
  const leftovers = [
    join(pki, '.authorities.0123456789abcdef.tmp'),
    join(pki, 'nodes/cp-1/.leaf.0123456789abcdef.tmp'),
  ];
  mkdirSync(leftovers[0]!, { recursive: true, mode: 0o700 });
  mkdirSync(join(pki, 'nodes', 'cp-1'), { recursive: true, mode: 0o700 });
  writeFileSync(join(leftovers[0]!, 'ca.pem'), '-----BEGIN CERT', { mode: 0o600 });
  writeFileSync(leftovers[1]!, '-----BEGIN CERT', { mode: 0o600 });
  for (const path of leftovers) utimesSync(path, now, now);
  expect((await open(stateDir)).minted).toHaveLength(14);
  expect(leftovers.map((path) => statSync(path).size > 0)).toEqual([true, true]);
  unlinkSync(pathOf(stateDir, 'admin'));
  for (const path of leftovers) utimesSync(path, now, now);
  expect((await open(stateDir, { now: after(1) })).minted).toEqual(['cp-1/admin: missing']);
  expect(readdirSync(pki).sort()).toEqual(['authorities', 'nodes']);
  expect(readdirSync(join(pki, 'nodes', 'cp-1')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a run that was cut between authorities and leaves goes on with the same authorities', async () => {
  const stateDir = stateFolder();
  const first = await open(stateDir);
  rmSync(join(stateDir, 'pki', 'nodes'), { recursive: true });
  const second = await open(stateDir);
  expect(second.minted).toHaveLength(10);
  expect(second.trust.caHash).toBe(first.trust.caHash);
});

test('of two runs that make the authorities at once, one is told to run again; there is one set', async () => {
  const stateDir = stateFolder();
  const runs = await Promise.allSettled([open(stateDir), open(stateDir)]);
  const won = runs.filter((run) => run.status === 'fulfilled');
  const lost = runs.filter((run) => run.status === 'rejected');
  expect([won.length, lost.length]).toEqual([1, 1]);
  expect((lost[0]!.reason as ProvisionError).code).toBe('STATE');
  const again = await open(stateDir);
  expect([again.minted, again.trust.caHash]).toEqual([[], won[0]!.value.trust.caHash]);
});

test.each([
  ['the folder', '', 0o750],
  ['the pki folder', 'pki', 0o701],
  ['a node’s folder', 'pki/nodes/cp-1', 0o755],
  ['an authority', 'pki/authorities/ca.pem', 0o640],
  ['a leaf', 'pki/nodes/cp-1/admin.pem', 0o604],
])('%s open to others is refused with the command that closes it', async (_, path, mode) => {
  const stateDir = stateFolder();
  await open(stateDir);
  chmodSync(join(stateDir, path), mode);
  const error = await refusal(open(stateDir));
  expect([error.code, error.hint]).toEqual(['STATE', `chmod -R go-rwx ${stateDir}`]);
  expect(error.message).toContain(`mode 0${mode.toString(8)}`);
  chmodSync(join(stateDir, path), path.endsWith('.pem') ? 0o600 : 0o700);
  expect((await open(stateDir)).minted).toEqual([]);
});

test('a symbolic link in place of a key is refused', async () => {
  const stateDir = stateFolder();
  await open(stateDir);
  const path = pathOf(stateDir, 'admin');
  const elsewhere = join(stateDir, 'elsewhere.pem');
  writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 });
  unlinkSync(path);
  symlinkSync(elsewhere, path);
  expect((await refusal(open(stateDir))).message).toContain('is a symbolic link');
});

test('no key shows in a printed trust', async () => {
  const { trust } = await open(stateFolder());
  const printed =
    inspect(trust.authority('ca')) + JSON.stringify([trust.superAdmin(), trust.serviceAccount, trust.newToken()]);
  expect(printed).not.toContain('PRIVATE');
  expect(printed).toContain('«secret»');
});

test('tokens follow the grammar, differ, and use every letter alike', async () => {
  const { trust } = await open(stateFolder());
  const tokens = Array.from({ length: 2000 }, () => trust.newToken());
  const counts = new Map<string, number>();
  for (const { id, secret } of tokens) {
    expect(`${id}.${secret.reveal()}`).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    for (const letter of id + secret.reveal()) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  expect(new Set(tokens.map(({ id }) => id)).size).toBeGreaterThan(1990);
  // 44000 letters: 1222 each, standard deviation 35. A modulo without rejection gives the first four 1375.
  expect(counts.size).toBe(36);
  expect(Math.max(...counts.values())).toBeLessThan(1222 + 6 * 35);
  expect(Math.min(...counts.values())).toBeGreaterThan(1222 - 6 * 35);
});

test('a token’s bytes above the fair limit are thrown away', async () => {
  const bytes = (size: number) => Buffer.from(Array.from({ length: size }, (_, index) => (index === 0 ? 255 : 251)));
  const random = { ...systemEntropy, bytes };
  const { trust } = await openTrust({ stateDir: stateFolder(), cluster, now, mint: true, random });
  const { id, secret } = trust.newToken();
  expect(`${id}.${secret.reveal()}`).toBe('999999.9999999999999999');
});
