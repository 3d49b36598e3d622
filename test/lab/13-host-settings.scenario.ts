import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import { differences, type HostState, readHostState, STATE_QUESTION } from '../support/host-state.js';
import { must, provision } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// What a runbook does to a host beside Kubernetes, on one host of its own: time servers and zone, further host names, services to
// stop, kubectl for people, NetworkManager. Then nothing is left to do, and reset gives all of it back.
const LAB = ownLabName('settings');

const on = async (script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, 'h1', script);
  if (code !== 0) throw new Error(`ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};

/** A program of this name that counts how often it is told to read its files again: the real one wants the network to itself. */
const NETWORK_MANAGER = `set -e
mkdir -p /etc/NetworkManager/conf.d
cp /bin/sleep /usr/local/sbin/NetworkManager
cat >/etc/systemd/system/NetworkManager.service <<'UNIT'
[Service]
ExecStart=/usr/local/sbin/NetworkManager infinity
ExecReload=/bin/sh -c 'echo reload >>/var/log/nm-reloads'
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/mailer.service <<'UNIT'
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet --now NetworkManager.service mailer.service
runuser -u ops -- sh -c 'mkdir ~/.kube && echo "of ops" >~/.kube/config && chmod 640 ~/.kube/config'`;

describe('the settings of a host', () => {
  let file = '';
  let before: HostState = {};

  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: 1, fresh: true });
    rmSync(join(made.state, '.provision'), { recursive: true, force: true });
    mkdirSync(made.state, { recursive: true });
    file = join(made.state, 'settings.yaml');
    const inventory = parse(readFileSync(made.inventory, 'utf8')) as { system?: object };
    inventory.system = {
      ...inventory.system,
      timezone: 'Asia/Shanghai',
      timeSync: { servers: ['192.0.2.123'] },
      extraHosts: { 'raw.example.com': ['192.0.2.8', '192.0.2.9'] },
      disableServices: ['mailer', 'postfix'],
      kubectlUsers: ['root', 'ops'],
      sysctl: { 'net.bridge.bridge-nf-call-arptables': 1, 'net.ipv4.ip_forward_use_pmtu': 0 },
    };
    writeFileSync(file, stringify(inventory));
    await on(NETWORK_MANAGER);
    before = readHostState(await on(STATE_QUESTION));
  });
  afterAll(() => lab.down(LAB));

  test('a user whom nobody knows is named, and nothing is touched', async () => {
    const other = file.replace(/settings\.yaml$/, 'unknown-user.yaml');
    writeFileSync(other, readFileSync(file, 'utf8').replace('- ops', '- opps'));
    const { code, stderr } = await provision(['apply', '-i', other, '--yes']);
    expect(code).toBe(1);
    expect(stderr).toContain('there is no user opps, who should get ~/.kube/config');
    expect((await on('ls /var/lib/provision 2>/dev/null || true')).trim()).toBe('');
  });

  test('a service that the host does not have is told, and is no fault', async () => {
    const { stdout, stderr } = await provision(['preflight', '-i', file]);
    expect(stdout + stderr).toContain('it has no unit postfix.service');
    expect(stdout + stderr).not.toContain('mailer.service');
  });

  test('one apply makes it all so', async () => {
    await must(['apply', '-i', file, '--yes']);
    expect(await on('date +%z')).toBe('+0800\n');
    expect(
      await on('chronyc -n sources | grep -c 192.0.2.123; grep -cE "^(pool|server)" /etc/chrony/chrony.conf || true'),
    ).toBe('1\n0\n');
    expect(await on("getent ahostsv4 raw.example.com | awk '/STREAM/ { print $1 }'")).toBe('192.0.2.8\n192.0.2.9\n');
    expect(await on('systemctl is-active mailer || true; systemctl is-enabled mailer || true')).toBe(
      'inactive\ndisabled\n',
    );
    expect(await on('cat /proc/sys/net/bridge/bridge-nf-call-arptables /proc/sys/net/ipv4/ip_forward_use_pmtu')).toBe(
      '1\n0\n',
    );
    expect(await on('cat /var/log/nm-reloads')).toBe('reload\n');
  });

  test('people use kubectl, and bash completes it', async () => {
    for (const user of ['root', 'ops']) {
      const { length } = (await on(`runuser -l ${user} -c 'KUBECACHEDIR=/tmp/kubectl-$USER kubectl get nodes -o name'`))
        .trim()
        .split('\n');
      expect([user, length]).toEqual([user, 1]);
      expect(await on(`stat -c '%a %U' ~${user}/.kube/config`)).toBe(`600 ${user}\n`);
    }
    // The first Tab asks kubectl for its words and makes bash try again with them.
    const tab = `export KUBECACHEDIR=/tmp/kubectl-ops; . /usr/share/bash-completion/bash_completion; complete -p kubectl; _kubectl_first_tab; echo $?; complete -p kubectl
COMP_WORDS=(kubectl get po); COMP_CWORD=2; COMP_LINE="kubectl get po"; COMP_POINT=\${#COMP_LINE}; COMP_TYPE=9; __start_kubectl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = await on(`runuser -l ops -s /bin/bash <<'TAB'\n${tab}\nTAB`);
    expect(said).toContain(
      'complete -F _kubectl_first_tab kubectl\n124\ncomplete -o default -F __start_kubectl kubectl\n',
    );
    expect(said).toMatch(/^pods\b/m);
  });

  test('nothing is left to do', async () => {
    const { stdout } = await must(['apply', '-i', file, '--yes']);
    expect(stdout).toMatch(/0 changes|nothing to do|unchanged/i);
    expect(await on('cat /var/log/nm-reloads')).toBe('reload\n');
  });

  test('reset gives everything back, and tells those who read it', async () => {
    await must(['reset', '-i', file, '--yes']);
    expect(await on('cat ~ops/.kube/config; stat -c "%a %U" ~ops/.kube/config')).toBe('of ops\n640 ops\n');
    expect((await on('cat /var/log/nm-reloads')).trim().split('\n').length).toBeGreaterThan(1);
    const after = readHostState(await on(STATE_QUESTION));
    const left = differences(before, after);
    expect(left).toEqual([]);
  });
});
