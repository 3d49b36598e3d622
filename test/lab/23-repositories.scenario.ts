import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { PackagesResource } from '../../src/model/index.js';
import type { PlanJson } from '../../src/report/index.js';
import { type Run, resourceOn } from '../contract/resources-shell.js';
import { type FaultyMirror, faultyMirror } from '../support/faulty-mirror.js';
import { must, provision } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// Package repositories that lie, break off or are signed by somebody else, on a host like CentOS 9 (Debian underneath; real rpm and
// dnf). Each is told as what it is, the host stays consistent, and the next run goes on from there.
const LAB = ownLabName('repositories');

const run: Run = async (script) => {
  const { code, stdout, stderr } = await lab.exec(LAB, 'h1', '/bin/sh -s 2>&1', script);
  return { code, out: stdout + stderr };
};
const on = async (script: string): Promise<string> => {
  const { code, out } = await run(script);
  if (code !== 0) throw new Error(`ended with ${code}: ${script}\n${out}`);
  return out;
};

interface Settings {
  cluster: Record<string, unknown> & { mirrors: { artifacts: string; keys: Record<string, string> } };
  system?: Record<string, unknown>;
  nodes: Record<string, unknown>[];
}

/** Somebody else's key: a packet and a user id as RFC 4880 has them, in armor. */
function strangersKey(): { readonly text: string; readonly fingerprint: string } {
  const body = Buffer.concat([Buffer.from([4, 0x5e, 0, 0, 0, 1]), Buffer.alloc(256, 7)]);
  const head = Buffer.from([0x99, body.length >> 8, body.length & 255]);
  const user = Buffer.from('mallory <mallory@example.com>');
  const packets = Buffer.concat([head, body, Buffer.from([0xb4, user.length]), user]);
  const lines = packets.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    text: `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${lines}\n-----END PGP PUBLIC KEY BLOCK-----\n`,
    fingerprint: createHash('sha1').update(head).update(body).digest('hex').toUpperCase(),
  };
}

const flipped = (body: Buffer): Buffer => {
  const other = Buffer.from(body);
  const at = Math.floor(other.length / 2);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
};

describe('repositories that cannot be trusted, or die', () => {
  let folder = '';
  let mirror: FaultyMirror;
  let before = '';
  const inventory = (): string => join(folder, 'cluster.yaml');
  const apply = () => provision(['apply', '-i', inventory(), '--yes']);
  const planned = async (): Promise<string[]> => {
    const { stages } = JSON.parse((await provision(['plan', '-i', inventory(), '--json'])).stdout) as PlanJson;
    return stages.flatMap(({ hosts }) => hosts.flatMap(({ actions }) => actions.map(({ key }) => key)));
  };
  /** What a package manager has to say of the host: whole, and only what is trusted. */
  const consistent = async (): Promise<void> => {
    expect(await on('rpm -Va --nofiles --nodigest 2>&1; dnf -q check 2>&1 || true')).not.toMatch(
      /duplicate|unsatisfied/,
    );
    expect(await on('ls /var/lib/dnf/*.pid /run/yum.pid 2>/dev/null || echo unlocked')).toBe('unlocked\n');
  };
  /** Repository files, packages and trusted keys. */
  const packageState = (): Promise<string> =>
    on(`cd /etc/yum.repos.d && sha256sum * 2>/dev/null; ls -A /etc/pki/rpm-gpg 2>/dev/null; rpm -qa | LC_ALL=C sort`);

  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: 1, fresh: true, like: 'centos9' });
    folder = made.state;
    rmSync(join(folder, '.provision'), { recursive: true, force: true });
    before = await packageState();
    const settings = parse(readFileSync(made.inventory, 'utf8')) as Settings;
    mirror = await faultyMirror(settings.cluster.mirrors.artifacts, made.gateway);
    settings.cluster = { ...settings.cluster, install: 'packages' };
    settings.cluster.mirrors.artifacts = mirror.url;
    settings.system = { ...settings.system, repositories: 'mirror' };
    settings.nodes = settings.nodes.map((node) => ({ ...node, roles: ['control-plane', 'worker'] }));
    writeFileSync(inventory(), stringify(settings));
  });
  afterAll(async () => {
    await mirror?.close();
    await lab.down(LAB);
  });

  test('metadata that was changed on the way is refused, and the repository is not put in place', async () => {
    mirror.play((path) => (path.endsWith('/v1.36/rpm/repodata/repomd.xml') ? flipped : 'served'));
    const { code, stdout, stderr } = await apply();
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/GPG|signature/i);
    expect(stdout + stderr).toContain('repository kubernetes at');
    expect(stdout + stderr).toContain('it is not put in place');
    expect(await on('ls /etc/yum.repos.d')).not.toContain('kubernetes.repo');
    await consistent();
  });

  test("somebody else's key is refused with both fingerprints, and rpm never sees it", async () => {
    const { text, fingerprint } = strangersKey();
    mirror.play((path) =>
      path.endsWith('/download.docker.com/linux/centos/gpg') ? () => Buffer.from(text) : 'served',
    );
    const { code, stdout, stderr } = await apply();
    expect(code).toBe(1);
    const said = stdout + stderr;
    expect(said).toContain('refused: the key of repository docker-ce is not the one that is pinned');
    expect(said).toContain(`seen    ${fingerprint}`);
    expect(said).toMatch(/pinned {2}[0-9A-F]{40}/);
    expect(said).toContain('mirrors.keys: { docker-ce: <fingerprint> }');
    expect(said).toMatch(/h1/);
    expect(await on('ls /etc/yum.repos.d')).not.toContain('docker-ce');
    expect((await on("rpm -qa 'gpg-pubkey*'")).toUpperCase()).not.toContain(fingerprint.slice(-8));
    await consistent();
  });

  test("the base repositories are the mirror's by now, and the former files lie in the ledger", async () => {
    expect((await on('ls /etc/yum.repos.d')).split('\n').filter(Boolean)).toEqual(
      expect.arrayContaining(['appstream.repo', 'baseos.repo', 'epel.repo']),
    );
    expect(await on('cat /etc/yum.repos.d/*.repo')).not.toMatch(/metalink|mirrorlist/);
    expect(await planned()).not.toContain('repository baseos');
  });

  test('a package that was changed on the way is not installed', async () => {
    mirror.play((path) => (/\/containerd\.io-[^/]*\.rpm$/.test(path) ? flipped : 'served'));
    const { code, stdout, stderr } = await apply();
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/containerd\.io/);
    expect(stdout + stderr).toMatch(/checksum|mirrors were tried/i);
    expect((await run('rpm -q containerd.io')).code).toBe(1);
    await consistent();
  });

  test('a version that nobody offers is told with those that are offered', async () => {
    mirror.play(() => 'served');
    const missing: PackagesResource = {
      kind: 'packages',
      name: 'missing',
      packages: ['kubelet'],
      versions: { kubelet: '1.36.99' },
      hold: true,
      enableRepos: ['kubernetes'],
    };
    const wish = resourceOn(run, missing, '/var/lib/provision/ledger/missing');
    const former = await wish.answer();
    const { code, out } = await wish.try(former);
    expect(code).toBe(1);
    expect(out).toMatch(/no repository of this host offers kubelet 1\.36\.99; of kubelet there is:\n.*1\.36\.3-/);
    await wish.unmake(former);
    await consistent();
  });

  test('a mirror that dies in the middle of a package leaves a host that the next run completes', async () => {
    let died = false;
    mirror.play((path) => {
      if (died) return 'dead';
      died = /\/kubelet-[^/]*\.rpm$/.test(path);
      return died ? 'cut' : 'served';
    });
    const { code, stdout, stderr } = await apply();
    expect(code).toBe(1);
    expect(died).toBe(true);
    expect(stdout + stderr).toMatch(/kubelet/);
    await consistent();
    mirror.play(() => 'served');
    await must(['apply', '-i', inventory(), '--yes']);
    expect(await planned()).toEqual([]);
    expect(await on('rpm -q --qf "%{VERSION}\\n" kubelet kubeadm kubectl')).toBe('1.36.3\n'.repeat(3));
  });

  test('a plain update leaves what provision installed at its version', async () => {
    const versions = await on('rpm -q kubelet kubeadm kubectl containerd.io');
    await on("dnf -y -q --exclude='kernel*' update");
    expect(await on('rpm -q kubelet kubeadm kubectl containerd.io')).toBe(versions);
  });

  test('reset gives the repositories, the keys and the packages back as they were', async () => {
    await must(['reset', '-i', inventory(), '--yes']);
    expect(await packageState()).toBe(before);
  });
});
