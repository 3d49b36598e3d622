import { Command } from 'commander';
import { ProvisionError } from '../model/index.js';
import { table } from '../report/index.js';
import { createToken, removeToken, tokens } from '../run/index.js';
import { load, surroundingsOf } from './assemble.js';
import type { CommonFlags } from './options.js';
import { listenersFor, type MakeCommand, onInventory } from './shared.js';

export const tokenCommand: MakeCommand = (terminal, done) => {
  const around = async (flags: CommonFlags) => {
    const loaded = load(terminal, flags.inventory);
    return surroundingsOf(terminal, loaded, listenersFor(terminal, flags));
  };
  return new Command('token')
    .description('Bootstrap tokens, with which a machine may join')
    .addCommand(
      onInventory(
        'create',
        'Make a token and print it',
        'provision token create -i cluster.yaml --print-join-command --ttl 2h',
      )
        .option('--ttl <duration>', 'how long it lives: 30m, 24h, 7d; 0 = for ever', '24h')
        .option('--description <text>', 'what it is for', 'made by provision token create')
        .option('--print-join-command', 'print the kubeadm join command, with the CA pinned')
        .action(async (flags: CommonFlags & { ttl: string; description: string; printJoinCommand?: boolean }) => {
          const ttl = seconds(flags.ttl);
          const created = await createToken(await around(flags), { ttl, description: flags.description });
          terminal.out(`${flags.printJoinCommand ? created.joinCommand : created.token}\n`);
          done(0);
        }),
    )
    .addCommand(
      onInventory('list', 'Show the tokens, without their secrets', 'provision token list -i cluster.yaml')
        .option('--json', 'as JSON')
        .action(async (flags: CommonFlags) => {
          const rows = await tokens(await around(flags));
          if (flags.json) terminal.out(`${JSON.stringify(rows, null, 2)}\n`);
          else if (rows.length === 0) terminal.out('there are no tokens\n');
          else {
            const cells = rows.map((row) => [
              row.id,
              row.expires ?? '<never>',
              row.usages.join(','),
              row.description,
              row.groups.join(','),
            ]);
            terminal.out(`${table(['ID', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'GROUPS'], cells, terminal)}\n`);
          }
          done(0);
        }),
    )
    .addCommand(
      onInventory('delete', 'Take a token back', 'provision token delete -i cluster.yaml abcdef')
        .argument('<id>', 'its id (or the whole token)')
        .action(async (id: string, flags: CommonFlags) => {
          await removeToken(await around(flags), id);
          terminal.out(`deleted ${id.split('.')[0]}\n`);
          done(0);
        }),
    );
};

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

/** `30m`, `24h`, `1h30m`, `0` -> seconds. */
export function seconds(text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new ProvisionError('USAGE', `--ttl ${text} is no duration`, {
      hint: 'write 30m, 24h, 7d, 1h30m; or 0 for one that never expires',
    });
  }
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
}
