import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Cut, cutAfter, random } from '../support/cut.js';
import { differences } from '../support/host-state.js';
import {
  clusterUp,
  inventoryFile,
  MEMBERS,
  must,
  onHost,
  provision,
  stateBefore,
  stateFolder,
  stateNow,
} from '../support/lab.js';

/** PROVISION_TEST_SEED gives the kills of a red run again. */
const seed = Number(process.env['PROVISION_TEST_SEED'] ?? Date.now() % 1_000_000);
const next = random(seed);
const APPLY = ['apply', '-i', inventoryFile, '--yes'];
const RESET = ['reset', '-i', inventoryFile, '--yes'];

/**
 * What a finished build leaves on a host: each file with its mode and sum; of the ledger the names, of what is remembered there. Not the
 * unit of the kubelet: joining starts it and answers for it, and a run that goes on after that finds it as it should be.
 */
const KUBELET_ENTRY = createHash('sha256').update('unit kubelet.service').digest('hex').slice(0, 20);
const TREE = `
cd /
find etc/kubernetes etc/containerd etc/cni etc/sysctl.d etc/modules-load.d etc/systemd/system etc/security/limits.d opt/cni usr/local \\
  var/lib/kubelet/config.yaml var/lib/kubelet/kubeadm-flags.env var/lib/kubelet/instance-config.yaml var/lib/provision/stamps var/lib/provision/artifacts \\
  -printf '%y %m %u:%g %p -> %l\\n' | sort
find etc/kubernetes etc/containerd etc/cni etc/sysctl.d etc/modules-load.d etc/systemd/system etc/hosts etc/fstab usr/local opt/cni \\
  var/lib/kubelet/config.yaml var/lib/kubelet/kubeadm-flags.env var/lib/kubelet/instance-config.yaml var/lib/provision/stamps var/lib/provision/artifacts \\
  -type f -print0 | sort -z | xargs -0 sha256sum
ls var/lib/provision/ledger | grep -v ^${KUBELET_ENTRY}`;
/** Half-written files and folders of runs that are over. */
const LEAVINGS = `
ls -d /run/provision*/ /run/provision-work* 2>/dev/null
find / -xdev \\( -name '.*.provision-*' -o -name '*.provision-back' -o -path '/var/lib/provision/downloads/*' \\) 2>/dev/null
ls -d /etc/kubernetes/bootstrap-kubelet.conf 2>/dev/null
true`;

const trees = async (): Promise<Record<string, readonly string[]>> =>
  Object.fromEntries(await Promise.all(MEMBERS.map(async (host) => [host, (await onHost(host, TREE)).split('\n')])));
const plannedActions = async (): Promise<number> => {
  const { stdout } = await provision(['plan', '-i', inventoryFile, '--json']);
  const { stages } = JSON.parse(stdout) as { stages: { hosts: Record<string, { actions: unknown[] }> }[] };
  return stages.flatMap((stage) => Object.values(stage.hosts)).reduce((sum, { actions }) => sum + actions.length, 0);
};
const certificate = (text: string): string =>
  /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0] ?? 'no certificate';
const clusterCa = (): string => certificate(readFileSync(join(stateFolder, 'pki/authorities/ca.pem'), 'utf8'));

describe(`provision is killed with SIGKILL at random points (PROVISION_TEST_SEED=${seed})`, () => {
  let uninterrupted: Record<string, readonly string[]> = {};
  let ca = '';
  let actions = 0;
  let points: readonly number[] = [];

  beforeAll(async () => {
    await clusterUp();
    uninterrupted = await trees();
    ca = clusterCa();
    await must(RESET);
    actions = await plannedActions();
    // Five points, one in each fifth of the work: a run that goes on where a killed one stopped is killed again.
    points = [0, 1, 2, 3, 4].map((fifth) => Math.ceil(((fifth + next()) * actions) / 5));
  });

  test('there is a build worth killing', () => expect(actions).toBeGreaterThan(100));

  test('five times in one build', async () => {
    const cuts: { readonly point: number; readonly cut: Cut }[] = [];
    let done = 0;
    for (const point of points) {
      const cut = await cutAfter(Math.max(1, point - done), APPLY);
      cuts.push({ point, cut });
      done = actions - (await plannedActions());
    }
    const ended = cuts.filter(({ cut }) => !cut.wasCut).map(({ point, cut }) => ({ point, said: cut.lines.slice(-3) }));
    expect({ kills: cuts.length, ended }).toEqual({ kills: 5, ended: [] });
  });

  test('and finished by the next apply, as if nothing had been', async () => {
    await must(APPLY);
    expect((await provision(['plan', '-i', inventoryFile])).code).toBe(0);
    expect(await trees()).toEqual(uninterrupted);
  });

  test('the cluster works, with the CA that it had', async () => {
    await must(['smoke', '-i', inventoryFile]);
    expect(clusterCa()).toBe(ca);
    expect(certificate(await onHost('h1', 'cat /etc/kubernetes/pki/ca.crt'))).toBe(ca);
  });

  test('nothing half-written and no bootstrap token is left', async () => {
    const left = await Promise.all(MEMBERS.map((host) => onHost(host, LEAVINGS)));
    expect(left).toEqual(['', '', '']);
    expect(JSON.parse((await must(['token', 'list', '-i', inventoryFile, '--json'])).stdout)).toEqual([]);
  });

  test('a reset that is killed in the middle is finished by the next one', async () => {
    const cut = await cutAfter(Math.ceil((0.2 + 0.6 * next()) * MEMBERS.length * 40), RESET);
    expect(cut.wasCut ? [] : cut.lines.slice(-3)).toEqual([]);
    await must(RESET);
    for (const host of MEMBERS) {
      expect(differences(stateBefore(host), await stateNow(host))).toEqual([]);
      expect(await onHost(host, LEAVINGS)).toBe('');
    }
  });
});
