import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { PlanJson } from '../../src/report/index.js';
import { PLAYED_BOOT } from '../support/boots.js';
import { KUBECTL } from '../support/kubectl.js';
import { must, provision } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// A kernel is brought to two hosts, and both restart within one apply, one after the other. The restarts are real: systemd goes down,
// the line breaks, another boot_id answers. These hosts have the machine's own kernel, so the package is a dummy that is labelled as
// such, and `uname` says what a boot loader would have chosen; a kernel that really changes is the business of the virtual machine.
const LAB = ownLabName('kernel');
const HOSTS = ['h1', 'h2'];
const RELEASE = '9.9.9-dummy-amd64';

const on = async (host: string, script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, host, script);
  if (code !== 0) throw new Error(`${host} ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};
const everywhere = (script: string): Promise<string[]> => Promise.all(HOSTS.map((host) => on(host, script)));

/** A repository of dummies, a boot loader that takes the newest image (or stays with the former one), and a record of boots. */
const PREPARED = `set -e
mkdir -p /srv/kernels && cd /srv/kernels
package() { # NAME DEPENDS, its files are in ./tree
  mkdir -p tree/DEBIAN
  printf 'Package: %s\\nVersion: 9.9.9\\nArchitecture: amd64\\nMaintainer: lab\\nDepends: %s\\nDescription: dummy, not a kernel\\n' "$1" "$2" | grep -v '^Depends: $' >tree/DEBIAN/control
  dpkg-deb --build --root-owner-group tree "$1.deb" >/dev/null
  { cat tree/DEBIAN/control; echo "Filename: ./$1.deb"; echo "Size: $(stat -c %s "$1.deb")"; echo "SHA256: $(sha256sum <"$1.deb" | cut -c1-64)"; echo; } >>Packages
  rm -r tree
}
mkdir -p tree/boot && echo 'dummy, not a kernel' >tree/boot/vmlinuz-${RELEASE}
package linux-image-${RELEASE} ''
package linux-image-amd64 'linux-image-${RELEASE} (= 9.9.9)'
echo 'deb [trusted=yes] file:/srv/kernels ./' >/etc/apt/sources.list.d/kernels.list
${PLAYED_BOOT}`;

describe('a kernel, and a restart within the run', () => {
  let file = '';
  const boots = async (): Promise<string[][]> =>
    (await everywhere('cat /var/log/boots')).map((text) => text.trim().split('\n'));

  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: 2, fresh: true });
    rmSync(join(made.state, '.provision'), { recursive: true, force: true });
    file = join(made.state, 'kernel.yaml');
    const inventory = parse(readFileSync(made.inventory, 'utf8')) as { system?: object };
    inventory.system = { ...inventory.system, kernel: 'distribution' };
    writeFileSync(file, stringify(inventory));
    await everywhere(PREPARED);
  });
  afterAll(() => lab.down(LAB));

  test('a host that comes back with another kernel is named, and the other one stays up', async () => {
    await everywhere('touch /etc/stubborn');
    const { code, stdout, stderr } = await provision(['apply', '-i', file, '--yes']);
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/h[12] came back with kernel \S+, not with 9\.9\.9-dummy-amd64/);
    expect(stdout + stderr).toMatch(/not rebooted, because h[12] did not get through its own reboot/);
    const downs = (await boots()).map((lines) => lines.filter((line) => line.startsWith('down')).length);
    expect(downs.sort()).toEqual([0, 1]);
    await everywhere('rm /etc/stubborn');
  });

  test('the next plan is the boot, for the kernel that is there', async () => {
    const { stdout } = await provision(['plan', '-i', file, '--json']);
    const { stages } = JSON.parse(stdout) as PlanJson;
    const planned = stages.flatMap(({ step, hosts }) =>
      step === 'kernel'
        ? hosts.flatMap(({ host, actions }) => actions.map(({ summary }) => `${host}: ${summary}`))
        : [],
    );
    expect(planned.sort()).toEqual(HOSTS.map((host) => `${host}: boot kernel ${RELEASE}`));
  });

  test('both restart, one after the other, and the run goes on until the nodes are Ready', async () => {
    const before = await boots();
    await must(['apply', '-i', file, '--yes']);
    expect(await everywhere('uname -r')).toEqual([`${RELEASE}\n`, `${RELEASE}\n`]);
    const spans = (await boots()).map((lines, index) => {
      const [down = '', up = ''] = lines.slice(before[index]?.length);
      expect([down.slice(0, 4), up.slice(0, 2), lines.length - (before[index]?.length ?? 0)]).toEqual([
        'down',
        'up',
        2,
      ]);
      return { down: BigInt(down.slice(5)), up: BigInt(up.slice(3)) };
    });
    const [first, second] = spans.sort((a, b) => (a.down < b.down ? -1 : 1));
    expect(first && second && second.down > first.up).toBe(true);
    const ready = await on('h1', `${KUBECTL} get nodes --no-headers`);
    expect(ready.match(/ Ready /g)).toHaveLength(2);
  });

  test('nothing is left to do, and nobody restarts', async () => {
    const ids = await everywhere('cat /proc/sys/kernel/random/boot_id');
    const { stdout } = await must(['apply', '-i', file, '--yes']);
    expect(stdout).toMatch(/0 changes|nothing to do|unchanged/i);
    expect(await everywhere('cat /proc/sys/kernel/random/boot_id')).toEqual(ids);
  });

  test('reset leaves a kernel that runs where it is, and of ours nothing', async () => {
    await must(['reset', '-i', file, '--yes']);
    for (const said of await everywhere(`ls /boot/vmlinuz-${RELEASE}; ls -d /var/lib/provision 2>&1 || true`)) {
      expect(said).toContain(`/boot/vmlinuz-${RELEASE}`);
      expect(said).toContain("cannot access '/var/lib/provision'");
    }
  });
});
