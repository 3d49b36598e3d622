import { pullImages, smoke } from '../run/index.js';
import { pulls } from '../steps/index.js';
import { type Loaded, load, surroundingsOf } from './assemble.js';
import { type BundleFlags, openFor, withBundle } from './bundle.js';
import type { CommonFlags } from './options.js';
import { listenersFor, type MakeCommand, onInventory } from './shared.js';
import type { Terminal } from './terminal.js';

export const smokeCommand: MakeCommand = (terminal, done) =>
  withBundle(
    onInventory(
      'smoke',
      'Run a small workload: DNS, Services, pod network, NodePorts, logs, exec; then clean up',
      'provision smoke -i cluster.yaml',
    ),
  )
    .option('--json', 'the checks as JSON')
    .action(async (flags: CommonFlags & BundleFlags) => {
      const plain = load(terminal, flags.inventory);
      const { bundle, ...loaded } = await openFor(terminal, plain, flags);
      if (bundle !== undefined) await pullItsImage(terminal, { ...loaded, bundle }, flags);
      // The workload itself needs no way back, and is asked about over connections of its own.
      const around = await surroundingsOf(terminal, plain, listenersFor(terminal, flags), bundle?.release);
      const checks = await smoke(around);
      const bad = checks.filter((check) => !check.ok);
      if (flags.json) terminal.out(`${JSON.stringify(checks, null, 2)}\n`);
      else {
        for (const check of checks)
          terminal.out(`${check.ok ? '✔' : '✖'} ${check.name}${check.ok ? '' : `: ${check.said}`}\n`);
        terminal.out(`${checks.length - bad.length} of ${checks.length} checks passed\n`);
      }
      done(bad.length === 0 ? 0 : 1);
    });

/** No registry has it once the hosts are alone. */
async function pullItsImage(terminal: Terminal, loaded: Loaded, flags: CommonFlags): Promise<void> {
  const { cluster } = loaded;
  const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags));
  const { release } = around;
  const failures = await pullImages(around, cluster.nodes, () => pulls(cluster, release, [release.images.agnhost]));
  for (const failure of failures.values()) throw failure;
}
