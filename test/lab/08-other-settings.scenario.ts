import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { PlanJson } from '../../src/report/index.js';
import { runProgram } from '../../src/transport/index.js';
import { differences, type HostState, readHostState, STATE_QUESTION } from '../support/host-state.js';
import { KUBECTL } from '../support/kubectl.js';
import { must, provision } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// The settings that the shared lab does not use, on two hosts of their own: a user who is not root, a firewall that stays, other keys,
// networks and names, a worker whose system is left alone, and changes of the inventory that have to reach what runs.
const LAB = ownLabName('variants');
/** Node -> lab host. Their names differ: cp-1 is renamed, w-2 keeps its own host name. */
const HOST: Readonly<Record<string, string>> = { 'cp-1': 'h1', 'w-2': 'h2' };
const NODES = Object.keys(HOST);

const on = async (node: string, script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, HOST[node] ?? node, script);
  if (code !== 0) throw new Error(`${node}: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};
const lines = (text: string): string[] => text.trim().split('\n');
const stateOf = async (node: string): Promise<HostState> => readHostState(await on(node, STATE_QUESTION));
const changes = (was: HostState | undefined, is: HostState): readonly string[] => differences(was ?? {}, is);
const kubectl = (args: string): Promise<string> => on('cp-1', `${KUBECTL} ${args}`);

interface Settings {
  cluster: Record<string, unknown> & { mirrors: { artifacts: string }; kubelet: object };
  ssh: unknown;
  system: unknown;
  groups: Record<string, unknown>;
  nodes: Record<string, unknown>[];
}

describe('the other settings of an inventory, on hosts of their own', () => {
  let folder = '';
  let addresses: string[] = [];
  let settings: Settings;
  let before: Readonly<Record<string, HostState>> = {};
  /** ipvs where the kernel has it; the lab's hosts have the machine's kernel. */
  let proxyMode: 'ipvs' | 'nftables' = 'nftables';
  const file = (name = 'cluster.yaml'): string => join(folder, name);
  const apply = (...args: string[]) => must(['apply', '-i', file(), '--yes', ...args]);
  const write = (name: string, change: (settings: Settings) => void): void => {
    const copy = structuredClone(settings);
    change(copy);
    writeFileSync(file(name), stringify(copy));
  };
  const planned = async (): Promise<string[]> => {
    const { stdout } = await provision(['plan', '-i', file(), '--json']);
    const { stages } = JSON.parse(stdout) as PlanJson;
    return stages.flatMap(({ hosts }) =>
      hosts.flatMap(({ host, actions }) => actions.map(({ key }) => `${host} ${key}`)),
    );
  };

  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: 2, fresh: true });
    folder = made.state;
    rmSync(file('.provision'), { recursive: true, force: true });
    addresses = made.hosts.map((host) => host.address);
    // Debian's sudo leaves a note in the home of whoever uses it first: that is before us.
    for (const node of NODES) await on(node, 'echo ops | runuser -u ops -- sudo -S -p "" true');
    before = Object.fromEntries(await Promise.all(NODES.map(async (node) => [node, await stateOf(node)] as const)));
    const has = await on('cp-1', '[ -e /proc/net/ip_vs ] && echo ipvs || echo nftables');
    proxyMode = has.trim() === 'ipvs' ? 'ipvs' : 'nftables';
    const why = proxyMode === 'ipvs' ? 'has /proc/net/ip_vs' : 'shows no /proc/net/ip_vs';
    process.stdout.write(`  proxyMode: ${proxyMode}, because this kernel ${why}\n`);
    settings = parse(readFileSync(made.inventory, 'utf8')) as Settings;
    writeFileSync(file('ops.password'), 'ops\n', { mode: 0o600 });
    settings.cluster = {
      ...settings.cluster,
      podCidr: '10.50.0.0/16',
      serviceCidr: '10.60.0.0/16',
      dnsDomain: 'lab.internal',
      proxyMode,
      pki: { algorithm: 'ECDSA-P256' },
      kubelet: { ...settings.cluster.kubelet, maxPods: 77 },
      apiServer: { extraArgs: { profiling: 'false' } },
    };
    settings.ssh = {
      user: 'ops',
      key: 'id_ed25519',
      agent: false,
      knownHosts: 'known_hosts.of-nobody',
      become: { method: 'sudo', password: { file: 'ops.password' } },
    };
    settings.system = { firewall: 'open' };
    settings.groups = {
      quiet: {
        nodes: ['w-2'],
        labels: { 'example.com/disk': 'ssd' },
        taints: ['dedicated=gpu:PreferNoSchedule'],
        system: { swap: 'keep', selinux: 'keep', hostname: false, hostsFile: false, timeSync: false },
      },
    };
    settings.nodes = [
      { name: 'cp-1', address: addresses[0], roles: ['control-plane', 'worker'], labels: { 'example.com/zone': 'a' } },
      {
        name: 'w-2',
        address: addresses[1],
        roles: ['worker'],
        labels: { 'example.com/zone': 'b' },
        taints: [{ key: 'example.com/slow', value: 'yes', effect: 'PreferNoSchedule' }],
      },
    ];
    write('cluster.yaml', () => {});
  });
  afterAll(() => lab.down(LAB));

  test('an unknown host is refused; trust-hosts shows the very fingerprints that the hosts have, and records them', async () => {
    const refused = await provision(['facts', '-i', file()]);
    expect(refused.stderr).toMatch(/host key of cp-1 .* is unknown/);
    const { stdout } = await must(['trust-hosts', '-i', file(), '--yes']);
    for (const node of NODES) {
      const [, print = ''] = (await on(node, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
      expect(print).toMatch(/^SHA256:/);
      expect(stdout).toMatch(new RegExp(`^${node} [^\\n]*\\n( .*\\n)*? .*${print.replace(/[+/]/g, '\\$&')}`, 'm'));
    }
    expect(statSync(file(`.provision/${LAB}/known_hosts`)).mode & 0o777).toBe(0o600);
    await must(['facts', '-i', file()]);
  });

  test('a kernel without what proxyMode needs is told as that, before anything is touched', async () => {
    if (proxyMode === 'ipvs') return;
    write('ipvs.yaml', ({ cluster }) => {
      cluster['proxyMode'] = 'ipvs';
    });
    const known = await on('cp-1', '[ -r /proc/config.gz ] && echo yes || echo no');
    const { code, stdout, stderr } = await provision(['apply', '-i', file('ipvs.yaml'), '--yes']);
    expect({ code, said: stdout + stderr }).toEqual({
      code: known === 'yes\n' ? 4 : 1,
      said: expect.stringMatching(known === 'yes\n' ? /built without IP_VS.*proxyMode: ipvs/ : /has no module ip_vs/),
    });
    if (known === 'yes\n') for (const node of NODES) expect(changes(before[node], await stateOf(node))).toEqual([]);
  });

  test('apply by sudo with a password builds it', async () => {
    const { stdout, stderr } = await apply();
    expect(stdout + stderr).not.toMatch(/BEGIN (RSA |EC )?PRIVATE KEY/);
    expect(await on('w-2', 'journalctl -q --no-pager -t sudo | grep COMMAND | tail -n 1')).toMatch(/ops : .*USER=root/);
  });

  test('and there is nothing left to do', async () => {
    expect((await provision(['plan', '-i', file()])).code).toBe(0);
  });

  test('the firewall runs, lets exactly the computed ports through, and no other', async () => {
    const node = ['10250/tcp', '10256/tcp', '30000-32767/tcp', '30000-32767/udp', '8472/udp'];
    const wanted: Readonly<Record<string, string[]>> = { 'cp-1': ['2379-2380/tcp', '6443/tcp', ...node], 'w-2': node };
    for (const name of NODES) {
      expect(await on(name, 'systemctl is-active firewalld')).toBe('active\n');
      for (const how of ['', '--permanent']) {
        const ports = await on(name, `firewall-cmd ${how} --zone=public --list-ports 2>/dev/null`);
        expect(ports.trim().split(' ').sort()).toEqual([...(wanted[name] ?? [])].sort());
        const sources = await on(name, `firewall-cmd ${how} --zone=trusted --list-sources 2>/dev/null`);
        expect(sources.trim()).toBe('10.50.0.0/16');
      }
    }
    // A port that is not in the list is shut, though somebody listens.
    await on('cp-1', `systemd-run -q --unit=listener python3 -m http.server 9999`);
    const ask = (from: string, port: number) =>
      on(from, `curl -sk -m 5 -o /dev/null http${port === 9999 ? '' : 's'}://${addresses[0]}:${port}/healthz; echo $?`);
    await on(
      'cp-1',
      'for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:9999/ && exit 0; sleep 0.1; done; exit 1',
    );
    expect(await ask('w-2', 9999)).toMatch(/^(7|28)\n/);
    expect(await ask('w-2', 6443)).toBe('0\n');
    await on('cp-1', 'systemctl stop listener');
  });

  test('the smoke test passes through it: pods, Services, names of lab.internal, NodePorts', async () => {
    const { stdout } = await must(['smoke', '-i', file(), '--json']);
    const checks = JSON.parse(stdout) as { name: string; ok: boolean; said: string }[];
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(checks.filter((check) => check.name.startsWith('NodePort'))).toHaveLength(4);
    for (const node of NODES) expect(checks.map((check) => check.name)).toContain(`Service by name from ${node}`);
  });

  test('pods, Services and names are of the networks and the domain that were asked for', async () => {
    expect(await kubectl('get nodes -o jsonpath={.items[*].spec.podCIDR}')).toMatch(
      /^10\.50\.\d+\.0\/24 10\.50\.\d+\.0\/24$/,
    );
    expect(await kubectl('get service kubernetes -o jsonpath={.spec.clusterIP}')).toBe('10.60.0.1');
    expect(await on('w-2', 'grep -A1 clusterDNS /var/lib/kubelet/config.yaml')).toContain('- 10.60.0.10');
    expect(await kubectl('-n kube-system get configmap coredns -o jsonpath={.data.Corefile}')).toContain(
      'lab.internal',
    );
  });

  test('kube-proxy runs in the mode that was asked for', async () => {
    for (const node of NODES) {
      const shown = await on(node, proxyMode === 'ipvs' ? 'ipvsadm -Ln' : 'nft list table ip kube-proxy');
      expect(shown).toContain('10.60.0.10');
    }
  });

  test('every certificate is an elliptic one and passes openssl verify -x509_strict', async () => {
    const said = await on(
      'cp-1',
      `cd /etc/kubernetes/pki
for c in $(find . -name '*.crt'); do
  case $c in ./front-proxy*) ca=front-proxy-ca.crt ;; ./etcd/* | *etcd-client*) ca=etcd/ca.crt ;; *) ca=ca.crt ;; esac
  printf '%s %s ' "$c" "$(openssl x509 -in $c -noout -text | sed -n 's/^ *ASN1 OID: //p')"
  openssl verify -x509_strict -CAfile $ca $c | sed 's/.*: //'
done`,
    );
    expect(lines(said)).toHaveLength(10);
    for (const line of lines(said)) expect(line).toMatch(/\.crt prime256v1 OK$/);
    for (const node of NODES) {
      // The kubelet makes the key of its own certificate; the cluster's CA signs it.
      const own = '/var/lib/kubelet/pki/kubelet-client-current.pem';
      expect(await on(node, `openssl x509 -in ${own} -noout -text | grep 'Signature Algorithm'`)).toContain(
        'ecdsa-with-SHA256',
      );
      expect(await on(node, `openssl verify -x509_strict -CAfile /etc/kubernetes/pki/ca.crt ${own}`)).toContain(': OK');
    }
  });

  const running = async () => ({
    flags: (await on('cp-1', `tr '\\0' '\\n' </proc/$(pgrep -o -x kube-apiserver)/cmdline`)).split('\n'),
    pods: (await kubectl('get nodes -o jsonpath={.items[*].status.capacity.pods}')).split(' '),
  });
  const marks = async () => {
    const { metadata, spec } = JSON.parse(await kubectl('get node w-2 -o json')) as {
      metadata: { labels: Record<string, string> };
      spec: { taints: { key: string; value?: string; effect: string }[] };
    };
    const own = Object.entries(metadata.labels).filter(([key]) => key.startsWith('example.com/'));
    return {
      labels: Object.fromEntries(own),
      taints: spec.taints.map((t) => `${t.key}=${t.value}:${t.effect}`).sort(),
    };
  };

  test('settings of kubelet and API server, labels and taints reach what runs', async () => {
    const { flags, pods } = await running();
    expect(flags).toContain('--profiling=false');
    expect(pods).toEqual(['77', '77']);
    expect(await marks()).toEqual({
      labels: { 'example.com/zone': 'b', 'example.com/disk': 'ssd' },
      taints: ['dedicated=gpu:PreferNoSchedule', 'example.com/slow=yes:PreferNoSchedule'],
    });
  });

  test('a host whose system is left alone is left alone', async () => {
    const [was, is, changed] = [before['w-2'] ?? {}, await stateOf('w-2'), await stateOf('cp-1')];
    for (const topic of ['swap', 'selinux', 'hostname']) expect(is[topic]).toEqual(was[topic]);
    const content = (state: HostState, path: string) => state['contents']?.filter((line) => line.endsWith(` ${path}`));
    for (const path of ['/etc/hosts', '/etc/hostname', '/etc/fstab', '/etc/selinux/config']) {
      expect(content(is, path)).toHaveLength(1);
      expect(content(is, path)).toEqual(content(was, path));
      expect(content(changed, path)).not.toEqual(content(before['cp-1'] ?? {}, path));
    }
    expect(is['processes']).not.toContain('chronyd');
    expect(is['active']).not.toContain('chrony.service active');
  });

  describe('a changed inventory', () => {
    test('one flag of the API server: its manifest, its restart and what kubeadm reads; then the API answers', async () => {
      settings.cluster['apiServer'] = { extraArgs: { profiling: 'true', v: 3 } };
      write('cluster.yaml', () => {});
      expect((await planned()).sort()).toEqual([
        'cp-1 file /etc/kubernetes/manifests/kube-apiserver.yaml',
        'cp-1 objects cluster configuration',
        'cp-1 static-pod kube-apiserver',
      ]);
      await apply();
      const { flags } = await running();
      expect(flags).toEqual(expect.arrayContaining(['--profiling=true', '--v=3']));
      expect(await kubectl('get --raw /readyz')).toBe('ok');
      expect(await planned()).toEqual([]);
    });

    test('a setting of the kubelet, a label that goes and a taint that changes: exactly those', async () => {
      settings.cluster.kubelet = { ...settings.cluster.kubelet, maxPods: 88 };
      settings.groups['quiet'] = {
        ...(settings.groups['quiet'] as object),
        labels: {},
        taints: ['dedicated=cpu:PreferNoSchedule'],
      };
      write('cluster.yaml', () => {});
      expect((await planned()).sort()).toEqual([
        'cp-1 file /var/lib/kubelet/config.yaml',
        'cp-1 objects cluster configuration',
        'cp-1 unit kubelet.service',
        'w-2 file /var/lib/kubelet/config.yaml',
        'w-2 node w-2',
        'w-2 unit kubelet.service',
      ]);
      await apply();
      expect((await running()).pods).toEqual(['88', '88']);
      expect(await marks()).toEqual({
        labels: { 'example.com/zone': 'b' },
        taints: ['dedicated=cpu:PreferNoSchedule', 'example.com/slow=yes:PreferNoSchedule'],
      });
      expect(await planned()).toEqual([]);
    });
  });

  test('through a bastion: h2 is reached from h1', async () => {
    write('bastion.yaml', ({ nodes }) => {
      nodes[1] = { ...nodes[1], ssh: { bastion: `ops@${addresses[0]}:22` } };
    });
    const { stdout } = await must(['facts', '-i', file('bastion.yaml'), '--limit', 'w-2', '--json']);
    expect((JSON.parse(stdout) as Record<string, { machine: { hostname: string } }>)['w-2']?.machine.hostname).toBe(
      'h2',
    );
    const logins = await on('w-2', `journalctl -q --no-pager -u ssh | grep 'Accepted publickey for ops'`);
    expect(lines(logins).at(-1)).toContain(` from ${addresses[0]} port `);
  });

  test("from the operator's side: kubectl with the kept kubeconfig, and with the one merged into ~/.kube/config", async () => {
    const home = mkdtempSync(join(tmpdir(), 'provision-home-'));
    try {
      const binary = join(home, 'kubectl');
      const url = `${settings.cluster.mirrors.artifacts}/dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubectl`;
      writeFileSync(binary, new Uint8Array(await (await fetch(url)).arrayBuffer()), { mode: 0o755 });
      mkdirSync(join(home, '.kube'));
      const theirs = { apiVersion: 'v1', kind: 'Config', 'current-context': 'theirs', clusters: [], users: [] };
      const contexts = [{ name: 'theirs', context: { cluster: 'theirs', user: 'theirs' } }];
      writeFileSync(join(home, '.kube/config'), stringify({ ...theirs, contexts }), { mode: 0o600 });
      const env = { HOME: home };
      const merged = await provision(['kubeconfig', '-i', file(), '--merge'], { env });
      expect({ code: merged.code, said: merged.stderr }).toEqual({ code: 0, said: '' });
      const ask = (...args: string[]) => runProgram([binary, ...args, 'get', 'nodes', '-o', 'name'], { env });
      const both = 'node/cp-1\nnode/w-2\n';
      expect(await ask(`--kubeconfig=${file(`.provision/${LAB}/kubeconfig`)}`)).toMatchObject({
        code: 0,
        stdout: both,
      });
      expect(await ask(`--context=${LAB}`)).toMatchObject({ code: 0, stdout: both });
      expect(readFileSync(join(home, '.kube/config'), 'utf8')).toContain('name: theirs');
      expect(statSync(join(home, '.kube/config')).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test('apply --limit mends one host and leaves the other', async () => {
    for (const node of NODES) await on(node, `echo '# by hand' >>/etc/crictl.yaml`);
    await apply('--limit', 'w-2');
    expect(await planned()).toEqual(['cp-1 file /etc/crictl.yaml']);
    await apply();
  });

  test('reset --limit gives one host back, its firewall too, and apply brings it back', async () => {
    await must(['reset', '-i', file(), '--limit', 'w-2', '--yes']);
    expect(changes(before['w-2'], await stateOf('w-2'))).toEqual([]);
    expect(lines(await kubectl('get nodes -o name'))).toEqual(['node/cp-1']);
    await apply();
    expect(await kubectl('get node w-2 --no-headers')).toMatch(/^w-2 +Ready /);
  });

  test('reset of everything gives both hosts back as they were, with the firewall as it was', async () => {
    await must(['reset', '-i', file(), '--yes']);
    for (const node of NODES) {
      const now = await stateOf(node);
      expect(now['firewalld']).toEqual(before[node]?.['firewalld']);
      expect(changes(before[node], now)).toEqual([]);
    }
  });
});
