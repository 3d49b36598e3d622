import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CertificatePair, Trust } from '../model/index.js';
import { isControlPlane, ProvisionError } from '../model/index.js';
import { table } from '../report/index.js';
import { clusterStatus, gatherOnly } from '../run/index.js';
import { kubeconfig, mergeKubeconfig, openTrust } from '../trust/index.js';
import { type Loaded, load, serverOf, surroundingsOf } from './assemble.js';
import { type CommonFlags, limited } from './options.js';
import { listenersFor, type MakeCommand, onInventory, withLimit } from './shared.js';
import type { Terminal } from './terminal.js';

export const validateCommand: MakeCommand = (terminal, done) =>
  onInventory(
    'validate',
    'Check the inventory; touches no host; exit code 3 if it is wrong',
    'provision validate -i cluster.yaml',
  )
    .option('--json', 'the result as JSON')
    .action(async (flags: CommonFlags) => {
      const { cluster } = load(terminal, flags.inventory);
      if (flags.json) terminal.out(`${JSON.stringify(cluster, null, 2)}\n`);
      else {
        const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
        const controlPlanes = cluster.nodes.filter(isControlPlane).length;
        terminal.out(
          `${flags.inventory} is right: cluster ${cluster.name}, Kubernetes ${cluster.version}, ${count(controlPlanes, 'control plane')}, ${count(cluster.nodes.length, 'node')}\n`,
        );
      }
      done(0);
    });

export const factsCommand: MakeCommand = (terminal, done) =>
  withLimit(onInventory('facts', 'Show what the hosts say about themselves', 'provision facts -i cluster.yaml --json'))
    .option('--json', 'everything, as JSON')
    .action(async (flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags));
      const facts = await gatherOnly(around, limited(loaded.cluster, flags.limit));
      if (flags.json) {
        const all = Object.fromEntries(
          [...facts].map(([host, { machine, ledger }]) => [host, { machine, owned: ledger.map((e) => e.key) }]),
        );
        terminal.out(`${JSON.stringify(all, null, 2)}\n`);
      } else {
        const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
        const rows = [...facts].map(([host, { machine }]) => [
          host,
          machine.os.name,
          machine.kernel,
          machine.arch,
          String(machine.cpus),
          gib(machine.memoryBytes),
          machine.clusterCa === null ? 'no' : 'yes',
        ]);
        terminal.out(`${table(['HOST', 'OS', 'KERNEL', 'ARCH', 'CPU', 'MEMORY', 'CLUSTER'], rows, terminal)}\n`);
      }
      done(0);
    });

export const statusCommand: MakeCommand = (terminal, done) =>
  onInventory(
    'status',
    'Show the nodes and what is not well; exit code 1 if anything is not',
    'provision status -i cluster.yaml',
  )
    .option('--json', 'the status as JSON')
    .action(async (flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      const status = await clusterStatus(await surroundingsOf(terminal, loaded, listenersFor(terminal, flags)));
      if (flags.json) terminal.out(`${JSON.stringify(status, null, 2)}\n`);
      else {
        const rows = status.nodes.map((node) => [
          node.name,
          node.ready ? 'Ready' : 'NotReady',
          node.roles.join(',') || 'worker',
          node.version,
          node.address,
          node.runtime,
        ]);
        terminal.out(`cluster ${status.cluster}: API ${status.api} (asked on ${status.leader})\n`);
        terminal.out(`${table(['NODE', 'STATUS', 'ROLES', 'VERSION', 'ADDRESS', 'RUNTIME'], rows, terminal)}\n`);
        for (const node of status.nodes) {
          if (!node.ready) terminal.out(`${node.name}: ${node.reason}\n`);
          if (!node.inInventory) terminal.out(`${node.name}: in the cluster, but not in the inventory\n`);
        }
        for (const name of status.missing)
          terminal.out(`${name}: in the inventory, but not in the cluster: provision apply -i ${flags.inventory}\n`);
        for (const pod of status.unwell) terminal.out(`pod not ready: ${pod}\n`);
      }
      const well = status.api === 'ready' && status.nodes.every((node) => node.ready) && status.missing.length === 0;
      done(well && status.unwell.length === 0 ? 0 : 1);
    });

export const kubeconfigCommand: MakeCommand = (terminal, done) =>
  onInventory('kubeconfig', "Write the administrator's kubeconfig", 'provision kubeconfig -i cluster.yaml --merge')
    .option('--merge', 'merge it into ~/.kube/config (a copy of the old one is kept), context named after the cluster')
    .option('-o, --out <file>', 'write it there; - for standard output')
    .action(async (flags: CommonFlags & { merge?: boolean; out?: string }) => {
      const loaded = load(terminal, flags.inventory);
      const text = adminKubeconfig(loaded, await keptTrust(terminal, loaded));
      if (flags.out === '-') terminal.out(text);
      else if (flags.merge) terminal.out(`${mergeInto(terminal, text)}\n`);
      else
        terminal.out(
          `${writePrivate(flags.out === undefined ? loaded.folder.kubeconfig : resolve(terminal.cwd, flags.out), text)}\n`,
        );
      done(0);
    });

/** The state folder's copy, as `provision kubeconfig` without options writes it. */
export async function keepKubeconfig(terminal: Terminal, loaded: Loaded): Promise<string> {
  return writePrivate(loaded.folder.kubeconfig, adminKubeconfig(loaded, await keptTrust(terminal, loaded)));
}

async function keptTrust(terminal: Terminal, { folder, cluster }: Loaded): Promise<Trust> {
  const { trust } = await openTrust({ stateDir: folder.path, cluster, now: new Date(terminal.now()), mint: false });
  return trust;
}

/**
 * What kubectl on the operator's side uses: the first control plane's administrator, at the cluster's endpoint.
 * Merged beside those of other clusters: a user's name that they share would give one cluster the certificate of another.
 */
function adminKubeconfig(loaded: Loaded, trust: Trust): string {
  const { cluster } = loaded;
  const first = cluster.nodes.find(isControlPlane);
  if (first === undefined) throw new ProvisionError('INVENTORY', 'the inventory has no control plane');
  const client: CertificatePair = trust.certificate('admin', first);
  return kubeconfig({
    cluster: cluster.name,
    server: serverOf(cluster),
    ca: trust.authority('ca').cert,
    user: `kubernetes-admin@${cluster.name}`,
    context: cluster.name,
    client,
  }).reveal();
}

/** A file that was there keeps its mode when it is written to: it is closed to others before the key goes in. */
export function writePrivate(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) chmodSync(path, 0o600);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function mergeInto(terminal: Terminal, text: string): string {
  const path = terminal.env['KUBECONFIG']?.split(':')[0] ?? join(terminal.home, '.kube', 'config');
  if (!existsSync(path)) return writePrivate(path, text);
  const before = readFileSync(path, 'utf8');
  const merged = mergeKubeconfig(before, text);
  // The copy is of what was there before us: merging the same thing again must not put ours in its place.
  if (merged === before) return path;
  writePrivate(`${path}.before-provision`, before);
  return writePrivate(path, merged);
}
