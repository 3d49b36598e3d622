import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import {
  aptQuestion,
  createBundle,
  intakeServer,
  missingFrom,
  openBundle,
  readRpmList,
  rpmQuestion,
  stagingIn,
  type WishedRepository,
} from '../../../src/bundle/index.js';
import { aFolder, anUpstream, aWish, needs } from './upstream.js';

const RPM = 'the bytes of a package';
const SUM = createHash('sha256').update(RPM).digest('hex');
/** As rpm 4.18 prints it; "(none)" stands where a package has no such tag, and before what follows. */
const OUTPUT = `rpm socat-1.7.4.1-5.el9.x86_64.rpm ${SUM} ${RPM.length}
n socat 0 1.7.4.1 5.el9 x86_64 1200
p 8 1.7.4.1-5.el9 socat
p 8 1.7.4.1-5.el9 socat(x86-64)

r 0  /bin/sh
r 1280  /bin/sh
r 16777226 3.0.4-1 rpmlib(CompressedFileNames)
r 16384  libcrypto.so.3(OPENSSL_3.0.0)(64bit)
r 12 1:2.0-3 bash
r 0  (python3 if python3 > 3.0)

(none)
o 10 1.0 socat-old <&>"

f /etc/socat.conf
f /usr/bin/socat
f /usr/share/doc/socat/a & b
`;

const textOf = (lists: ReadonlyMap<string, Buffer>, name: string): string =>
  gunzipSync(lists.get(`repodata/${name}.xml.gz`) ?? Buffer.alloc(0)).toString();

describe('packages that a host with rpm hands over', () => {
  const { files, lists } = readRpmList(OUTPUT, ['socat', 'socat=1.7.4.1', 'socat(x86-64)']);

  test('are files without a URL, with the sum that the host gave', () =>
    expect(files).toEqual([
      { file: 'socat-1.7.4.1-5.el9.x86_64.rpm', url: null, version: '1.7.4.1-5.el9', sha256: SUM },
    ]));

  test('have an index that names its parts by their sums', () => {
    const repomd = lists.get('repodata/repomd.xml')?.toString() ?? '';
    for (const name of ['primary', 'filelists']) {
      const packed = lists.get(`repodata/${name}.xml.gz`) ?? Buffer.alloc(0);
      expect(repomd).toContain(`<data type="${name}">`);
      for (const bytes of [packed, gunzipSync(packed)])
        expect(repomd).toContain(`>${createHash('sha256').update(bytes).digest('hex')}<`);
    }
  });

  test('say there what they need and provide, as a solver wants it', () => {
    const primary = textOf(lists, 'primary');
    expect(primary).toContain(
      '<version epoch="0" ver="1.7.4.1" rel="5.el9"/>\n<checksum type="sha256" pkgid="YES">' + SUM,
    );
    expect(primary).toContain(`<size package="${RPM.length}" installed="1200" archive="1200"/>`);
    expect(primary).toContain('<location href="socat-1.7.4.1-5.el9.x86_64.rpm"/>');
    expect(/<rpm:provides>\n(.*?)<\/rpm:provides>/s.exec(primary)?.[1]?.split('\n')).toEqual([
      '<rpm:entry name="socat" flags="EQ" epoch="0" ver="1.7.4.1" rel="5.el9"/>',
      '<rpm:entry name="socat(x86-64)" flags="EQ" epoch="0" ver="1.7.4.1" rel="5.el9"/>',
      '',
    ]);
    expect(/<rpm:requires>\n(.*?)<\/rpm:requires>/s.exec(primary)?.[1]?.split('\n')).toEqual([
      '<rpm:entry name="/bin/sh"/>',
      '<rpm:entry name="/bin/sh" pre="1"/>',
      '<rpm:entry name="libcrypto.so.3(OPENSSL_3.0.0)(64bit)"/>',
      '<rpm:entry name="bash" flags="GE" epoch="1" ver="2.0" rel="3"/>',
      '<rpm:entry name="(python3 if python3 &gt; 3.0)"/>',
      '',
    ]);
    expect(primary).toContain('<rpm:entry name="socat-old &lt;&amp;&gt;&quot;" flags="LE" epoch="0" ver="1.0"/>');
    expect(primary).not.toContain('rpm:conflicts');
  });

  test('name the files that others may ask for in the first list, and all in the second', () => {
    const paths = (text: string) => [...text.matchAll(/<file>(.*?)<\/file>/g)].map(([, path]) => path);
    expect(paths(textOf(lists, 'primary'))).toEqual(['/etc/socat.conf', '/usr/bin/socat']);
    expect(paths(textOf(lists, 'filelists'))).toContain('/usr/share/doc/socat/a &amp; b');
  });

  test.each(['conntrack-tools', 'socat=1.7.4', 'socat=1.7.4.1-6'])('that lack %s are refused by its name', (spec) =>
    expect(() => readRpmList(OUTPUT, [spec])).toThrow(`its repositories do not have ${spec.replace('=', ' ')}`));

  test('that rpm says nothing of are refused', () =>
    expect(() => readRpmList(`rpm x.rpm ${SUM} 1\nsomething else\n`, [])).toThrow('cannot read what rpm says'));
});

describe('the questions', () => {
  const repository: WishedRepository = {
    id: 'kubernetes',
    title: 'Kubernetes 1.36',
    baseUrl: 'https://mirror.example/rpm/',
    suite: '/',
    repoGpgcheck: true,
    replaces: ['/etc/yum.repos.d/centos*.repo'],
    keys: '-----BEGIN PGP…',
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  test.each([
    '$(id)',
    'a b',
    '-x',
    "a'",
    'a=1 2',
    'a=$(id)',
  ])('take no name that a shell could read otherwise: %s', (name) => {
    expect(() => rpmQuestion({ names: [name], repositories: [] }, 1)).toThrow('not a package name');
    expect(() => aptQuestion({ names: [name], repositories: [] })).toThrow('not a package name');
  });

  test('join names and versions as the package manager wants it', () => {
    const names = ['socat', 'kubelet=1.36.3'];
    expect(rpmQuestion({ names, repositories: [] }, 1)).toContain(' install socat kubelet-1.36.3 ');
    expect(aptQuestion({ names, repositories: [] })).toContain('for _p in socat kubelet=1.36.3;');
  });

  test('bring repositories with their pinned keys, and leave out those that they stand in for', () => {
    const rpm = rpmQuestion({ names: [], repositories: [repository] }, 1);
    expect(rpm).toContain('rm -f -- "$_d/repos"/centos*.repo\n');
    expect(rpm).toContain(base64(repository.keys));
    expect(rpm).toContain(
      base64(
        '[kubernetes]\nname=Kubernetes 1.36\nbaseurl=https://mirror.example/rpm/\nenabled=1\ngpgcheck=1\nrepo_gpgcheck=1\n',
      ),
    );
    const apt = aptQuestion({ names: [], repositories: [{ ...repository, replaces: ['/etc/apt/sources.list'] }] });
    expect(apt).toContain('rm -f -- "$_d/etc/sources.list"\n');
    expect(apt).toContain(base64('Types: deb\nURIs: https://mirror.example/rpm/\nSuites: /\n'));
    expect(apt).toContain(`printf 'Signed-By: %s\\n' "$_d/keys/kubernetes.asc"`);
    const kept = aptQuestion({ names: [], repositories: [{ ...repository, keyring: '/usr/share/k.gpg' }] });
    expect(kept).toContain(
      base64('Types: deb\nURIs: https://mirror.example/rpm/\nSuites: /\nSigned-By: /usr/share/k.gpg\n'),
    );
  });

  test('are scripts that a shell can read', () => {
    const wish = { names: ['socat', 'kubelet=1.36.3'], repositories: [repository] };
    for (const input of [rpmQuestion(wish, 17117), aptQuestion(wish)]) {
      const { status, stderr } = spawnSync('sh', ['-n'], { input, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
  });
});

describe('what a host hands over', () => {
  const withServer = async (act: (server: Server, folder: string) => Promise<void>): Promise<void> => {
    const folder = join(aFolder(), 'parts');
    const server = intakeServer(await stagingIn(folder, new AbortController().signal));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await act(server, folder).finally(() => {
      server.close();
      server.closeAllConnections();
    });
  };
  const ask = (server: Server, method: string, path: string, body = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const asked = request({ port, host: '127.0.0.1', method, path }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject);
      asked.end(body);
    });

  test('is kept under its sum, and asked for first', () =>
    withServer(async (server, folder) => {
      expect(await ask(server, 'HEAD', `/${SUM}`)).toBe(404);
      expect(await ask(server, 'PUT', `/${SUM}`, RPM)).toBe(201);
      expect(await ask(server, 'HEAD', `/${SUM}`)).toBe(200);
      expect(readFileSync(join(folder, SUM), 'utf8')).toBe(RPM);
    }));

  test('is refused when it has another sum, or no sum for a name', () =>
    withServer(async (server, folder) => {
      expect(await ask(server, 'PUT', `/${SUM}`, 'something else')).toBe(422);
      expect(await ask(server, 'PUT', '/../../etc/passwd', RPM)).toBe(404);
      expect(await ask(server, 'DELETE', `/${SUM}`)).toBe(405);
      expect(readdirSync(folder)).toEqual([]);
    }));
});

describe('a bundle for hosts with rpm', () => {
  test('holds the packages, their index and the keys of their repositories; and names what it lacks', async () => {
    const upstream = await anUpstream();
    const path = join(aFolder(), 'bundle.tar');
    const parts = await stagingIn(`${path}.parts`, new AbortController().signal);
    await parts.keep('socat', SUM, async () => [Buffer.from(RPM)] as never);
    const wish = aWish(path, upstream.url, { keyTexts: new Map([['https://pkgs.k8s.io/key', 'a key']]) });
    const [system] = wish.systems;
    if (system === undefined) throw new Error('no system');
    const systems = [{ ...system, name: 'centos-9-amd64', packages: readRpmList(OUTPUT, ['socat']) }];
    await createBundle({ ...wish, systems });
    upstream.close();
    expect(existsSync(`${path}.parts`)).toBe(false);
    const { index, ...bundle } = await openBundle(path);
    expect(index.files.filter(({ kind }) => ['package', 'package list', 'key'].includes(kind))).toMatchObject([
      { name: 'files/pkgs.k8s.io/key', kind: 'key', url: 'https://pkgs.k8s.io/key' },
      { name: 'packages/centos-9-amd64/repodata/filelists.xml.gz' },
      { name: 'packages/centos-9-amd64/repodata/primary.xml.gz' },
      { name: 'packages/centos-9-amd64/repodata/repomd.xml' },
      { name: 'packages/centos-9-amd64/socat-1.7.4.1-5.el9.x86_64.rpm', url: null, sha256: SUM },
    ]);
    expect(await bundle.text('packages/centos-9-amd64/socat-1.7.4.1-5.el9.x86_64.rpm')).toBe(RPM);
    const sbom = JSON.parse(await bundle.text('sbom.spdx.json')) as { packages: { name: string }[] };
    expect(sbom.packages.find(({ name }) => name === 'socat')).toMatchObject({
      versionInfo: '1.7.4.1-5.el9',
      externalRefs: [{ referenceLocator: 'pkg:rpm/centos/socat@1.7.4.1-5.el9' }],
    });

    const repository = { id: 'kubernetes', keyUrls: ['https://pkgs.k8s.io/key', 'https://pkgs.k8s.io/other'] };
    const more = { ...needs, packages: ['socat', 'kubelet=1.36.3'], repositories: [repository as never] };
    expect(missingFrom(index, more, ['socat', 'kubelet=1.36.2'])).toEqual([
      'key of the repository kubernetes (files/pkgs.k8s.io/other)',
      'package kubelet 1.36.3',
    ]);
    // Without packages its maker has said that the hosts have theirs: those of no distribution they cannot have.
    expect(missingFrom(index, { ...more, repositories: [] }, null)).toEqual(['package kubelet 1.36.3']);
  });

  test('is not made of a package that nobody handed over', async () => {
    const upstream = await anUpstream();
    const wish = aWish(join(aFolder(), 'bundle.tar'), upstream.url);
    const [system] = wish.systems;
    if (system === undefined) throw new Error('no system');
    const systems = [{ ...system, packages: readRpmList(OUTPUT, ['socat']) }];
    await expect(createBundle({ ...wish, systems })).rejects.toThrow('no host has handed over');
    upstream.close();
  });
});
