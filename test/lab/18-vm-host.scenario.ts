import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { PlanJson } from '../../src/report/index.js';
import { differences, type HostState, readHostState, STATE_QUESTION } from '../support/host-state.js';
import { eventually, must, provision } from '../support/lab.js';

// What practice hosts that are containers cannot show, because they share the machine's kernel: swap that is in use, modules, SELinux
// that is enforced, a kernel that is brought and booted, and what of it all is still so after a restart. On a virtual machine without KVM,
// whose emulated processor takes an hour for a control plane: the build is held up where the kubelet would come, by a sum that no
// download has. All of the host's preparation and its runtime lie before that.
const LAB = process.env['PROVISION_TEST_LAB'] === undefined ? 'vm' : `${process.env['PROVISION_TEST_LAB']}-vm`;
/** Its processor is emulated. */
const MINUTES = 60_000;

const on = async (script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, 'h1', script);
  if (code !== 0) throw new Error(`ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};
const bootId = (): Promise<string> => on('cat /proc/sys/kernel/random/boot_id');
const IPVS = ['ip_vs', 'ip_vs_rr', 'ip_vs_sh', 'ip_vs_wrr'];
const loaded = async (): Promise<string[]> => {
  const modules = (await on(`awk '{ print $1 }' /proc/modules`)).split('\n');
  return IPVS.filter((name) => modules.includes(name));
};

describe('a host with a kernel of its own', () => {
  let file = '';
  let before: HostState = {};
  let kernel = '';
  /** The newest that the mirror has; the archive may have no other between a point release and the next security update. */
  let newest = '';
  /** Steps that have something to do. */
  const planned = async (): Promise<string[]> => {
    const { stdout } = await provision(['plan', '-i', file, '--json']);
    return (JSON.parse(stdout) as PlanJson).stages.map(({ step }) => step);
  };
  /** What is so on a prepared host, whichever boot it is in. */
  const prepared = async (): Promise<void> => {
    expect((await on('cat /proc/swaps')).trim().split('\n')).toHaveLength(1); // the heading
    expect(await on('getenforce; sed -n s/^SELINUX=//p /etc/selinux/config')).toBe('Permissive\npermissive\n');
    expect(await loaded()).toEqual(IPVS);
    expect(await on('sysctl -n net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables vm.max_map_count')).toBe(
      '1\n1\n524288\n',
    );
  };

  beforeAll(async () => {
    await lab.installLabPackages(undefined, true);
    const made = await lab.up({ name: LAB, vm: true, fresh: true });
    rmSync(join(made.state, '.provision'), { recursive: true, force: true });
    file = join(made.state, 'vm.yaml');
    const inventory = parse(readFileSync(made.inventory, 'utf8')) as {
      cluster: Record<string, unknown>;
      system?: object;
      nodes: object[];
    };
    const sums = JSON.parse(readFileSync(join(made.state, 'checksums.json'), 'utf8')) as Record<string, string>;
    for (const url of Object.keys(sums)) if (url.endsWith('/kubelet')) sums[url] = '0'.repeat(64);
    writeFileSync(join(made.state, 'no-kubelet.json'), JSON.stringify(sums));
    (inventory.cluster['mirrors'] as { checksums: string }).checksums = 'no-kubelet.json';
    inventory.cluster['proxyMode'] = 'ipvs';
    inventory.system = { kernel: 'distribution', sysctl: { 'vm.max_map_count': 524_288 } };
    inventory.nodes = inventory.nodes.map((node) => ({ ...node, roles: ['control-plane', 'worker'] }));
    writeFileSync(file, stringify(inventory));
    before = readHostState(await on(STATE_QUESTION));
    kernel = (await on('uname -r')).trim();
    newest = (
      await on(
        `apt-get -qq update && apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: linux-image-//p' | sort -V | tail -n 1`,
      )
    ).trim();
  }, 20 * MINUTES);
  afterAll(() => lab.down(LAB));

  test('is one: swap in use, SELinux enforced, a kernel that is not the machine’s, and no module of IPVS yet', async () => {
    expect(await on(`awk 'NR > 1 { print $2, $3 > 0 }' /proc/swaps`)).toBe('partition 1\n');
    expect(await on('getenforce')).toBe('Enforcing\n');
    expect(kernel).not.toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
    expect(await loaded()).toEqual([]);
    expect((await lab.status(LAB))?.hosts).toMatchObject([{ name: 'h1', vm: true, running: true, answers: true }]);
  });

  test(
    'one apply brings the newest kernel, waits for the restart and goes on with what follows',
    async () => {
      const boot = await bootId();
      const { code, stderr, stdout } = await provision(['apply', '-i', file, '--yes']);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/kubernetes-binaries on h1: .*kubelet/);
      if (newest === kernel) {
        process.stdout.write(`  no newer kernel than ${kernel} is in Debian's archive today: none was brought\n`);
      } else expect(await bootId()).not.toBe(boot);
      expect((await on('uname -r')).trim()).toBe(newest);
      await prepared();
      expect(await on('systemctl is-active containerd')).toBe('active\n');
    },
    60 * MINUTES,
  );

  test(
    'a restart changes nothing of it: of all that was prepared nothing is left to do',
    async () => {
      const boot = await bootId();
      await on('systemctl reboot').catch(() => {}); // the connection goes with the host
      await eventually(bootId, new RegExp(`^(?!${boot.trim()})[0-9a-f-]{36}\\n$`), 600);
      await prepared();
      expect((await planned()).at(0)).toBe('kubernetes-binaries');
    },
    25 * MINUTES,
  );

  test(
    'reset gives all of it back, and swap is in use again',
    async () => {
      await must(['reset', '-i', file, '--yes']);
      expect(await on(`awk 'NR > 1 { print $2, $3 > 0 }' /proc/swaps`)).toBe('partition 1\n');
      expect(await on('getenforce; sed -n s/^SELINUX=//p /etc/selinux/config')).toBe('Enforcing\nenforcing\n');
      expect(await on('cat /etc/modules-load.d/*.conf /etc/sysctl.d/*.conf 2>/dev/null || true')).not.toContain(
        'ip_vs',
      );
      expect(await on('sysctl -n net.ipv4.ip_forward')).toBe('0\n');
      const left = differences(before, readHostState(await on(STATE_QUESTION))).filter((line) => !GROWN.test(line));
      expect(left).toEqual([]);
    },
    25 * MINUTES,
  );
});

/**
 * What is another after a restart or with another kernel, and nothing that reset could give back: the kernel that runs stays with its
 * package, modules bring settings, the audit log and SELinux' own caches are written by the system.
 */
const GROWN =
  /^(packages: .* (linux-image|linux-base)|files: .*(\/boot|\/lib\/modules|\/usr\/lib\/modules|\/vmlinuz|\/initrd\.img|\/var\/lib\/initramfs-tools)|contents: .*(\/boot|\/lib\/modules|\/var\/lib\/initramfs-tools)|active: .* user-runtime-dir@|sysctl: .*(nf_conntrack|vs\.|kernel\.))/;
