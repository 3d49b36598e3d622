import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import { PLAYED_BOOT } from '../support/boots.js';
import { KUBECTL } from '../support/kubectl.js';
import { must } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// Enterprise Linux 7 as its operators run it: ELRepo's kernel out of its own repository, ntpdate and cron, the time zone. The host is a
// Debian underneath with real rpm and dnf; the package kernel-lt is a stand-in without an image, so its image is a dummy of this test.
const LAB = ownLabName('elrepo');
const RELEASE = '5.4.278-1.el7.elrepo.x86_64';

const on = async (script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, 'h1', script);
  if (code !== 0) throw new Error(`ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};

describe('a host of Enterprise Linux 7', () => {
  let file = '';
  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: 1, fresh: true, like: 'centos7' });
    rmSync(join(made.state, '.provision'), { recursive: true, force: true });
    file = join(made.state, 'elrepo.yaml');
    const inventory = parse(readFileSync(made.inventory, 'utf8')) as { system?: object };
    inventory.system = { ...inventory.system, kernel: 'elrepo-lt', timezone: 'Asia/Shanghai' };
    writeFileSync(file, stringify(inventory));
    await on(`set -e\necho 'stand-in, not a kernel' >/boot/vmlinuz-${RELEASE}\n${PLAYED_BOOT}\nrm /run/booted-kernel`);
  });
  afterAll(() => lab.down(LAB));

  test('gets the long-term kernel of ELRepo, restarts, and the run goes on', async () => {
    await must(['apply', '-i', file, '--yes']);
    expect(await on('rpm -q kernel-lt; uname -r')).toBe(`kernel-lt-${RELEASE}\n${RELEASE}\n`);
    expect((await on('cut -d" " -f1 /var/log/boots')).trim().split('\n')).toEqual(['up', 'down', 'up']);
    const ready = await on(`${KUBECTL} get nodes --no-headers`);
    expect(ready).toMatch(/^h1 +Ready /);
  });

  test("its clock is set by ntpdate and cron from the preset's server, and by nobody else", async () => {
    expect(await on('cat /etc/cron.d/provision-ntpdate')).toMatch(
      /\n\*\/10 \* \* \* \* root ntpdate -u ntp\.aliyun\.com >\/dev\/null 2>&1\n/,
    );
    expect(
      await on('command -v ntpdate; systemctl is-active crond; systemctl is-active chronyd || true; date +%z'),
    ).toBe('/usr/sbin/ntpdate\nactive\ninactive\n+0800\n');
  });

  test('nothing is left to do', async () => {
    expect((await must(['apply', '-i', file, '--yes'])).stdout).toContain('nothing to do, 0 changes');
  });

  test('reset takes the repository and the clock back; a kernel that runs stays', async () => {
    await must(['reset', '-i', file, '--yes']);
    expect(await on('ls /etc/yum.repos.d /etc/cron.d; rpm -q kernel-lt; readlink /etc/localtime')).not.toMatch(
      /elrepo-kernel|provision-ntpdate|Shanghai|not installed/,
    );
  });
});
