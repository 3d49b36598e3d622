import { Command } from 'commander';
import type { Listener } from '../model/index.js';
import { everyListener, journal, lines } from '../report/index.js';
import type { Loaded } from './assemble.js';
import type { CommonFlags } from './options.js';
import type { Terminal } from './terminal.js';

export type Done = (code: number) => void;
export type MakeCommand = (terminal: Terminal, done: Done) => Command;

/** A command on an inventory, with the flags that all of them share. */
export function onInventory(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption('-i, --inventory <file>', 'the inventory (YAML)')
    .option('--verbose', 'say more: whole outputs of failed actions, every note')
    .addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  $ ')}\n`);
}

export const withLimit = (command: Command): Command =>
  command.option('--limit <nodes>', 'only these nodes (names, comma-separated)');

/** Who hears a run: plain lines on the terminal's error stream and the journal in the state folder. */
export function listenersFor(terminal: Terminal, flags: CommonFlags, loaded: Loaded | null): Listener {
  const told = lines({
    write: (text) => terminal.err(text),
    now: terminal.now,
    colour: terminal.colour,
    verbose: flags.verbose ?? false,
  });
  return loaded === null ? told : everyListener([told, journal({ folder: loaded.folder.journal, now: terminal.now })]);
}
