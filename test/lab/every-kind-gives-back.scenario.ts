import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { down, exec, up } from '../../src/lab/index.js';
import type { Resource } from '../../src/model/index.js';
import {
  LEDGER_DIR,
  type PackagesAnswer,
  QUESTION_PRELUDE,
  readResidue,
  residueQuestion,
} from '../../src/resources/index.js';
import { type Run, resourceOn } from '../contract/resources-shell.js';
import { differences, type HostState, readHostState, STATE_QUESTION } from '../support/host-state.js';
import { ownLabName } from '../support/lab-names.js';

// Each kind alone on a real host, as the planner uses it: asked, made, asked again, taken back twice; and the host is as before.
const LAB = ownLabName('contract');
const run: Run = async (script) => {
  const { code, stdout, stderr } = await exec(LAB, 'h1', '/bin/sh -s 2>&1', script);
  return { code, out: stdout + stderr };
};
const must = async (script: string): Promise<string> => {
  const { code, out } = await run(script);
  if (code !== 0) throw new Error(`ended with ${code}: ${script}\n${out}`);
  return out;
};
const state = async (): Promise<HostState> => readHostState(await must(STATE_QUESTION));
const entry = `${LEDGER_DIR}/contract`;
/** The ledger's own folders go with the last reset, not with each entry. */
const OWN = /(files|contents): \+ .*\/var\/lib\/provision(\/ledger)?$/;

/** How the host was found at the end of the test before, if that went well. */
let last: HostState | null = null;

async function holds(
  resource: Resource,
  meanwhile: (path: ReturnType<typeof resourceOn>) => Promise<void> = async () => {},
) {
  const on = resourceOn(run, resource, entry);
  const was = last ?? (await state());
  last = null;
  const former = await on.answer();
  expect(on.drafts(former)).not.toEqual([]);
  await on.make(former);
  const after = await on.answer();
  if (resource.kind === 'packages') expect(Object.values((after as PackagesAnswer).versions)).not.toContain(null);
  else expect(after).toEqual(on.kind.satisfied(resource, former));
  expect(on.drafts(after)).toEqual([]);
  await meanwhile(on);
  await on.unmake(former);
  await on.unmake(former);
  expect(await on.answer()).toEqual(former);
  const now = await state();
  expect(differences(was, now).filter((line) => !OWN.test(line))).toEqual([]);
  last = now;
}

describe('every kind makes it so, knows it, and gives the host back', () => {
  let gateway = '';
  let sums: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    const lab = await up({ name: LAB, hosts: 1, fresh: ['h1'], say: () => {} });
    gateway = lab.gateway;
    const file = `${lab.state}/checksums.json`;
    sums = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
    await must(`mkdir -p -m 0700 ${LEDGER_DIR}; apt-get -q update`);
  });
  afterAll(() => down(LAB));

  const fromMirror = (pattern: RegExp): { url: string; sha256: string } => {
    const url = Object.keys(sums).find((name) => pattern.test(name));
    if (url === undefined) throw new Error(`the mirror has nothing like ${pattern}`);
    return { url: `http://${gateway}:8080/${url.replace('https://', '')}`, sha256: sums[url] ?? '' };
  };

  test('host name', () => holds({ kind: 'hostname', name: 'node-7' }));
  test('SELinux', () => holds({ kind: 'selinux', mode: 'permissive' }));
  test('swap', () => holds({ kind: 'swap' }));
  test('hosts block', () => holds({ kind: 'block', path: '/etc/hosts', content: '10.0.0.1 a\n' }));
  test('lines of others', () =>
    holds({ kind: 'muted', path: '/etc/chrony/chrony.conf', words: ['pool', 'server', 'peer'] }));
  test('a file in a home where there was none, and over one of the user', async () => {
    const resource: Resource = {
      kind: 'user-file',
      user: 'ops',
      path: '.kube/config',
      mode: 0o600,
      content: 'ours\n',
    };
    await holds(resource, async () => {
      expect((await must('stat -c "%a %U:%G" /home/ops/.kube /home/ops/.kube/config')).trim()).toBe(
        '700 ops:ops\n600 ops:ops',
      );
      // What kubectl leaves there goes with the folder that was made for it.
      await must('runuser -u ops -- mkdir -p /home/ops/.kube/cache/discovery');
    });
    await must(
      'runuser -u ops -- sh -c "mkdir -m 755 ~ops/.kube; echo theirs >~ops/.kube/config; chmod 640 ~ops/.kube/config"',
    );
    last = null;
    await holds(resource);
    expect(await must('cat /home/ops/.kube/config')).toBe('theirs\n');
    await must('rm -r /home/ops/.kube');
    last = null;
  });
  test('a link in a home leads root nowhere', async () => {
    await must('runuser -u ops -- ln -s /etc/cron.d ~ops/.kube');
    const resource: Resource = { kind: 'user-file', user: 'ops', path: '.kube/config', mode: 0o600, content: 'ours\n' };
    const on = resourceOn(run, resource, entry);
    const former = await on.answer();
    const { code, out } = await on.try(former);
    expect(code).toBe(1);
    expect(out).toContain('could not write .kube/config in the home of ops');
    expect((await run('test -e /etc/cron.d/config')).code).toBe(1);
    await on.unmake(former);
    await must('rm /home/ops/.kube');
    last = null;
  });
  test('time zone', async () => {
    last = null;
    await must('apt-get -q -y install tzdata');
    await holds({ kind: 'timezone', zone: 'Asia/Shanghai' }, async () => {
      expect((await must('date +%z; date -u +%z')).trim()).toBe('+0800\n+0000');
    });
  });
  test('a time zone that nobody knows is refused by name, and nothing changes', async () => {
    const on = resourceOn(run, { kind: 'timezone', zone: 'Asia/Atlantis' }, entry);
    const former = await on.answer();
    const { code, out } = await on.try(former);
    expect(code).toBe(1);
    expect(out).toContain('there is no time zone Asia/Atlantis');
    expect(await on.answer()).toEqual(former);
    await on.unmake(former);
  });
  test('kernel settings', () =>
    holds({
      kind: 'sysctl',
      name: '50-t',
      values: { 'net.ipv4.ip_forward': '1', 'net.ipv4.tcp_rmem': '4096  131072 4194304' },
    }));
  test('a unit to stop', () =>
    holds({ kind: 'unit', name: 'firewalld.service', state: 'stopped', stamp: '', within: 60 }));
  test('a unit to start', () =>
    holds({ kind: 'unit', name: 'chrony.service', state: 'started', stamp: 'abc', within: 60 }));
  test('firewall', () =>
    holds({ kind: 'firewall', ports: ['6443/tcp', '30000-32767/tcp'], sources: ['10.244.0.0/16'] }));
  test('packages', () => holds({ kind: 'packages', name: 't', packages: ['socat', 'conntrack', 'curl'] }));

  test('a binary, and one that a crash emptied', () =>
    holds(
      {
        kind: 'artifact',
        name: 'kubectl',
        version: '1',
        format: 'binary',
        ...fromMirror(/\/kubectl$/),
        install: [{ member: '', path: '/usr/local/bin/kubectl' }],
      },
      async (on) => {
        await must(': >/usr/local/bin/kubectl');
        const damaged = await on.answer();
        expect(on.drafts(damaged).map((d) => d.because)).toEqual([
          ['/usr/local/bin/kubectl is not as it was installed'],
        ]);
        await on.make(damaged);
        expect(on.drafts(await on.answer())).toEqual([]);
      },
    ));

  test('members of an archive, over a file of somebody else', async () => {
    last = null;
    await must('mkdir -p /opt/cni/bin; echo theirs >/opt/cni/bin/bridge; chmod 700 /opt/cni/bin/bridge');
    const install = ['bridge', 'loopback'].map((member) => ({ member, path: `/opt/cni/bin/${member}` }));
    await holds({
      kind: 'artifact',
      name: 'cni',
      version: '1',
      format: 'tar.gz',
      ...fromMirror(/cni-plugins/),
      install,
    });
    last = null;
    await must('rm -r /opt/cni');
  });

  test('a download with another sum is refused with both sums, and nothing is installed', async () => {
    const { url, sha256 } = fromMirror(/\/kubectl$/);
    const wrong = '0'.repeat(64);
    const install = [{ member: '', path: '/usr/local/bin/kubectl' }];
    const on = resourceOn(
      run,
      { kind: 'artifact', name: 'k', version: '1', format: 'binary', url, sha256: wrong, install },
      entry,
    );
    const former = await on.answer();
    const { code, out } = await on.try(former);
    expect(code).toBe(1);
    expect(out).toContain(`expected sha256 ${wrong}\n  seen            ${sha256}`);
    expect((await run('test -e /usr/local/bin/kubectl')).code).toBe(1);
    await on.unmake(former);
  });

  test('a kernel without a module is told so', async () => {
    const on = resourceOn(run, { kind: 'modules', name: 't', modules: ['overlay', 'no_such_module'] }, entry);
    const former = await on.answer();
    expect(former).toEqual({ file: null, modules: { overlay: 'builtin', no_such_module: 'absent' } });
    const { code, out } = await on.try(former);
    expect(code).toBe(1);
    expect(out).toContain('has no module no_such_module, neither loadable nor built in');
    await on.unmake(former);
  });

  test('what components leave behind goes, what others have stays', async () => {
    const bystanders = `ip link add vethother type veth peer name otherpeer
iptables -t nat -N MINE; iptables -t nat -A PREROUTING -j MINE; iptables -t nat -A OUTPUT -m comment --comment "-j KUBE-SERVICES" -j MINE
nft add table ip other; ip netns add theirs; mkdir -p /etc/theirs; echo old >/etc/theirs/old`;
    last = null;
    await must(bystanders);
    const resource: Resource = {
      kind: 'traces',
      name: 't',
      paths: ['/etc/kubernetes', '/var/lib/kubelet', '/etc/theirs'],
      links: ['cni0', 'veth*', 'kube-ipvs0'],
      chains: ['KUBE-', 'CNI-', 'FLANNEL-'],
      ipvs: true,
    };
    await holds(resource, async () => {
      await must(`set -e
ip link add cni0 type bridge; ip link add vethaaa type veth peer name vethpeer; ip link set vethaaa master cni0
iptables -t nat -N KUBE-SERVICES; iptables -t nat -N KUBE-SVC; iptables -t nat -A KUBE-SERVICES -j KUBE-SVC
iptables -t nat -A PREROUTING -m comment --comment "service portals" -j KUBE-SERVICES; iptables -t nat -A MINE -j KUBE-SVC
iptables -N FLANNEL-FWD; iptables -A FORWARD -j FLANNEL-FWD; ip6tables -t mangle -N KUBE-CANARY
nft add table ip kube-proxy
mkdir -p '/var/lib/kubelet/pods/a b/vol' /etc/kubernetes/manifests; touch /etc/theirs/new; chmod 700 /etc/theirs
mount -t tmpfs tmpfs '/var/lib/kubelet/pods/a b/vol'; mkdir '/var/lib/kubelet/pods/a b/vol/in'; mount -t tmpfs tmpfs '/var/lib/kubelet/pods/a b/vol/in'
ip netns add cni-1234`);
      const found = readResidue(await must(`${QUESTION_PRELUDE}\n${residueQuestion()}`));
      expect(found).toEqual(
        expect.arrayContaining([
          'link cni0',
          'chain KUBE-SERVICES (iptables-nft, nat)',
          'nftables table ip kube-proxy',
          'file /etc/kubernetes/manifests',
          'network namespace cni-1234',
        ]),
      );
    });
    await must('rm -rf /var/lib/provision');
    expect(readResidue(await must(`${QUESTION_PRELUDE}\n${residueQuestion()}`))).toEqual([]);
  });
});
