import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { aptQuestion, readRpmList, rpmQuestion } from '../../src/bundle/index.js';
import { QUESTION_PRELUDE } from '../../src/resources/index.js';

// The questions that choose a bundle's packages, by a real shell; the tools of the host are functions that write down how they are called.
const SUM = createHash('sha256').update('bytes').digest('hex');
const OWN = /\/var\/tmp\/[\w.-]+/g;
const present = [['dash'], ['bash'], ['busybox', 'sh']].filter(
  ([name = '']) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0,
);
const shells = present.length > 0 ? present : [['sh']];

describe.each(shells.map((shell) => [shell.join(' '), shell] as const))('%s', (_name, shell) => {
  /** What tools are called with goes to descriptor 3: the question silences some of them. */
  const run = (tools: string, question: string): { code: number; out: string; said: string } => {
    const input = `exec 3>&2\n${QUESTION_PRELUDE}${tools}\n(set -u\n${question}\n)`;
    const done = spawnSync(shell[0] ?? '', [...shell.slice(1), '-s'], { input, encoding: 'utf8' });
    // Whatever became of it, its folder is gone.
    expect([...done.stderr.matchAll(OWN)].filter(([path]) => existsSync(path))).toEqual([]);
    return { code: done.status ?? 255, out: done.stdout, said: done.stderr.replaceAll(OWN, 'OWN') };
  };

  const verdictOf = (verdict: string, code = 0): string => `
fetches() {
  echo "$*" >&2
  for _word; do case $_word in --downloaddir=*) printf bytes >"\${_word#*=}/socat-1-1.rpm" ;; esac; done
}
rpm() {
  case "$*" in
    *whatprovides*) echo 'system-release(releasever) 9' ;;
    *-qp*) printf 'n socat 0 1 1 x86_64 5\\np 8 1-1 socat\\n' ;;
    *initdb*) mkdir -p "$2" ;;
  esac
}
rpmkeys() { case "$*" in *-K*) printf '%s: ${verdict}\\n' "$5"; return ${code} ;; *) echo "import \${4##*/}" >&3 ;; esac; }
`;
  const hasIt = 'curl() { echo "curl $*" >&3; }';
  const wantsIt = `curl() { echo "curl $*" >&3; case "$*" in *-I*) return 22 ;; esac; }`;
  const dnf = 'dnf() { fetches dnf "$@"; }';
  const repository = {
    id: 'kubernetes',
    title: 'K',
    baseUrl: 'http://m/',
    repoGpgcheck: true,
    replaces: [],
    keys: 'key',
  };
  const question = rpmQuestion({ names: ['socat=1', 'tar'], repositories: [repository] }, 17117);

  test.each([
    'digests signatures OK',
    'rsa sha1 (md5) pgp md5 OK',
    '(sha1) dsa sha1 md5 gpg OK',
  ])('a package of which rpm says "%s" is handed over', (verdict) => {
    const { code, out, said } = run(`${verdictOf(verdict)}${dnf}\n${wantsIt}`, question);
    expect(code).toBe(0);
    expect(said).toMatch(
      /--installroot=OWN\/root --releasever=9 .*--downloadonly --downloaddir=OWN\/rpms install socat-1 tar/,
    );
    expect(said).toContain('import kubernetes\n');
    expect(said).toContain(`curl -fsS --noproxy * -T OWN/rpms/socat-1-1.rpm http://127.0.0.1:17117/${SUM}`);
    expect(readRpmList(out, ['socat=1'])).toMatchObject({ files: [{ file: 'socat-1-1.rpm', url: null, sha256: SUM }] });
  });

  test.each([
    ['digests OK', 0, 'not signed: '],
    ['sha1 md5 OK', 0, 'not signed: '],
    ['digests SIGNATURES NOT OK', 1, 'SIGNATURES NOT OK'],
  ])('a package of which rpm says "%s" is not', (verdict, ended, words) => {
    const { code, said } = run(`${verdictOf(verdict, ended)}${dnf}\n${wantsIt}`, question);
    expect(code).toBe(1);
    expect(said).toContain(words);
    expect(said).not.toContain('curl');
  });

  test('what is here already is not handed over again', () => {
    const { code, said } = run(`${verdictOf('digests signatures OK')}${dnf}\n${hasIt}`, question);
    expect(code).toBe(0);
    expect(said).toContain('curl -fsS --noproxy * -I');
    expect(said).not.toContain(' -T ');
  });

  test('nothing stays of it, and nothing is guessed: a dnf that fails, and a yum that finds nothing, end it', () => {
    const none = verdictOf('digests signatures OK').replace('printf bytes', ':');
    const failing = run(`${none}\ndnf() { echo 'No match for argument' >&2; return 1; }\n${wantsIt}`, question);
    expect(failing).toMatchObject({ code: 1, said: 'No match for argument\n' });
    const empty = run(`${none}\nhave() { [ "$1" != dnf ]; }\nyum() { return 1; }\n${wantsIt}`, question);
    expect(empty).toMatchObject({ code: 1, said: expect.stringContaining('it fetched no packages') });
  });

  test('apt is asked for the version that the repositories call so, epoch and all', () => {
    const offers = ['5:20.10.25~3-0~debian-bookworm', '5:20.10.240~3-0~debian', '5:20.10.24~3-0~debian-bookworm'];
    // A hyphen is no part of a function's name in every shell.
    const named = (text: string): string => text.replaceAll('own apt-', 'own apt_');
    const tools = `
need() { :; }
apt_get() { case "$*" in *install*) echo "apt-get $*" >&2 ;; esac; }
apt_cache() { case "$*" in *madison*) printf 'docker-ce | %s | http://m bookworm/stable amd64 Packages\\n' ${offers.join(' ')} ;; esac; }
`;
    const ask = (name: string) => run(tools, named(aptQuestion({ names: [name, 'tar'], repositories: [] })));
    expect(ask('docker-ce=20.10.24')).toMatchObject({
      code: 0,
      said: expect.stringContaining('install docker-ce=5:20.10.24~3-0~debian-bookworm tar\n'),
    });
    expect(ask('docker-ce=20.10.2')).toMatchObject({
      code: 1,
      said: 'its repositories do not have docker-ce 20.10.2\n',
    });
  });
});
