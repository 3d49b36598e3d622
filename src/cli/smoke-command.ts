import { smoke } from '../run/index.js';
import { load, surroundingsOf } from './assemble.js';
import type { CommonFlags } from './options.js';
import { listenersFor, type MakeCommand, onInventory } from './shared.js';

export const smokeCommand: MakeCommand = (terminal, done) =>
  onInventory(
    'smoke',
    'Run a small workload: DNS, Services, pod network, NodePorts, logs, exec; then clean up',
    'provision smoke -i cluster.yaml',
  )
    .option('--json', 'the checks as JSON')
    .action(async (flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      const checks = await smoke(await surroundingsOf(terminal, loaded, listenersFor(terminal, flags)));
      const bad = checks.filter((check) => !check.ok);
      if (flags.json) terminal.out(`${JSON.stringify(checks, null, 2)}\n`);
      else {
        for (const check of checks)
          terminal.out(`${check.ok ? '✔' : '✖'} ${check.name}${check.ok ? '' : `: ${check.said}`}\n`);
        terminal.out(`${checks.length - bad.length} of ${checks.length} checks passed\n`);
      }
      done(bad.length === 0 ? 0 : 1);
    });
