import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keyFingerprints } from '../../src/bundle/index.js';
import type { Resource } from '../../src/model/index.js';
import { Secret } from '../../src/model/index.js';
import { ACTION_PRELUDE, kindOf, QUESTION_PRELUDE } from '../../src/resources/index.js';
import { asRoot } from '../support/only-where.js';
import { type Run, resourceOn } from './resources-shell.js';

// The same sentences for every /bin/sh that a host may have: asked, made, asked again, it is as the kind calls satisfied; taken back, it
// is as before. Only root owns files as root:root, so the kinds that write are left out for others.
const present = [['sh'], ['dash'], ['bash'], ['busybox', 'sh']].filter(
  ([program, ...rest]) => spawnSync(program ?? '', [...rest, '-c', ':']).status === 0,
);
/** `sh` is another name of one of the others on most systems; once is enough. */
const trueName = (shell: readonly string[]): string =>
  spawnSync('sh', ['-c', 'readlink -f "$(command -v "$0")"', shell[0] ?? ''], { encoding: 'utf8' }).stdout;
const shells = present.filter((shell, i) => !present.slice(i + 1).some((other) => trueName(other) === trueName(shell)));
/** In memory where there is such a place: every write is synced. */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('%s', (_name, shell) => {
  let room = '';
  let entry = '';
  const start = (script: string, path?: string): { code: number; out: string } => {
    const env = path === undefined ? process.env : { ...process.env, PATH: path };
    const done = spawnSync(shell[0] ?? '', [...shell.slice(1), '-s'], { input: script, encoding: 'utf8', env });
    return { code: done.status ?? 255, out: done.stdout + done.stderr };
  };
  const run: Run = async (script) => start(script);
  beforeEach(() => {
    room = mkdtempSync(join(scratch, 'contract-'));
    entry = join(mkdtempSync(join(scratch, 'contract-ledger-')), 'entry');
  });
  afterEach(() => {
    rmSync(room, { recursive: true, force: true });
    rmSync(join(entry, '..'), { recursive: true, force: true });
  });

  /** Name, kind, mode, content and time of everything in the room. */
  const photo = (folder = room): readonly string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      const { mode, mtimeMs } = lstatSync(path);
      return lstatSync(path).isDirectory()
        ? [`${path} ${mode.toString(8)}`, ...photo(path)]
        : [`${path} ${mode.toString(8)} ${Math.floor(mtimeMs)} ${readFileSync(path, 'utf8')}`];
    });

  async function holds(resource: Resource): Promise<void> {
    const on = resourceOn(run, resource, entry);
    const was = photo();
    const former = await on.answer();
    expect(on.drafts(former)).not.toEqual([]);
    await on.make(former);
    const after = await on.answer();
    expect(after).toEqual(on.kind.satisfied(resource, former));
    expect(on.drafts(after)).toEqual([]);
    await on.try(former); // again, as after a cut line
    expect(await on.answer()).toEqual(after);
    await on.unmake(former);
    expect(photo()).toEqual(was);
    await on.unmake(former);
    expect(photo()).toEqual(was);
    expect(readdirSync(join(entry, '..'))).toEqual([]);
  }

  const NAMES = ["it's $HOME `id` ü * \\x2df"];
  describe.each(NAMES)('%s', (name) => {
    asRoot('a file where there was none, with the folders on the way', () =>
      holds({ kind: 'file', path: join(room, 'a', name, name), mode: 0o640, content: 'é\n$x\0`y`' }),
    );
    asRoot('a secret over a file that was there', async () => {
      const path = join(room, name);
      writeFileSync(path, 'former');
      chmodSync(path, 0o604);
      await holds({ kind: 'file', path, mode: 0o600, content: new Secret('hush') });
    });
    asRoot('a directory with its parents', () =>
      holds({ kind: 'directory', path: join(room, 'x', name), mode: 0o711 }),
    );
    asRoot('a directory that was there', async () => {
      mkdirSync(join(room, name), { mode: 0o755 });
      writeFileSync(join(room, name, 'theirs'), 'x');
      await holds({ kind: 'directory', path: join(room, name), mode: 0o700 });
    });
    test.each(['one\ntwo\n', 'one\ntwo', ''])('a block in %j', async (text) => {
      writeFileSync(join(room, name), text, { mode: 0o640 });
      const resource: Resource = { kind: 'block', path: join(room, name), content: '10.0.0.1 a\\b $x\n' };
      const on = resourceOn(run, resource, entry);
      const former = await on.answer();
      await on.make(former);
      expect(readFileSync(join(room, name), 'utf8')).toContain('\n10.0.0.1 a\\b $x\n# END provision\n');
      expect(on.drafts(await on.answer())).toEqual([]);
      await on.unmake(former);
      expect(readFileSync(join(room, name), 'utf8')).toBe(text);
      expect(lstatSync(join(room, name)).mode & 0o777).toBe(0o640);
    });
  });

  describe('settings in a JSON file', () => {
    // The stamp lies in provision's own folder on the host.
    const home = '/var/lib/provision';
    const isNew = !existsSync(home);
    afterEach(() => {
      if (isNew) rmSync(home, { recursive: true, force: true });
    });
    const settings = { 'exec-opts': ['native.cgroupdriver=systemd'], 'log-opts': { 'max-size': '100m' } };
    const inFile = (path: string, ours: Readonly<Record<string, unknown>> = settings) =>
      resourceOn(run, { kind: 'json-settings', path, settings: ours, unit: 'provision-test-none.service' }, entry);

    asRoot('in a file of ours', () =>
      holds({
        kind: 'json-settings',
        path: join(room, "it's", 'd.json'),
        settings,
        unit: 'provision-test-none.service',
      }),
    );
    asRoot('beside those of others, which come back byte for byte', async () => {
      const path = join(room, 'd.json');
      const theirs =
        '{"debug":true,\n "exec-opts":["native.cgroupdriver=cgroupfs","x=y"], "log-opts": {"max-file": "2"}}';
      writeFileSync(path, theirs, { mode: 0o600 });
      const was = photo();
      const on = inFile(path);
      const former = await on.answer();
      await on.make(former);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
        debug: true,
        'exec-opts': ['native.cgroupdriver=systemd', 'x=y'],
        'log-opts': { 'max-size': '100m', 'max-file': '2' },
      });
      expect(lstatSync(path).mode & 0o777).toBe(0o600);
      expect(await on.answer()).toEqual(on.kind.satisfied({ ...settingsOf(path) }, former));
      const less = inFile(path, { 'log-opts': { 'max-size': '1m' } });
      await less.make(await less.answer());
      expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
        debug: true,
        'exec-opts': ['x=y'],
        'log-opts': { 'max-size': '1m', 'max-file': '2' },
      });
      await on.unmake(former);
      expect(photo()).toEqual(was);
      await on.unmake(former);
      expect(photo()).toEqual(was);
    });
    asRoot('what somebody wrote there after us stays beside the former file', async () => {
      const path = join(room, 'd.json');
      writeFileSync(path, '{}');
      const on = inFile(path);
      const former = await on.answer();
      await on.make(former);
      writeFileSync(path, '{"theirs": 1}');
      await on.unmake(former);
      expect([readFileSync(path, 'utf8'), readFileSync(`${path}.changed`, 'utf8')]).toEqual(['{}', '{"theirs": 1}']);
    });
    const settingsOf = (path: string): Resource => ({
      kind: 'json-settings',
      path,
      settings,
      unit: 'provision-test-none.service',
    });
  });

  test('a block in a file of its own goes with the file; what others wrote around it stays', async () => {
    const path = join(room, 'hosts');
    const on = resourceOn(run, { kind: 'block', path, content: 'ours' }, entry);
    const former = await on.answer();
    await on.make(former);
    await on.unmake(former);
    expect(existsSync(path)).toBe(false);
    await on.make(former);
    writeFileSync(path, `theirs above\n${readFileSync(path, 'utf8')}theirs below\n`);
    const changed = resourceOn(run, { kind: 'block', path, content: 'ours, changed' }, entry);
    await changed.make(await changed.answer());
    expect(readFileSync(path, 'utf8')).toBe(
      'theirs above\n# BEGIN provision\nours, changed\n# END provision\ntheirs below\n',
    );
    await on.unmake(former);
    expect(readFileSync(path, 'utf8')).toBe('theirs above\ntheirs below\n');
  });

  test('lines of others are switched off outside our block, and come back as they were', async () => {
    const path = join(room, 'chrony.conf');
    const text = '# pool of nobody\npool 2.pool.ntp.org iburst\n  server 10.0.0.1\npools x\ndriftfile /d';
    writeFileSync(path, text, { mode: 0o640 });
    const ours = resourceOn(run, { kind: 'block', path, content: 'server 10.0.0.9 iburst\n' }, `${entry}-block`);
    const bare = await ours.answer();
    await ours.make(bare);
    const on = resourceOn(run, { kind: 'muted', path, words: ['pool', 'server'] }, entry);
    const former = await on.answer();
    expect(former).toEqual({ file: true, on: ['pool 2.pool.ntp.org iburst', '  server 10.0.0.1'] });
    await on.make(former);
    const after = await on.answer();
    expect(after).toEqual(on.kind.satisfied({ kind: 'muted', path, words: ['pool', 'server'] }, former));
    expect(readFileSync(path, 'utf8')).toBe(
      '# pool of nobody\n#provision# pool 2.pool.ntp.org iburst\n#provision#   server 10.0.0.1\npools x\ndriftfile /d\n# BEGIN provision\nserver 10.0.0.9 iburst\n# END provision\n',
    );
    await on.try(former);
    expect(await on.answer()).toEqual(after);
    await ours.unmake(bare);
    await on.unmake(former);
    await on.unmake(former);
    expect(readFileSync(path, 'utf8').trimEnd()).toBe(text);
    expect(lstatSync(path).mode & 0o777).toBe(0o640);
  });

  test('a mark without its partner is refused, and removal takes the mark alone', async () => {
    const path = join(room, 'hosts');
    const on = resourceOn(run, { kind: 'block', path, content: 'ours' }, entry);
    writeFileSync(path, 'a\n# BEGIN provision\nwhose?\n');
    await expect(on.answer()).rejects.toThrow('without its partner');
    await on.unmake({ file: true, newline: true, content: null });
    expect(readFileSync(path, 'utf8')).toBe('a\nwhose?\n');
  });

  asRoot('content that arrives damaged never replaces a file', async () => {
    const path = join(room, 'config');
    writeFileSync(path, 'old');
    const bin = join(room, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'base64'), '#!/bin/sh\nprintf half\n', { mode: 0o755 });
    const resource: Resource = { kind: 'file', path, mode: 0o644, content: 'the whole' };
    const broken = resourceOn(async (script) => start(script, `${bin}:${process.env['PATH']}`), resource, entry);
    writeFileSync(`${entry}.json`, '{}');
    const { code, out } = await broken.try(null);
    expect([code, out]).toEqual([1, `${path} arrived damaged, the old file is untouched\n`]);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(room).sort()).toEqual(['bin', 'config']);
  });

  asRoot('a file is never removed because the ledger lost its copy', async () => {
    const path = join(room, 'config');
    writeFileSync(path, 'theirs');
    const on = resourceOn(run, { kind: 'file', path, mode: 0o644, content: 'ours' }, entry);
    const former = await on.answer();
    await on.make(former);
    rmSync(`${entry}.was`);
    await on.unmake(former);
    expect(readFileSync(path, 'utf8')).toBe('ours');
  });

  asRoot('what cannot be put back keeps its entry and its copy in the ledger', async () => {
    const path = join(room, 'config');
    writeFileSync(path, 'theirs');
    const fullDisk = (script: string): string => script.replace('\nset -eu\n', '\ncp() { return 1; }\nset -eu\n');
    const resource: Resource = { kind: 'file', path, mode: 0o644, content: 'ours' };
    const on = resourceOn(run, resource, entry);
    const former = await on.answer();
    const broken = resourceOn(async (script) => start(fullDisk(script)), resource, entry);
    await expect(broken.make(former)).rejects.toThrow('ended with 1');
    expect(readFileSync(path, 'utf8')).toBe('theirs');
    await on.make(former);
    await expect(broken.unmake(former)).rejects.toThrow(`could not put ${path} back`);
    await on.unmake(former);
    expect(readFileSync(path, 'utf8')).toBe('theirs');
  });

  test('a directory that could not be noted in the ledger is not made', () => {
    const script = `${ACTION_PRELUDE}\nentry='${entry}'\nnote() { return 1; }\nset -eu\ninstall_file '${room}/a/b' 0644 </dev/null\n`;
    expect(start(script).code).toBe(1);
    expect(readdirSync(room)).toEqual([]);
  });

  test.each([
    ['fails', 'return 2'],
    ['says nothing', ':'],
    ['is cut', "echo 'installed a'; return 1"],
  ])('a list of packages that %s is no list: nothing is installed, and nothing becomes ours', (_what, said) => {
    const bin = join(room, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'dpkg-query'), `#!/bin/sh\nf() { ${said}; }\nf\n`, { mode: 0o755 });
    const script = `${ACTION_PRELUDE}
entry='${entry}'; have() { [ "$1" = apt-get ]; }; apt() { echo "apt $*"; }
set -eu
install_packages curl
`;
    const { code, out } = start(script, `${bin}:${process.env['PATH']}`);
    expect([code, out]).toEqual([1, 'could not list the installed packages\n']);
    expect(existsSync(`${entry}.was.before`)).toBe(false);
  });

  test('a host without the tools to look is an error, not an absence', () => {
    const { code, out } = start(
      `${QUESTION_PRELUDE}\nPATH=/nowhere\n( set -u\n${kindOf('file').ask([{ kind: 'file', path: '/etc/hosts', mode: 420, content: '' }])}\n)`,
    );
    expect([code, out]).toEqual([69, 'there is no stat on this host\n']);
  });

  test('chains go by name: others keep their rules, policies and comments', () => {
    const save = `# Generated by iptables-save
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m comment --comment "not ours -j KUBE-SERVICES" -j DOCKER
-A DOCKER -g KUBE-SVC-A
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-A
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -j ACCEPT
COMMIT
`;
    const script = `${ACTION_PRELUDE}\nchain_removals '' KUBE- CNI- <<'EOF'\n${save}EOF\n`;
    expect(start(script)).toEqual({
      code: 0,
      out: `*nat
-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-D DOCKER -g KUBE-SVC-A
-F KUBE-SERVICES
-F KUBE-SVC-A
-X KUBE-SERVICES
-X KUBE-SVC-A
COMMIT
`,
    });
  });

  test('of a bridge that had rules of its own they go, whichever chain they stand in', () => {
    const save = `*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -o docker01 -j ACCEPT
-A FORWARD -i eth0 -m comment --comment "for docker0" -j ACCEPT
COMMIT
`;
    const script = `${ACTION_PRELUDE}\nchain_removals docker0 DOCKER <<'EOF'\n${save}EOF\n`;
    expect(start(script)).toEqual({
      code: 0,
      out: `*filter
-D FORWARD -j DOCKER-USER
-D FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-D FORWARD -i docker0 ! -o docker0 -j ACCEPT
-F DOCKER
-F DOCKER-USER
-X DOCKER
-X DOCKER-USER
COMMIT
`,
    });
  });

  test.each([
    ['cni0', 'cni0', 0],
    ['cni01', 'cni0', 1],
    ['vethab', 'veth*', 0],
    ['xveth', 'veth*', 1],
    ['eth0', 'veth*', 1],
    ['a*b', 'a*c', 1],
  ])('link %s by pattern %s: %d', (name, pattern, code) => {
    expect(start(`${ACTION_PRELUDE}\nis_named '${name}' '${pattern}'`).code).toBe(code);
  });

  test.each([
    ['# SELINUX= says the mode\nSELINUX=enforcing\nSELINUXTYPE=targeted\n', 'permissive', 'enforcing'],
    ['SELINUXTYPE=targeted\n', 'permissive', ''],
  ])('SELinux: the mode and nothing else, there and back', (text, mode, former) => {
    const there = start(`${ACTION_PRELUDE}\nset_selinux ${mode} <<'EOF'\n${text}EOF\n`).out;
    expect(there.split('\n')).toContain(`SELINUX=${mode}`);
    expect(start(`${ACTION_PRELUDE}\nset_selinux '${former}' <<'EOF'\n${there}EOF\n`).out).toBe(text);
  });

  test.each([
    ['takes others with it', 'echo "Remv ours"; echo "Remv theirs"'],
    ['cannot be foretold', 'return 100'],
  ])('a removal that %s is not made in one go', (_what, foretold) => {
    writeFileSync(`${entry}.was`, 'ours\n');
    const script = `${ACTION_PRELUDE}
entry='${entry}'; have() { [ "$1" = apt-get ]; }
installed_packages() { printf 'ours\\ntheirs\\n' >"$1"; }
apt() { if [ "$1" = -s ]; then ${foretold}; else echo "apt $*"; fi; }
dpkg() { echo "dpkg $*"; }
set -eu
remove_packages
`;
    expect(start(script)).toEqual({ code: 0, out: 'dpkg --purge -- ours\n' });
  });

  test.each([
    ['1.36.3-150500.1.1', '1.36.3', true],
    ['1.36.3', '1.36.3', true],
    ['1.36.30-1', '1.36.3', false],
    ['1.36.3~rc.1-1', '1.36.3', false],
    ['20.10.24~3-0~debian-bookworm', '20.10.24', true],
    ['1.7.4.4+dfsg-2', '1.7.4.4', true],
    ['1.36.3^git1-1', '1.36.3', true],
    ['1.35.4-1', '1.36.3', false],
  ])('package version %s is %s: %s, for the plan and for the shell', (installed, wanted, is) => {
    expect(start(`${ACTION_PRELUDE}\nis_version '${installed}' '${wanted}'`).code).toBe(is ? 0 : 1);
    const kind = kindOf('packages');
    const resource: Resource = { kind: 'packages', name: 'x', packages: ['p'], versions: { p: wanted } };
    const answer = { versions: { p: installed }, held: [] };
    expect(kind.appear(resource, answer, NO_CIRCUMSTANCES)).toHaveLength(is ? 0 : 1);
  });

  test('a key that rpm came to trust with packages goes with them, and no other', () => {
    const script = `${ACTION_PRELUDE}
entry='${entry}'; have() { [ "$1" = rpm ]; }
rpm() { case "$*" in '-q gpg-pubkey') cat '${room}/keys' ;; -e*) echo "rpm $*" ;; esac; }
installed_packages() { echo base >"$1"; }
folders_now() { :; }; groups_now() { :; }
bring_in() { echo gpg-pubkey-new-2 >>'${room}/keys'; }
echo gpg-pubkey-old-1 >'${room}/keys'
set -eu
install_packages x
remove_packages
`;
    expect(start(script)).toEqual({ code: 0, out: 'rpm -e --allmatches gpg-pubkey-new-2\n' });
  });

  test('packages of a bundle are looked at as ever: by what rpm trusts, and the key files that the host’s repositories name', () => {
    const keys = ['KEY-9', 'KEY 10', 'KEY-addon'].map((name) => join(room, name));
    for (const key of keys) writeFileSync(key, 'a key');
    const repos = `[base]\ngpgkey=file://${room}/KEY-$releasever, https://example.com/key\n  file://${room}/KEY-addon\nname=x\n[e]\ngpgkey = file://${room}/gone file://${room}/KEY-addon\n`;
    writeFileSync(join(room, 'all.repo'), repos);
    const script = `${ACTION_PRELUDE}
PROVISION_TMP='${room}'; have() { [ "$1" = dnf ]; }
cat() { if [ $# -gt 0 ]; then command cat '${room}/all.repo'; else command cat; fi; }
set -eu
package_source http://127.0.0.1:17117/packages/centos-9-amd64
echo "$_repos"
command cat "$PROVISION_TMP/yum.conf"
`;
    const { code, out } = start(script);
    expect({ code, out: out.replaceAll(room, '') }).toEqual({
      code: 0,
      out: `-c /yum.conf
[main]
reposdir=/dev/null
cachedir=/cache
keepcache=0
obsoletes=1
gpgcheck=1
[provision-bundle]
name=provision-bundle
baseurl=http://127.0.0.1:17117/packages/centos-9-amd64
gpgcheck=1
proxy=_none_
module_hotfixes=1
gpgkey=file:///KEY-9 file:///KEY-addon 
`,
    });
  });

  describe('keys', () => {
    const [one, two, rogue] = [aKey(3), aKey(300), aKey(700)];
    const keyFile = (): string => join(room, 'keyring', 'key.asc');
    const take = (text: string, pins: readonly string[]) => {
      writeFileSync(join(room, 'served'), text);
      const script = `${ACTION_PRELUDE}
entry='${entry}'; fetch() { cp -- "$1" "$2"; }
set -eu
repository_keys r apt '${keyFile()}' 1 '${room}/served' ${pins.join(' ')}
`;
      return start(script);
    };

    test('fingerprints are read from armor, of one block or several, and nothing from what is none: by a host as for a bundle', () => {
      const here = (text: string): readonly string[] => {
        try {
          return keyFingerprints(text);
        } catch {
          return [];
        }
      };
      const read = (text: string) => {
        writeFileSync(join(room, 'k'), text);
        const there = start(`${ACTION_PRELUDE}\nkeys_in '${room}/k'`).out.split('\n').slice(0, -1);
        expect(here(text)).toEqual(there);
        return there;
      };
      expect(read(armored(one.packets))).toEqual([one.fingerprint]);
      expect(read(armored(one.packets, two.packets))).toEqual([one.fingerprint, two.fingerprint]);
      expect(read(`${armored(two.packets)}${armored(one.packets)}`)).toEqual([two.fingerprint, one.fingerprint]);
      expect(read(armored(one.packets).replaceAll('\n', '\r\n'))).toEqual([one.fingerprint]);
      expect(read('<html>not here</html>')).toEqual([]);
      expect(read(armored(one.packets, Buffer.from([1, 2, 3])))).toEqual([]);
    });

    test('a key is put in place only when it and every other in its file is pinned', () => {
      expect(take(armored(one.packets), [two.fingerprint, one.fingerprint])).toMatchObject({ code: 0 });
      expect(readFileSync(keyFile(), 'utf8')).toContain('BEGIN PGP PUBLIC KEY BLOCK');
      rmSync(keyFile());
      const { code, out } = take(armored(one.packets, rogue.packets), [one.fingerprint, two.fingerprint]);
      expect(code).toBe(1);
      for (const said of [
        'refused: the key of repository r',
        `seen    ${rogue.fingerprint}`,
        `pinned  ${two.fingerprint}`,
      ])
        expect(out).toContain(said);
      expect(existsSync(keyFile())).toBe(false);
    });

    test('what is no key is refused', () => {
      expect(take('<html>', [one.fingerprint])).toMatchObject({ code: 1 });
      expect(take(armored(Buffer.from('none')), [one.fingerprint]).out).toContain('cannot be read');
      expect(existsSync(keyFile())).toBe(false);
    });
  });

  test('rpm: what is provided under another name counts as installed', () => {
    const bin = join(room, 'bin');
    mkdirSync(bin);
    const rpm = `#!/bin/sh
case "$*" in
  '-q rpm') echo rpm-4.16 ;;
  *--whatprovides*iptables) echo 'have iptables installed 1.8.10-11.el9' ;;
  *--whatprovides*) echo 'no package provides socat'; exit 1 ;;
  *) echo 'have curl installed 7.76.1-31.el9'; echo 'package iptables is not installed'; echo 'package socat is not installed'; exit 2 ;;
esac
`;
    writeFileSync(join(bin, 'rpm'), rpm, { mode: 0o755 });
    for (const tool of ['grep', 'sed', 'head']) {
      writeFileSync(join(bin, tool), `#!/bin/sh\nexec /bin/${tool} "$@"\n`, { mode: 0o755 });
    }
    const resource: Resource = { kind: 'packages', name: 'x', packages: ['curl', 'iptables', 'socat'] };
    const kind = kindOf('packages');
    const { out } = start(`${QUESTION_PRELUDE}\nPATH=${bin}\n( set -u\n${kind.ask([resource])}\n)`);
    expect(kind.read(out, [resource])).toEqual([
      { versions: { curl: '7.76.1-31.el9', iptables: '1.8.10-11.el9', socat: null }, held: [] },
    ]);
  });
});

/** A public key as RFC 4880 has it: a version 4 key packet of `size` octets and a user id; and the fingerprint that belongs to it. */
function aKey(size: number): { readonly packets: Buffer; readonly fingerprint: string } {
  const body = Buffer.concat([Buffer.from([4, 0x5e, 0, 0, 0, 1]), Buffer.alloc(size, size % 251)]);
  const head = Buffer.from([0x99, body.length >> 8, body.length & 255]);
  const fingerprint = createHash('sha1').update(head).update(body).digest('hex').toUpperCase();
  const user = Buffer.from('lab <lab@example.com>');
  return { packets: Buffer.concat([head, body, Buffer.from([0xb4, user.length]), user]), fingerprint };
}

function armored(...packets: readonly Buffer[]): string {
  const text = Buffer.concat(packets).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: lab\n\n${text}\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----\n`;
}

const NO_CIRCUMSTANCES = {
  newToken: () => {
    throw new Error('packages need no token');
  },
  superAdminKubeconfig: () => {
    throw new Error('packages need no kubeconfig');
  },
};
