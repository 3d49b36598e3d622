import { Command } from 'commander';
import type { Listener } from '../model/index.js';
import { everyListener, journal, lines, tree } from '../report/index.js';
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
    .addHelpText('after', examples(example));
}

export const examples = (lines: string): string =>
  `\nExample${lines.includes('\n') ? 's' : ''}:\n${lines.replace(/^/gm, '  $ ')}\n`;

export const withLimit = (command: Command): Command =>
  command.option('--limit <nodes>', 'only these nodes (names, comma-separated)');

export interface Audience {
  readonly listen: Listener;
  /** Ends the drawing, so that what is printed next stands below it. */
  end(): Promise<void>;
}

/** Who hears a run: a tree on a terminal, plain lines elsewhere; and the journal in the state folder when something is changed. */
export function audienceOf(terminal: Terminal, flags: CommonFlags, loaded: Loaded | null): Audience {
  const plain = lines({
    write: (text) => terminal.err(text),
    now: terminal.now,
    colour: terminal.errors.colour,
    verbose: flags.verbose ?? false,
  });
  const drawn =
    terminal.live && !flags.verbose && !flags.json && loaded !== null
      ? tree({
          ...(terminal.columns === undefined ? {} : { columns: terminal.columns }),
          say: (text) => terminal.err(`${text}\n`),
        })
      : null;
  const told = drawn === null ? plain : besides(plain, drawn.listen);
  const kept = loaded === null ? [] : [journal({ folder: loaded.folder.journal, now: terminal.now })];
  return { listen: everyListener([told, ...kept]), end: async () => drawn?.end() };
}

/** Before the tree stands, something must show that the hosts are being asked; what it has no line for comes as plain lines, too. */
function besides(plain: Listener, drawn: Listener): Listener {
  let isDrawing = false;
  return (event) => {
    if (event.type === 'stage-started') isDrawing = true;
    if (!isDrawing && ['run-started', 'checked', 'note'].includes(event.type)) plain(event);
    drawn(event);
  };
}

/** For commands that only look. */
export const listenersFor = (terminal: Terminal, flags: CommonFlags): Listener =>
  audienceOf(terminal, flags, null).listen;
