import { Command, CommanderError } from 'commander';
import { exitCodeOf, ProvisionError } from '../model/index.js';
import { errorText } from '../report/index.js';
import { applyCommand, planCommand, preflightCommand, resetCommand } from './build-commands.js';
import { bundleCommand } from './bundle-commands.js';
import { imagesCommand } from './image-commands.js';
import { labCommand } from './lab.js';
import { factsCommand, kubeconfigCommand, statusCommand, validateCommand } from './look-commands.js';
import type { Done } from './shared.js';
import { smokeCommand } from './smoke-command.js';
import { stateCommand, trustHostsCommand } from './state-commands.js';
import type { Terminal } from './terminal.js';
import { tokenCommand } from './token-commands.js';

/** All commands with their options; the documentation's commands are checked against it. `done` gets a command's exit code. */
export function buildProgram(terminal: Terminal, done: Done, version: string): Command {
  const program = new Command('provision')
    .description('Turns bare Linux hosts into a Kubernetes cluster over SSH, from one inventory file.')
    .version(version, '-V, --version')
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .showSuggestionAfterError()
    .showHelpAfterError('(provision --help shows what there is)')
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  const all = [
    validateCommand,
    preflightCommand,
    planCommand,
    applyCommand,
    statusCommand,
    kubeconfigCommand,
    smokeCommand,
    resetCommand,
    imagesCommand,
    bundleCommand(version),
    tokenCommand,
    factsCommand,
    stateCommand,
    trustHostsCommand,
  ];
  for (const command of all) program.addCommand(inherit(command(terminal, done), program));
  program.addCommand(inherit(labCommand(terminal, done), program));
  return program;
}

/** argv without node and script -> exit code. */
export async function runProgram(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let code = 0;
  const program = buildProgram(
    terminal,
    (result) => {
      code = result;
    },
    version,
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    const style = { ...terminal.errors, verbose: argv.includes('--verbose') };
    terminal.err(`${errorText(withInventory(error, argv), style)}\n`);
    return terminal.signal.aborted && !(error instanceof ProvisionError) ? 130 : exitCodeOf(error);
  }
}

/** A hint is a command to copy: errors come from rooms that know the cluster, but not by which file it was named here. */
function withInventory(error: unknown, argv: readonly string[]): unknown {
  const at = argv.findIndex((word) => word === '-i' || word === '--inventory');
  const file = at < 0 ? undefined : argv[at + 1];
  if (file === undefined || !(error instanceof ProvisionError) || error.hint === undefined) return error;
  const { code, message, host, step, said, cause } = error;
  const hint = error.hint.replaceAll(/-i (<inventory>|INVENTORY)/g, () => `-i ${file}`);
  return new ProvisionError(code, message, { host, step, said, hint, cause });
}

/** Subcommands write and exit the way the program does. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, program);
  return command;
}

const EXAMPLES = `
Examples:
  $ provision validate -i cluster.yaml             is the inventory right?
  $ provision plan -i cluster.yaml                 what would change, and how
  $ provision apply -i cluster.yaml                build it, or mend what drifted
  $ provision token create -i cluster.yaml --print-join-command
  $ provision reset -i cluster.yaml --limit w2     put a host back as it was

Exit codes:
  0  done, or nothing to do       4    preflight refused; nothing was touched
  1  failed, or a wrong option    5    a host cannot be reached or logged in to
  2  plan: changes are pending    6    another run holds the lock
  3  the inventory is wrong       130  interrupted
`;
