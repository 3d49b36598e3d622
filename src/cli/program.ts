import { Command, CommanderError } from 'commander';
import { exitCodeOf, ProvisionError } from '../model/index.js';
import { errorText } from '../report/index.js';
import { applyCommand, planCommand, preflightCommand, resetCommand } from './build-commands.js';
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
    terminal.err(`${errorText(error, { colour: terminal.colour, verbose: argv.includes('--verbose') })}\n`);
    return terminal.signal.aborted && !(error instanceof ProvisionError) ? 130 : exitCodeOf(error);
  }
}

/** Subcommands write and exit the way the program does. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, program);
  return command;
}

const EXAMPLES = `
Examples:
  $ provision validate -i inventories/one-node.yaml     is the inventory right? touches nothing
  $ provision plan -i cluster.yaml                      what would change, with differences; exit code 2 if anything
  $ provision apply -i cluster.yaml                     build it, or mend what drifted
  $ provision token create -i cluster.yaml --print-join-command
  $ provision reset -i cluster.yaml --limit worker-2    drain, leave, and put the host back as it was

Exit codes: 0 done or nothing to do · 1 failed · 2 changes pending · 3 inventory invalid · 4 preflight refused ·
5 host unreachable · 6 locked by another run · 130 interrupted
`;
