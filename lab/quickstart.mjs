// `npm run quickstart`: from a fresh clone to a running Kubernetes cluster on three practice hosts on this machine.
import { compile, ensurePackages, refuseOldNode, root, run, stage } from './prepare.mjs';

const OWN_HOSTS = `
To go on with hosts of your own instead:
  npm ci --ignore-scripts && npm run build
  cp inventories/control-plane-and-workers.yaml cluster.yaml     # write your addresses into it
  node dist/src/main.js trust-hosts -i cluster.yaml
  node dist/src/main.js plan -i cluster.yaml
  node dist/src/main.js apply -i cluster.yaml
`;

/** Early and kindly: nothing has been installed yet. */
function refuseWhereNoLabCanRun() {
  const why =
    process.platform !== 'linux'
      ? `the practice hosts need Linux (network namespaces and systemd-nspawn); this is ${process.platform}`
      : process.getuid() !== 0
        ? 'the practice hosts need root on this machine; run it as root: sudo npm run quickstart'
        : null;
  if (why !== null) throw new Error(`${why}\n${OWN_HOSTS}`);
}

const provision = async (...args) => {
  const { code } = await run([process.execPath, `${root}dist/src/main.js`, ...args]);
  if (code !== 0) throw Object.assign(new Error(`provision ${args.join(' ')} ended with ${code}`), { code });
};

const STAGES = [
  ['packages', ensurePackages],
  ['compile', compile],
  ['lab: system packages and components', () => provision('lab', 'build')],
  ['lab: three hosts', () => provision('lab', 'up', '--hosts', '3')],
  ['apply', () => provision('apply', '-i', 'inventories/lab.yaml', '--yes')],
  ['smoke test', () => provision('smoke', '-i', 'inventories/lab.yaml')],
];

async function main() {
  refuseOldNode();
  refuseWhereNoLabCanRun();
  process.chdir(root);
  const startedMs = Date.now();
  const times = [];
  for (const [name, act] of STAGES) times.push([name, (await stage(name, act)).ms]);
  process.stdout.write('\n');
  await provision('status', '-i', 'inventories/lab.yaml');
  await provision('kubeconfig', '-i', 'inventories/lab.yaml');
  process.stdout.write(`
Next:
  node dist/src/main.js lab exec h1 -- kubectl --kubeconfig /etc/kubernetes/admin.conf get pods -A
  node dist/src/main.js plan -i inventories/lab.yaml
  node dist/src/main.js token create -i inventories/lab.yaml --print-join-command
  node dist/src/main.js reset -i inventories/lab.yaml
  node dist/src/main.js lab down

`);
  for (const [name, ms] of times) process.stdout.write(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}\n`);
  process.stdout.write(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(7)} s  in all\n`);
}

await main().catch((error) => {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = error.code ?? 1;
});
