import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram } from '../../src/transport/index.js';
import { aSecondApplyChangesNothing, kubectlOn } from '../support/cluster-tests.js';
import { differences, type HostState } from '../support/host-state.js';
import { must, provision, provisionWords, root } from '../support/lab.js';
import { changedCopy, leaveAlone } from '../support/offline.js';
import { OwnLab } from '../support/own-lab.js';

// Two hosts that reach each other and nothing else, and a third, of the same system, that reaches its repositories: a bundle is made
// with the third, and the two are built from it alone, by the commands of docs/offline.md as they stand there.
const hosts = new OwnLab('offline', { hosts: 3 });
const NODES = ['h1', 'h2'];

/** Every `provision …` line of the guide's shell blocks, in the order in which a reader types them. */
const commands = [...readFileSync(join(root, 'docs/offline.md'), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('provision '));

describe('hosts without a network', () => {
  let folder = '';
  /** How they are once nobody is within reach any more. */
  const alone: Record<string, HostState> = {};
  const bundle = (name = 'bundle.tar'): string => join(folder, name);
  const cluster = {
    nodes: NODES,
    inventory: () => hosts.inventory('cluster.yaml'),
    on: hosts.on,
    node: / Ready .* v1\.36\.3 .*containerd:\/\/2\./,
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'provision-offline-'));
    await hosts.up();
    // The same cluster twice: where there is a network, its mirrors; where there is none, not even that.
    hosts.write(NODES, () => {}, 'connected.yaml');
    hosts.write(NODES, ({ cluster: { mirrors } }) => {
      mirrors['artifacts'] = undefined;
      mirrors['registries'] = {};
    });
    hosts.write(
      ['h3'],
      ({ nodes: [twin] }) => {
        if (twin !== undefined) twin.roles = ['control-plane'];
      },
      'twins.yaml',
    );
    for (const node of NODES) {
      await leaveAlone(hosts, node);
      alone[node] = await hosts.stateNow(node);
    }
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await hosts.down();
  });

  const wordsOf = (line: string): readonly string[] => {
    const connected = line.startsWith('provision bundle create');
    const files: Readonly<Record<string, string>> = {
      'cluster.yaml': hosts.inventory(connected ? 'connected.yaml' : 'cluster.yaml'),
      'twins.yaml': hosts.inventory('twins.yaml'),
      'bundle.tar': bundle(),
    };
    const words = line.split(/\s+/).slice(1);
    return [...words.map((word) => files[word] ?? word), ...(words[0] === 'apply' ? ['--yes'] : [])];
  };
  const run = (line: string) => must(wordsOf(line));
  const starting = (beginning: string): readonly string[] =>
    commands.filter((line) => `${line} `.startsWith(`provision ${beginning} `));
  const only = (beginning: string): string => {
    const [line = '', ...others] = starting(beginning);
    expect({ beginning, line: line !== '', others }).toEqual({ beginning, line: true, others: [] });
    return line;
  };
  /** A host that nobody has written to. */
  const isUntouched = async (node: string): Promise<void> => {
    expect(differences(alone[node] ?? {}, await hosts.stateNow(node))).toEqual([]);
  };

  test('they reach each other, and neither the mirror nor anything else', async () => {
    const { gateway, hosts: all } = hosts.lab;
    for (const node of NODES) {
      const said = await hosts.on(
        node,
        `for url in http://${gateway}:8080/checksums.json http://${gateway}:5000/v2/ https://registry.k8s.io/v2/; do
  curl -sS --max-time 3 -o /dev/null "$url" 2>/dev/null && echo "reached $url"
done
timeout 3 bash -c ': </dev/tcp/${all[0]?.address}/22' && echo each other`,
      );
      expect(said).toBe('each other\n');
    }
  });

  test('a bundle is made of the inventory, by a host of the same system, which stays as it was', async () => {
    const [list = ''] = starting('images list');
    expect((await run(list)).stdout).toContain('kube-apiserver');
    const { stdout } = await run(only('bundle create'));
    expect(stdout).toMatch(/files, .* MiB, for debian-12-amd64\nsha256 of its index: [0-9a-f]{64}\n$/);
    expect(differences(hosts.stateBefore('h3'), await hosts.stateNow('h3'))).toEqual([]);
  });

  test('it is whole, and nothing is missing', async () => {
    const { stdout } = await run(only('bundle verify'));
    expect(stdout).toContain('nothing is missing');
    const listed = await runProgram(['tar', '-tf', bundle()]);
    expect(listed.stdout).toMatch(/^index\.json\nindex\.json\.sha256\nblobs\/sha256\/[0-9a-f]{64}\n/);
  });

  test('with one byte changed it is refused by name, and no host is touched', async () => {
    const copy = bundle('changed.tar');
    await changedCopy(bundle(), copy, /files\/dl\.k8s\.io\/\S+\/kubelet/);
    for (const words of [
      ['bundle', 'verify', copy],
      ['apply', '-i', cluster.inventory(), '--yes', '--bundle', copy],
    ]) {
      const { code, stderr } = await provision(words);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /is not as it was made: files\/dl\.k8s\.io\/release\/v1\.36\.3\/bin\/linux\/amd64\/kubelet/,
      );
    }
    for (const node of NODES) await isUntouched(node);
  });

  test('with one file removed it is refused by name, and no host is touched', async () => {
    const copy = bundle('changed.tar');
    const image = 'blobs/sha256/[0-9a-f]*';
    copyFileSync(bundle(), copy);
    const { stdout } = await runProgram(['tar', '-tf', copy]);
    const [name = ''] = new RegExp(`^${image}$`, 'm').exec(stdout) ?? [];
    await runProgram(['tar', '--delete', '-f', copy, name]);
    const { code, stderr } = await provision(['apply', '-i', cluster.inventory(), '--yes', '--bundle', copy]);
    expect(code).toBe(1);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(`is not as it was made: ${name}`);
    rmSync(copy);
    for (const node of NODES) await isUntouched(node);
  });

  test('an inventory that needs more than it holds is refused with what is missing', async () => {
    const file = hosts.write(
      NODES,
      (inventory) => {
        inventory.cluster['proxyMode'] = 'ipvs';
      },
      'more.yaml',
    );
    const { code, stderr } = await provision(['apply', '-i', file, '--yes', '--bundle', bundle()]);
    expect({ code, said: stderr }).toMatchObject({ code: 4, said: expect.stringContaining('package ipvsadm') });
    const verified = await provision(['bundle', 'verify', bundle(), '-i', file]);
    expect({ code: verified.code, said: verified.stdout }).toMatchObject({
      code: 1,
      said: expect.stringContaining('missing: package ipvsadm'),
    });
  });

  test('preflight finds nothing that speaks against it', async () => {
    const { stdout } = await run(only('preflight'));
    expect(stdout).not.toMatch(/^error/m);
  });

  test('apply builds the cluster from it', async () => {
    await run(only('apply'));
    const nodes = (await kubectlOn(cluster, 'get nodes --no-headers -o wide')).trim().split('\n');
    expect(nodes).toHaveLength(NODES.length);
    for (const node of nodes) expect(node).toMatch(cluster.node);
  });

  test('a workload runs: DNS, Services, NodePorts, pods across hosts', async () => {
    const { stdout } = await run(only('smoke'));
    expect(stdout).toMatch(/^(\d+) of \1 checks passed$/m);
  });

  test('every image that a node may run is there, and stays when disks fill up', async () => {
    await run(only('images list -i cluster.yaml --check'));
    for (const node of NODES) {
      const { images } = JSON.parse(await hosts.on(node, 'crictl images -o json 2>/dev/null')) as {
        images: { repoTags: string[]; pinned: boolean }[];
      };
      expect(images.length).toBeGreaterThan(4);
      expect(images.filter(({ pinned }) => !pinned)).toEqual([]);
    }
  });

  test('nothing of the bundle stayed: no port, no setting', async () => {
    for (const node of NODES) {
      const said = await hosts.on(
        node,
        `grep -rlsE '17117|provision-bundle' /etc /var/lib/provision /run; ss -Hltn 'sport = 17117'; ls -d /run/provision-* 2>/dev/null || :`,
      );
      expect(said).toBe('');
    }
  });

  aSecondApplyChangesNothing(cluster);

  test('images save and load: an image that a node lost comes back from an archive, without a registry', async () => {
    const archive = bundle('images.tar');
    await must(['images', 'save', '-i', hosts.inventory('connected.yaml'), '-o', archive]);
    const check = () => provision(['images', 'list', '-i', cluster.inventory(), '--check', '--json']);
    const lost = 'registry.k8s.io/kube-proxy:v1.36.3';
    await hosts.on('h2', `ctr -n k8s.io images rm --sync ${lost}`);
    const { code, stdout } = await check();
    expect({ code, missing: (JSON.parse(stdout) as { missing: unknown }).missing }).toEqual({
      code: 1,
      missing: { h1: [], h2: [lost] },
    });
    await must(['images', 'load', archive, '-i', cluster.inventory()]);
    expect((await check()).code).toBe(0);
    // Nothing but its own names: ctr takes the archive as it is.
    const listed = await runProgram(['tar', '-xOf', archive, 'manifest.json']);
    expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining({ RepoTags: [lost] }));
    rmSync(archive);
  });

  test('reset gives the hosts back', async () => {
    await must(['reset', '-i', cluster.inventory(), '--yes']);
    for (const node of NODES) await isUntouched(node);
  });

  describe('served on an address', () => {
    const port = 8099;
    let stop = async (): Promise<number | null> => null;
    let said = '';

    beforeAll(async () => {
      const line = only('bundle serve').replace(/--listen \S+/, `--listen ${hosts.lab.gateway}:${port}`);
      const [program = '', ...words] = provisionWords(wordsOf(line));
      const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      stop = async () => {
        child.kill('SIGINT');
        const [code] = (await once(child, 'exit')) as [number | null];
        return code;
      };
      for (let tries = 0; !said.includes('registries:') && tries < 600; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });

    const answerOf = async (port: number, path: string, method: string, headers: Record<string, string>) => {
      const url = `http://${hosts.lab.gateway}:${port}${path}`;
      const response = await fetch(url, { method, headers });
      const body = Buffer.from(await response.arrayBuffer());
      const { status } = response;
      const kept = [
        'docker-distribution-api-version',
        'docker-content-digest',
        'content-range',
        'etag',
        'content-length',
      ];
      const type = response.headers.get('content-type')?.replace(/;.*/, '');
      const error =
        status >= 400 && body.length > 0
          ? (JSON.parse(body.toString()) as { errors: { code: string }[] }).errors.map(({ code }) => code)
          : null;
      return {
        status,
        type: status < 300 ? type : undefined,
        error,
        headers: Object.fromEntries(kept.map((name) => [name, status < 300 ? response.headers.get(name) : null])),
        body: error === null ? createHash('sha256').update(body).digest('hex') : null,
      };
    };

    test('it says what the inventory needs', () => {
      expect(said).toContain(`artifacts: http://${hosts.lab.gateway}:${port}`);
      expect(said).toContain(`registry.k8s.io: http://${hosts.lab.gateway}:${port}`);
    });

    test('it answers as the real registry does', async () => {
      const accept =
        'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json';
      const { gateway } = hosts.lab;
      const top = await fetch(`http://${gateway}:5000/v2/pause/manifests/3.10.2`, { headers: { accept } });
      const digest = top.headers.get('docker-content-digest') ?? '';
      const manifest = JSON.parse(await top.text()) as { config: { digest: string }; layers: { digest: string }[] };
      const layer = manifest.layers[0]?.digest ?? '';
      const none = `sha256:${'0'.repeat(64)}`;
      const questions: readonly (readonly [string, string, Record<string, string>])[] = [
        ['GET', '/v2/', {}],
        ['GET', '/v2/pause/manifests/3.10.2', { accept }],
        ['HEAD', '/v2/pause/manifests/3.10.2', { accept }],
        ['GET', `/v2/pause/manifests/${digest}`, { accept }],
        ['GET', `/v2/pause/blobs/${manifest.config.digest}`, {}],
        ['GET', `/v2/pause/blobs/${layer}`, {}],
        ['HEAD', `/v2/pause/blobs/${layer}`, {}],
        ['GET', `/v2/pause/blobs/${layer}`, { range: 'bytes=10-19' }],
        ['GET', '/v2/pause/manifests/none', { accept }],
        ['GET', `/v2/pause/manifests/${none}`, { accept }],
        ['GET', `/v2/pause/blobs/${none}`, {}],
        ['GET', '/v2/pause/tags/list', {}],
        ['GET', '/v2/nothing/tags/list', {}],
      ];
      const asked = await Promise.all(
        questions.map(async ([method, path, headers]) => {
          const [real, ours] = await Promise.all([
            answerOf(5000, path, method, headers),
            answerOf(port, path, method, headers),
          ]);
          return { real: { method, path, ...real }, ours: { method, path, ...ours } };
        }),
      );
      expect(asked.map(({ ours }) => ours)).toEqual(asked.map(({ real }) => real));
    });

    test('it ends when it is told to', async () => expect(await stop()).toBe(0));
  });

  test('every command of the guide was run', () => {
    const run = [
      'images list -i cluster.yaml',
      'bundle create',
      'bundle verify',
      'preflight',
      'apply',
      'smoke',
      'bundle serve',
    ];
    expect(commands.filter((line) => !run.some((word) => line.startsWith(`provision ${word}`)))).toEqual([]);
  });
});
