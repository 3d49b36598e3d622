import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cutAfter } from '../support/cut.js';
import { differences, type HostState } from '../support/host-state.js';
import {
  clusterUp,
  inventoryFile,
  kubectl,
  MEMBERS,
  must,
  onHost,
  provision,
  stateBefore,
  stateNow,
} from '../support/lab.js';

const reset = (...args: string[]) => provision(['reset', '-i', inventoryFile, '--yes', ...args]);
const wholeAgain = async (host: string, before = stateBefore(host)): Promise<void> =>
  expect(differences(before, await stateNow(host))).toEqual([]);

/**
 * Somebody else's: whole tables of iptables, a table of nftables, links, files where ours will be. Without firewalld, which
 * flushes every rule of iptables when it is stopped, whoever stops it.
 */
const PLANT = `set -e
systemctl disable --quiet --now firewalld
iptables-restore <<'END'
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:THEIRS - [0:0]
-A PREROUTING -j THEIRS
-A THEIRS -p tcp --dport 8443 -j DNAT --to-destination 192.0.2.9:443
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 198.51.100.0/24 -m comment --comment "not KUBE-SERVICES" -j DROP
COMMIT
END
nft add table inet theirs
nft add chain inet theirs watch '{ type filter hook input priority 10; }'
nft add rule inet theirs watch ip saddr 203.0.113.7 counter
ip link add theirs0 type veth peer name theirs1
mkdir -p -m 0750 /etc/cni/net.d /opt/cni/bin
echo '{"theirs":1}' >/etc/cni/net.d/05-theirs.conflist.disabled
echo theirs >/opt/cni/bin/theirs
echo 'net.ipv4.tcp_keepalive_time = 600' >/etc/sysctl.d/10-theirs.conf
echo 'old: settings' >/etc/crictl.yaml
chmod 0600 /etc/crictl.yaml`;
const UPROOT = `set -e
iptables -t nat -D PREROUTING -j THEIRS; iptables -t nat -F THEIRS; iptables -t nat -X THEIRS
iptables -D INPUT -s 198.51.100.0/24 -m comment --comment "not KUBE-SERVICES" -j DROP
nft delete table inet theirs
for t in filter nat; do nft delete table ip $t; done
ip link delete theirs0
rm -r /etc/cni /opt/cni /etc/sysctl.d/10-theirs.conf /etc/crictl.yaml
systemctl enable --quiet --now firewalld`;

describe('reset puts the hosts back as they were', () => {
  beforeAll(clusterUp);

  describe('of one worker', () => {
    test('it is drained and leaves, and the others stay as they are', async () => {
      await kubectl('create deployment bystander --image=registry.k8s.io/pause:3.10.2 --replicas=4');
      await kubectl('rollout status deployment bystander --timeout=180s');
      const { code, stdout, stderr } = await reset('--limit', 'h3');
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      const told = stderr.split('\n');
      const at = (what: string): number => told.findIndex((line) => line.includes(what));
      expect(at('drain node h3')).toBeGreaterThan(-1);
      expect(at('delete node h3')).toBeGreaterThan(at('drain node h3'));
      expect(at('stop the kubelet')).toBeGreaterThan(at('delete node h3'));
      const nodes = (await kubectl('get nodes -o name')).trim().split('\n');
      expect(nodes).toEqual(['node/h1', 'node/h2']);
      await kubectl('rollout status deployment bystander --timeout=180s');
      expect(await kubectl('get pods -l app=bystander -o jsonpath={.items[*].spec.nodeName}')).toBe('h2 h2 h2 h2');
      await kubectl('delete deployment bystander --wait');
    });

    test('it is as before the first apply', () => wholeAgain('h3'));

    test('a second reset of it does nothing', async () => {
      const report = JSON.parse((await reset('--limit', 'h3', '--json')).stdout) as object;
      expect(report).toMatchObject({ outcome: 'unchanged', changed: 0 });
    });
  });

  describe('of everything', () => {
    test('it says that it is done', async () => {
      const { code, stdout, stderr } = await reset();
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
    });

    test.each(MEMBERS)('%s is as before the first apply', (host) => wholeAgain(host));

    test('a second reset does nothing', async () => {
      const report = JSON.parse((await reset('--json')).stdout) as object;
      expect(report).toMatchObject({ outcome: 'unchanged', changed: 0 });
    });
  });

  describe('on hosts where others have something of their own', () => {
    let planted: HostState = {};
    beforeAll(async () => {
      await onHost('h2', PLANT);
      planted = await stateNow('h2');
    });
    afterAll(() => onHost('h2', UPROOT));

    test('a half-installed cluster goes without a trace, what is theirs stays', async () => {
      const { lines, wasCut } = await cutAfter(60, ['apply', '-i', inventoryFile, '--yes']);
      expect(wasCut ? [] : lines.slice(-3)).toEqual([]);
      const { code, stdout, stderr } = await reset();
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      await wholeAgain('h2', planted);
      await wholeAgain('h1');
      await wholeAgain('h3');
    });

    test('apply succeeds again, and the cluster works', async () => {
      await must(['apply', '-i', inventoryFile, '--yes']);
      await must(['smoke', '-i', inventoryFile]);
    });

    test('and the reset of a node that worked leaves theirs alone too', async () => {
      const { code, stdout, stderr } = await reset('--limit', 'h2');
      expect({ code, said: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, said: '' });
      await wholeAgain('h2', planted);
    });
  });

  test('the hosts of others make no difference: the cluster is whole again', async () => {
    await wholeAgain('h2');
    await must(['apply', '-i', inventoryFile, '--yes']);
    expect((await provision(['plan', '-i', inventoryFile])).code).toBe(0);
  });
});
