import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { PlanJson } from '../../src/report/index.js';
import { runProgram } from '../../src/transport/index.js';
import { differences, type HostState, readHostState, STATE_QUESTION } from '../support/host-state.js';
import { KUBECTL } from '../support/kubectl.js';
import { eventually, must, provision, provisionWords } from '../support/lab.js';
import { ownLabName } from '../support/lab-names.js';

// calico's own manifest, applied for real. Its programs are no Go module that can be built, so the lab has no image of them: what is
// shown is what the API server and the scheduler make of it, and how a build ends whose pod network cannot be pulled. Whether its pods
// run and what they then connect is not shown here.
const LAB = ownLabName('calico');
const NODES = ['h1', 'h2'] as const;

const on = async (host: string, script: string): Promise<string> => {
  const { code, stdout, stderr } = await lab.exec(LAB, host, script);
  if (code !== 0) throw new Error(`${host}: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
  return stdout;
};
const kubectl = (args: string): Promise<string> => on('h1', `${KUBECTL} ${args}`);
const stateOf = async (host: string): Promise<HostState> => readHostState(await on(host, STATE_QUESTION));
describe('calico', () => {
  let file = '';
  let images: string[] = [];
  const before = new Map<string, HostState>();
  const planned = async (): Promise<string[]> => {
    const { stdout } = await provision(['plan', '-i', file, '--json']);
    const { stages } = JSON.parse(stdout) as PlanJson;
    return stages.flatMap(({ hosts }) =>
      hosts.flatMap(({ host, actions }) => actions.map(({ key }) => `${host} ${key}`)),
    );
  };

  beforeAll(async () => {
    const made = await lab.up({ name: LAB, hosts: NODES.length, fresh: true });
    rmSync(join(made.state, '.provision'), { recursive: true, force: true });
    file = join(made.state, 'calico.yaml');
    const inventory = parse(readFileSync(made.inventory, 'utf8')) as {
      cluster: { network: unknown; mirrors: { registries: Record<string, string> } };
    };
    inventory.cluster.network = { plugin: 'calico', podCidr: '10.50.0.0/16', mtu: 1400 };
    // The lab's registry answers for quay.io as well, and says that it has no such image.
    inventory.cluster.mirrors.registries['quay.io'] = inventory.cluster.mirrors.registries['ghcr.io'] ?? '';
    writeFileSync(file, stringify(inventory));
    for (const host of NODES) before.set(host, await stateOf(host));
  });
  afterAll(() => lab.down(LAB));

  test('the images of the cluster are those of its release, with calico’s and without flannel’s', async () => {
    const { stdout } = await must(['images', 'list', '-i', file, '--json']);
    const { roles } = JSON.parse(stdout) as { roles: Record<string, string[]> };
    images = [...new Set(Object.values(roles).flat())].filter((image) => image.startsWith('quay.io/'));
    expect(images.map((image) => image.replace(/:.*/, '')).sort()).toEqual([
      'quay.io/calico/cni',
      'quay.io/calico/kube-controllers',
      'quay.io/calico/node',
    ]);
    expect(stdout).not.toContain('flannel');
  });

  test('a build whose pod network cannot be pulled fails, and names the image on every host', async () => {
    const { code, stderr, stdout } = await provision(['apply', '-i', file, '--yes']);
    expect(code).toBe(1);
    const said = stdout + stderr;
    const cni = images.find((image) => image.includes('/cni:')) ?? 'no image';
    expect(said).toMatch(/h1.*node h1 is Ready/);
    expect(said).toContain(`${cni}: Back-off pulling image "${cni}"`);
    expect(said).toMatch(/h2.*the image quay\.io\/calico\/cni:\S+ is here/);
  });

  test('the API server has accepted every object of the manifest', async () => {
    // 24 kinds of calico's and of the network policy group; the version is that of src/release.
    const kinds = await kubectl('get crds -o name');
    expect(kinds.match(/crd\.projectcalico\.org$/gm)?.length).toBeGreaterThanOrEqual(20);
    const established = await kubectl(
      `get crds -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Established")].status}{"\\n"}{end}'`,
    );
    expect(new Set(established.trim().split('\n'))).toEqual(new Set(['True']));
    const things = ['serviceaccount/calico-node', 'configmap/calico-config', 'daemonset.apps/calico-node'].concat([
      'deployment.apps/calico-kube-controllers',
      'poddisruptionbudget.policy/calico-kube-controllers',
    ]);
    const there = await kubectl('-n kube-system get sa,cm,ds,deploy,pdb -o name');
    expect(there.trim().split('\n')).toEqual(expect.arrayContaining(things));
    // And its own kinds can be used.
    await on(
      'h1',
      `${KUBECTL} apply -f - <<'POOL'
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: of-a-test}
spec: {cidr: 10.51.0.0/16, vxlanMode: Always}
POOL`,
    );
    await kubectl('delete ippools.crd.projectcalico.org of-a-test');
  });

  test('what the inventory says is in it', async () => {
    const agent = await kubectl(
      `-n kube-system get ds calico-node -o jsonpath='{range .spec.template.spec.containers[0].env[*]}{.name}={.value}{"\\n"}{end}'`,
    );
    expect(agent).toMatch(/^CALICO_IPV4POOL_CIDR=10\.50\.0\.0\/16$/m);
    expect(agent).toMatch(/^CALICO_IPV4POOL_VXLAN=Always$/m);
    expect(agent).toMatch(/^CALICO_IPV4POOL_IPIP=Never$/m);
    expect(
      await kubectl(`-n kube-system get cm calico-config -o jsonpath='{.data.calico_backend} {.data.veth_mtu}'`),
    ).toBe('vxlan 1400');
  });

  test('the images that its pods ask for are those in the release table', async () => {
    const asked = await kubectl(
      `-n kube-system get ds/calico-node deploy/calico-kube-controllers -o jsonpath='{range .items[*].spec.template.spec}{range .initContainers[*]}{.image}{"\\n"}{end}{range .containers[*]}{.image}{"\\n"}{end}{end}'`,
    );
    expect([...new Set(asked.trim().split('\n'))].sort()).toEqual([...images].sort());
  });

  test('a worker joins by the next run, and the DaemonSet wants a pod on every node', async () => {
    const run = new AbortController();
    const [node = '', ...words] = provisionWords(['apply', '-i', file, '--yes']);
    const ended = runProgram([node, ...words], { signal: run.signal }).catch(() => undefined);
    try {
      const desired = () => kubectl(`-n kube-system get ds calico-node -o jsonpath='{.status.desiredNumberScheduled}'`);
      await eventually(desired, new RegExp(`^${NODES.length}$`), 240);
      await eventually(async () => (await planned()).join('\n'), /^h1 objects CoreDNS$/, 120);
    } finally {
      // It would wait five minutes for a node that cannot get Ready.
      run.abort();
      await ended;
    }
  });

  test('only names are left to do, which wait for nodes that are Ready', async () => {
    expect(await planned()).toEqual(['h1 objects CoreDNS']);
  });

  test('reset gives both hosts back as they were', async () => {
    // The hosts are locked until they have noticed that the run before is gone.
    const reset = async (): Promise<string> => String((await provision(['reset', '-i', file, '--yes'])).code);
    await eventually(reset, /^0$/, 120);
    for (const host of NODES) {
      const left = differences(before.get(host) ?? {}, await stateOf(host));
      expect([host, left]).toEqual([host, []]);
    }
  });

  describe('a pod network by its manifest alone', () => {
    let own = '';
    beforeAll(() => {
      own = file.replace(/calico\.yaml$/, 'own.yaml');
      const inventory = parse(readFileSync(file, 'utf8')) as { cluster: Record<string, unknown>; nodes: object[] };
      // flannel's, because the lab has its images; to provision it is any manifest. Its sum is in mirrors.checksums.
      const checksums = JSON.parse(readFileSync(file.replace(/calico\.yaml$/, 'checksums.json'), 'utf8')) as object;
      inventory.cluster['network'] = {
        manifest: Object.keys(checksums).find((url) => url.endsWith('/kube-flannel.yml')),
      };
      inventory.nodes = [{ ...inventory.nodes[0], roles: ['control-plane', 'worker'] }];
      writeFileSync(own, stringify(inventory));
    });

    test('is fetched, held to its sum and applied; the node gets Ready by it and names resolve', async () => {
      await must(['apply', '-i', own, '--yes']);
      expect(await kubectl('get node h1 --no-headers')).toMatch(/^h1 +Ready /);
      expect(await kubectl('-n kube-flannel rollout status ds/kube-flannel-ds --timeout=60s')).toContain('success');
    });

    test('nothing is left to do', async () => {
      const { stdout } = await must(['plan', '-i', own]);
      expect(stdout).toMatch(/0 changes|nothing to do|unchanged/i);
    });

    test('one that is another than was vouched for is refused before any host is touched', async () => {
      const folder = file.replace(/calico\.yaml$/, '');
      const sums = JSON.parse(readFileSync(join(folder, 'checksums.json'), 'utf8')) as Record<string, string>;
      for (const url of Object.keys(sums)) if (url.endsWith('/kube-flannel.yml')) sums[url] = '0'.repeat(64);
      writeFileSync(join(folder, 'wrong.json'), JSON.stringify(sums));
      writeFileSync(join(folder, 'wrong.yaml'), readFileSync(own, 'utf8').replace('checksums.json', 'wrong.json'));
      const { code, stderr, stdout } = await provision(['apply', '-i', join(folder, 'wrong.yaml'), '--yes']);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(/network manifest is not the one that was asked for[\s\S]*expected sha256 0{64}/);
    });

    test('reset gives the host back', async () => {
      await must(['reset', '-i', own, '--yes']);
      const left = differences(before.get('h1') ?? {}, await stateOf('h1'));
      expect(left).toEqual([]);
    });
  });
});
