import { Command, InvalidArgumentError } from 'commander';
import { mib } from '../bundle/index.js';
import {
  buildLabMirror,
  defaultKind,
  defaultRelease,
  down,
  enter,
  hostKinds,
  installLabPackages,
  type LabRelease,
  labNames,
  labObstacle,
  labRelease,
  labReleases,
  placesOf,
  prune,
  status,
  up,
} from '../lab/index.js';
import { table } from '../report/index.js';
import { examples, type MakeCommand } from './shared.js';
import type { Terminal } from './terminal.js';

/** `provision lab …`: practice hosts on this machine. */
export const labCommand: MakeCommand = (terminal, done) => {
  const lab = new Command('lab')
    .description('Practice hosts on this machine: real systemd, real SSH, real components (Linux, root)')
    .addHelpText('after', EXAMPLES);
  for (const make of [upCommand, statusCommand, sshCommand, execCommand, downCommand, buildCommand, pruneCommand]) {
    lab.addCommand(make(terminal, done));
  }
  return lab;
};

const named = (command: Command): Command => command.option('--name <lab>', 'which lab', 'lab');

/** `--release` of `up` and `build`. The same default would switch a lab that is there, so only `build` has one. */
const releaseFlag = `--release <minor>`;
const releaseHelp = (missing: string): string =>
  `Kubernetes that the mirror is made for: ${labReleases.join(', ')} (default: ${missing})`;

const upCommand: MakeCommand = (terminal, done) =>
  named(new Command('up'))
    .description('Make the lab be there: start what does not run, add hosts when asked for more')
    .option('--hosts <n>', 'number of hosts (default: those there are, or 3)', count)
    .option('--like <kind>', `what the hosts are like: ${hostKinds.join(', ')} (default: the lab's, or ${defaultKind})`)
    .option(releaseFlag, releaseHelp(`the lab's, or ${defaultRelease}`), labRelease)
    .option('--cidr <subnet>', 'subnet (default: 10.201.0.0/24 for "lab", else the next free 10.201.X.0/24)')
    .option('--fresh [hosts...]', 'make hosts anew, as if just installed: those named, or all')
    .option('--vm [hosts...]', 'virtual machines with a kernel of their own: those named, or all that are made now')
    .option('--no-mirror', 'without the mirror of packages, artifacts and images')
    .addHelpText(
      'after',
      examples(
        'provision lab up --hosts 3\nprovision lab up --name two --hosts 1 --fresh\nprovision lab up --name vm --vm',
      ),
    )
    .action(async (flags: UpFlags) => {
      const lab = await up({ ...flags, places: placesHere(terminal), say: sayer(terminal), signal: terminal.signal });
      const nameFlag = lab.name === 'lab' ? '' : ` --name ${lab.name}`;
      terminal.out(
        `lab "${lab.name}" is up: ${lab.hosts.map(({ name, address }) => `${name} ${address}`).join(', ')}\n`,
      );
      terminal.out(`  inventory  ${lab.inventory}\n`);
      terminal.out(`  enter      provision lab ssh h1${nameFlag}\n`);
      terminal.out(`  build      provision apply -i ${lab.inventory}\n`);
      terminal.out(`  remove     provision lab down${nameFlag}\n`);
      done(0);
    });

interface UpFlags {
  readonly name: string;
  readonly hosts?: number;
  readonly like?: string;
  readonly release?: LabRelease;
  readonly cidr?: string;
  readonly fresh?: boolean | readonly string[];
  readonly vm?: boolean | readonly string[];
  readonly mirror: boolean;
}

const statusCommand: MakeCommand = (terminal, done) =>
  named(new Command('status'))
    .description('Show what there is of a lab; exit code 1 when something of it does not run')
    .addHelpText('after', examples('provision lab status --json'))
    .option('--all', 'only the names of all labs on this machine')
    .option('--json', 'as JSON')
    .action(async (flags: { name: string; all?: boolean; json?: boolean }) => {
      const places = placesHere(terminal);
      if (flags.all) {
        const names = await labNames(places);
        terminal.out(flags.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
        return done(0);
      }
      const lab = await status(flags.name, places);
      if (flags.json) terminal.out(`${JSON.stringify(lab ?? null, null, 2)}\n`);
      else if (lab === undefined) terminal.out(`there is no lab "${flags.name}"; provision lab up makes it\n`);
      else {
        const rows = lab.hosts.map(({ name, address, vm, running, answers }) => [
          name,
          address,
          vm ? 'virtual machine' : 'container',
          running ? 'running' : 'stopped',
          answers ? 'answers' : 'silent',
        ]);
        terminal.out(`lab "${lab.name}" at ${lab.cidr}, mirror ${lab.mirror ? `http://${lab.gateway}:8080` : 'off'}\n`);
        terminal.out(`${table(['HOST', 'ADDRESS', 'KIND', 'STATE', 'SSH'], rows)}\ninventory: ${lab.inventory}\n`);
      }
      done(lab?.hosts.every((host) => host.answers) ? 0 : 1);
    });

const sshCommand: MakeCommand = (terminal, done) =>
  named(new Command('ssh'))
    .description('Open a shell on a host')
    .addHelpText('after', examples('provision lab ssh h1 --user ops'))
    .argument('<host>', 'h1, h2, …')
    .option('--user <user>', 'root, ops (password ops, sudo asks for it) or deploy (sudo does not)', 'root')
    .action(async (host: string, flags: { name: string; user: string }) => {
      done(await enter(flags.name, host, { user: flags.user, places: placesHere(terminal) }));
    });

const execCommand: MakeCommand = (terminal, done) =>
  named(new Command('exec'))
    .description('Run one command on a host, as root; its exit code is the result')
    .addHelpText('after', examples('provision lab exec h1 -- systemctl --failed'))
    .argument('<host>', 'h1, h2, …')
    .argument('<command...>', 'the command and its arguments, after --')
    .action(async (host: string, words: readonly string[], flags: { name: string }) => {
      done(await enter(flags.name, host, { words, places: placesHere(terminal) }));
    });

const downCommand: MakeCommand = (terminal, done) =>
  named(new Command('down'))
    .description('Remove the lab without a trace; also what an interrupted up has left')
    .addHelpText('after', examples('provision lab down --name two\nprovision lab down --all'))
    .option('--all', 'all labs on this machine')
    .action(async (flags: { name: string; all?: boolean }) => {
      const places = placesHere(terminal);
      for (const name of flags.all ? await labNames(places) : [flags.name]) {
        const was = await down(name, { places, say: sayer(terminal) });
        terminal.out(was ? `lab "${name}" is gone\n` : `there is no lab "${name}"\n`);
      }
      done(0);
    });

const buildCommand: MakeCommand = (terminal, done) =>
  new Command('build')
    .description(
      'Make the mirror of real components (once; later runs find it in the cache); as root, install what that needs',
    )
    .option(releaseFlag, releaseHelp(defaultRelease), labRelease)
    .option('--vm', 'with what virtual machines need')
    .action(async ({ release = defaultRelease, vm }: { release?: LabRelease; vm?: boolean }) => {
      const say = sayer(terminal);
      await installLabPackages(say, vm);
      const obstacle = labObstacle(undefined, vm);
      if (obstacle !== undefined) throw obstacle;
      const { mirrorDir } = await buildLabMirror(placesHere(terminal), release, say, terminal.signal);
      terminal.out(`the mirror is in ${mirrorDir}\n`);
      done(0);
    });

const pruneCommand: MakeCommand = (terminal, done) =>
  new Command('prune')
    .description(
      'Remove from the cache what no recipe of this checkout makes any more and no lab uses; what is made again takes its time',
    )
    .option('--check', 'only say what would go')
    .addHelpText('after', examples('provision lab prune --check'))
    .action(async ({ check = false }: { check?: boolean }) => {
      const obstacle = labObstacle();
      if (obstacle !== undefined) throw obstacle;
      const left = await prune({ places: placesHere(terminal), check });
      for (const { name, bytes, usedBy } of left)
        terminal.out(
          usedBy === null ? `${mib(bytes).padStart(12)}  ${name}\n` : `${'stays'.padStart(12)}  ${name} (${usedBy})\n`,
        );
      const going = left.filter(({ usedBy }) => usedBy === null);
      const sum = mib(going.reduce((total, { bytes }) => total + bytes, 0));
      terminal.out(`${going.length} folders, ${sum} ${check ? 'would go' : 'removed'}\n`);
      done(0);
    });

const placesHere = (terminal: Terminal) => placesOf(terminal.env, terminal.cwd);

/** Progress goes to stderr, each line with the seconds since the start. */
function sayer(terminal: Terminal): (line: string) => void {
  const start = terminal.now();
  const say = (line: string): void =>
    terminal.err(`${((terminal.now() - start) / 1000).toFixed(1).padStart(7)} s  ${line}\n`);
  terminal.signal.addEventListener('abort', () => say('stopping (once more: at once)'), { once: true });
  return say;
}

function count(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a number from 1 to 999');
}

const EXAMPLES = `
Examples:
  $ provision lab up --hosts 3                three hosts with an inventory in .lab/lab/inventory.yaml
  $ provision lab up --name two --hosts 2     another lab beside it
  $ provision lab up --fresh h2               h2 again, as if just installed
  $ provision lab exec h1 -- systemctl --failed
  $ provision lab down                        leaves nothing
`;
