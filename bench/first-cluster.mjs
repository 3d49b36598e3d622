// `npm run bench:first-cluster [-- --rounds N] [--keep]`: wall time from three bare hosts to a working cluster, `provision apply` against
// stock kubeadm by hand (bench/kubeadm/), in turn on fresh lab hosts. Both install the same versions from the same warm mirror on
// this machine (a bare host has no containerd to preload images into), prepare the hosts alike, and are timed until bench/ready.sh
// is content.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, ensurePackages, refuseOldNode, root, run, stage } from '../lab/prepare.mjs';
import { stagesOf, timelineText } from './timeline.mjs';

const NAME = 'bench';
const HOSTS = 3;
const main = `${root}dist/src/main.js`;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1' }, keep: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const folder = join(root, '.lab', NAME);
const inventory = join(folder, 'inventory.yaml');

async function must(argv, env = {}) {
  const { code, output } = await run(argv, { quiet: true, env });
  if (code !== 0) throw new Error(`${argv.slice(0, 4).join(' ')} … ended with ${code}\n${output}`);
  return output;
}
const provision = (...args) => must([process.execPath, main, ...args]);

/** Fresh hosts, and no memory of the last cluster. */
async function freshHosts() {
  await provision('lab', 'up', '--name', NAME, '--hosts', String(HOSTS), '--fresh');
  rmSync(join(folder, '.provision'), { recursive: true, force: true });
  const { stdout } = spawnSync(process.execPath, [main, 'lab', 'status', '--name', NAME, '--json'], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout);
}

/** The mirror's files are read once, so that neither side pays for the disk. */
async function warmMirror() {
  const output = await provision('lab', 'build');
  const mirror = /the mirror is in (.*)/.exec(output)?.[1];
  if (mirror === undefined) throw new Error(`where the mirror is was not said:\n${output}`);
  await must(['sh', '-c', 'find "$1" -type f -exec cat {} + > /dev/null', 'sh', mirror]);
}

const sshTo = (lab, host) =>
  [
    'ssh',
    '-o',
    'BatchMode=yes',
    '-o',
    `UserKnownHostsFile=${lab.knownHosts}`,
    '-o',
    'LogLevel=ERROR',
    '-i',
    lab.key,
  ].concat(`root@${host.address}`);

async function untilReady(lab) {
  await must(
    ['sh', '-c', 'script=$1; shift; exec "$@" < "$script"', 'sh', join(root, 'bench/ready.sh')].concat(
      sshTo(lab, lab.hosts[0]),
      `sh -s -- ${HOSTS}`,
    ),
  );
}

/** Where the mirror has it: under upstream's URL, which the release table knows. */
async function flannelManifest(mirror) {
  const { manifests } = await import('../dist/src/release/index.js');
  const { url, version } = manifests.find(({ component }) => component === 'flannel');
  return `${mirror}/${url.replace('https://', '').replaceAll('{version}', version)}`;
}

const SIDES = {
  provision: () => provision('apply', '-i', inventory, '--yes'),
  kubeadm: async (lab) =>
    must(['sh', join(root, 'bench/kubeadm/by-hand.sh')], {
      KEY: lab.key,
      KNOWN_HOSTS: lab.knownHosts,
      MIRROR: `http://${lab.gateway}:8080`,
      REGISTRY: `http://${lab.gateway}:5000`,
      FLANNEL: await flannelManifest(`http://${lab.gateway}:8080`),
      HOSTS: lab.hosts.map(({ name, address }) => `${address} ${name}`).join('\n'),
    }),
};

/** Seconds until the tool ended, and until the cluster is ready; what the tool said. */
async function measure(side) {
  const lab = await freshHosts();
  await warmMirror();
  const load = loadavg()[0];
  const usedBefore = processorSeconds();
  const startedMs = performance.now();
  const output = await SIDES[side](lab);
  const ended = (performance.now() - startedMs) / 1000;
  await untilReady(lab);
  const ready = (performance.now() - startedMs) / 1000;
  const used = processorSeconds() - usedBefore;
  const versions = (
    await must([
      ...sshTo(lab, lab.hosts[0]),
      'kubelet --version; kubeadm version -o short; containerd --version; runc --version | head -1',
    ])
  ).trim();
  return {
    side,
    ended,
    ready,
    load,
    used,
    output,
    versions,
    timeline: side === 'provision' ? stagesOf(journalText()) : null,
  };
}

/** Processor seconds that the hosts have used since they booted: what a busy machine does to the clock it does not do to these. */
function processorSeconds() {
  const used = ['h1', 'h2', 'h3'].map((host) => {
    const v1 = `/sys/fs/cgroup/cpuacct/provision-lab/${NAME}/${host}/cpuacct.usage`;
    if (existsSync(v1)) return Number(readFileSync(v1, 'utf8')) / 1e9;
    const v2 = `/sys/fs/cgroup/provision-lab/${NAME}/${host}/cpu.stat`;
    return existsSync(v2) ? Number(/usage_usec (\d+)/.exec(readFileSync(v2, 'utf8'))?.[1]) / 1e6 : Number.NaN;
  });
  return used.reduce((sum, seconds) => sum + seconds, 0);
}

function journalText() {
  const states = join(folder, '.provision');
  const found = existsSync(states)
    ? readdirSync(states, { recursive: true })
        .filter((path) => path.endsWith('.jsonl'))
        .sort()
    : [];
  const last = found.at(-1);
  if (last === undefined) throw new Error(`there is no journal below ${states}`);
  return readFileSync(join(states, last), 'utf8');
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const print = (text) => process.stdout.write(`${text}\n`);

function tell(results) {
  const of = (side) => results.filter((result) => result.side === side);
  const seconds = (n) => `${n.toFixed(1)} s`;
  print(
    `\nmachine: ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`,
  );
  for (const side of Object.keys(SIDES)) {
    print(
      `\n${side}, until ready: ${of(side)
        .map((r) => seconds(r.ready))
        .join(', ')} (the tool itself ended after ${of(side)
        .map((r) => seconds(r.ended))
        .join(', ')}; load before: ${of(side)
        .map((r) => r.load.toFixed(1))
        .join(', ')}; processor seconds of the hosts: ${of(side)
        .map((r) => r.used.toFixed(1))
        .join(', ')})`,
    );
    print(of(side)[0].versions.replace(/^/gm, '  '));
  }
  const medians = Object.fromEntries(Object.keys(SIDES).map((side) => [side, median(of(side).map((r) => r.ready))]));
  print(
    `\nmedians of ${rounds}: provision ${seconds(medians.provision)}, kubeadm ${seconds(medians.kubeadm)}; ratio ${(medians.provision / medians.kubeadm).toFixed(2)}`,
  );
}

async function bench() {
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds} is no number of rounds`);
  refuseOldNode();
  if (process.platform !== 'linux' || process.getuid() !== 0) throw new Error('the practice hosts need Linux and root');
  await stage('packages', ensurePackages);
  await stage('compile', compile);
  const results = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const order = round % 2 === 1 ? ['provision', 'kubeadm'] : ['kubeadm', 'provision'];
      for (const side of order) {
        const { result } = await stage(`round ${round} of ${rounds}: ${side}`, () => measure(side));
        print(`  ready after ${result.ready.toFixed(1)} s (the tool ended after ${result.ended.toFixed(1)} s)`);
        print(result.timeline === null ? result.output.trimEnd() : timelineText(result.timeline));
        results.push(result);
      }
    }
    tell(results);
  } finally {
    if (!values.keep) await provision('lab', 'down', '--name', NAME);
  }
}

await bench().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
