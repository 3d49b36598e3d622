import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { commandLine } from '../../../src/lab/exec.js';
import { diskFiles, type HostIdentity, hasSysResource } from '../../../src/lab/hosts/disk.js';
import { inventoryText, knownHostsText } from '../../../src/lab/hosts/lab-files.js';
import { labNetwork } from '../../../src/lab/hosts/network.js';
import { differences } from '../../../src/lab/hosts/shared-kernel.js';
import { placesOf } from '../../../src/lab/places.js';
import { hostsOf, type LabRecord } from '../../../src/lab/record.js';

const { checkout } = placesOf();
const record: LabRecord = {
  name: 'lab',
  network: labNetwork('lab', 0),
  like: 'debian12',
  release: '1.36',
  root: '/cache/root',
  checkout: '/checkout',
  disks: '/cache/labs/lab',
  hosts: 3,
  vms: [],
  mirror: true,
};

describe('what a lab writes for its users', () => {
  test('the inventory it writes says the same as the committed inventories/lab.yaml, but for the key of this machine', () => {
    const made = inventoryText(record, hostsOf(record), '/checkout/.lab/lab', '/checkout/inventories', undefined);
    expect(parse(made)).toEqual(parse(readFileSync(join(checkout, 'inventories/lab.yaml'), 'utf8')));
  });

  test('without a mirror the inventory names none', () => {
    const made = parse(inventoryText({ ...record, mirror: false }, hostsOf(record), '/s', '/s', undefined));
    expect(made.cluster).not.toHaveProperty('mirrors');
    expect(made.ssh.key).toBe('id_ed25519');
  });

  test('hosts take their packages from the mirror, by its key', () => {
    const made = (like: string) =>
      parse(inventoryText({ ...record, like }, hostsOf(record), '/s', '/s', 'AB12'.repeat(10)));
    expect(made('centos7')).toMatchObject({
      cluster: {
        mirrors: {
          preset: 'aliyun',
          registries: { 'registry.aliyuncs.com': 'http://10.201.0.1:5000' },
          keys: { base: 'AB12'.repeat(10), kubernetes: 'AB12'.repeat(10) },
        },
      },
      system: { repositories: 'mirror' },
    });
    expect(made('centos9').cluster.mirrors).not.toHaveProperty('preset');
    expect(made('debian12').cluster.mirrors.keys).toEqual({
      'docker-ce': 'AB12'.repeat(10),
      kubernetes: 'AB12'.repeat(10),
    });
    expect(made('debian12')).not.toHaveProperty('system');
  });

  test('where a host is a virtual machine, connections may take their time', () => {
    const made = (vms: readonly string[]) =>
      parse(inventoryText({ ...record, vms }, hostsOf({ ...record, vms }), '/s', '/s', undefined));
    expect(made(['h2']).ssh).toMatchObject({ connectTimeout: 120 });
    expect(made([]).ssh).not.toHaveProperty('connectTimeout');
  });

  test('known_hosts names each host by name and address, without the comment', () => {
    const hosts = hostsOf(record).map((host) => ({
      ...host,
      hostKey: `ssh-ed25519 AAAA${host.n} root@${host.name}\n`,
    }));
    expect(knownHostsText(hosts).split('\n')[1]).toBe('h2,10.201.0.12 ssh-ed25519 AAAA2');
  });
});

describe('a host’s own files', () => {
  const identity: HostIdentity = {
    name: 'h1',
    machineId: '0'.repeat(32),
    hostKey: { private: 'PRIVATE', public: 'PUBLIC' },
    clientKey: 'CLIENT',
    gateway: '10.201.0.1',
    mirror: [{ path: '/etc/apt/sources.list.d/mirror.list', content: 'deb http://m/debian bookworm main' }],
    packages: 'deb',
    init: '#!/bin/sh',
    runc: undefined,
  };
  const files = (changes: Partial<HostIdentity> = {}) =>
    new Map(diskFiles({ ...identity, ...changes }).map((file) => [file.path, file]));

  test('secrets and keys are for their owners only', () => {
    const all = files();
    expect(all.get('/etc/ssh/ssh_host_ed25519_key')).toMatchObject({ content: 'PRIVATE', mode: 0o600 });
    expect(all.get('/root/.ssh/authorized_keys')).toMatchObject({ mode: 0o600, owner: 0 });
    expect(all.get('/home/ops/.ssh/authorized_keys')).toMatchObject({ mode: 0o600, owner: 1000 });
    expect(all.get('/home/deploy/.ssh/authorized_keys')).toMatchObject({ mode: 0o600, owner: 1001 });
  });

  test('only a machine that may not lower oom_score_adj puts a runc before the real one', () => {
    expect([...files().keys()].filter((path) => path.includes('runc') || path.includes('system.conf'))).toEqual([]);
    const lacking = files({ runc: 'WRAPPER' });
    expect(lacking.get('/usr/lib/lab/bin/runc')).toMatchObject({ content: 'WRAPPER', mode: 0o755 });
    expect(lacking.get('/etc/systemd/system.conf.d/lab.conf')?.content).toMatch(/PATH=\/usr\/lib\/lab\/bin:/);
  });

  test('packages come from the mirror or from nowhere', () => {
    expect(files().get('/etc/apt/sources.list.d/mirror.list')?.content).toContain('http://m/debian');
    expect([...files({ mirror: [] }).keys()].filter((path) => path.includes('apt'))).toEqual([]);
  });

  test('a host knows its own name as its distribution’s installer would have it', () => {
    expect(files().get('/etc/hosts')?.content).toContain('127.0.1.1\th1\n');
    expect(files({ packages: 'rpm' }).get('/etc/hosts')?.content).toMatch(
      /^127\.0\.0\.1 {3}localhost localhost\.localdomain/,
    );
    expect(files({ packages: 'rpm' }).get('/etc/hosts')?.content).not.toContain('h1');
  });

  test('CAP_SYS_RESOURCE is bit 24 of the bounding set', () => {
    expect(hasSysResource('Name:\tx\nCapBnd:\t000001ffffffffff\n')).toBe(true);
    expect(hasSysResource('CapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n')).toBe(false);
  });
});

test('a command’s words arrive as they are; a single one is a command line', () => {
  expect(commandLine(['ls -l | wc'])).toBe('ls -l | wc');
  expect(commandLine(['echo', "it's", '$HOME', '', '-x'])).toBe(`'echo' 'it'\\''s' '$HOME' '' '-x'`);
});

test('only settings that were known before and are another now are put back', () => {
  expect(differences({ a: '1', b: '2', c: '3' }, { a: '1', b: '9', d: '4' })).toEqual(['b', 'c']);
});
