import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Finding, type Listener, type Plan, ProvisionError } from '../model/index.js';
import { changesOf } from '../plan/index.js';
import { releaseFor } from '../release/index.js';
import { findingsText, planJson, planText, summaryText } from '../report/index.js';
import { converge, examine, propose, type Report, reset } from '../run/index.js';
import { confirm } from './ask.js';
import { load, releaseWithManifests, superAdminKubeconfig, surroundingsOf } from './assemble.js';
import { type BundleFlags, openFor, withBundle } from './bundle.js';
import { keepKubeconfig } from './look-commands.js';
import { type CommonFlags, limited } from './options.js';
import { audienceOf, listenersFor, type MakeCommand, onInventory, withLimit } from './shared.js';
import type { Terminal } from './terminal.js';

/** A plan on disk: what was reviewed, for which inventory. */
interface SavedPlan {
  readonly inventory: string;
  readonly limit: string | null;
  readonly plan: unknown;
  /** sha256 of what the hosts said about everything that the plan touches: the reviewed difference was to that. */
  readonly before: string;
}

const buildsFrom = (command: Command): Command => withBundle(withLimit(command));

export const planCommand: MakeCommand = (terminal, done) =>
  buildsFrom(
    onInventory(
      'plan',
      'Show what apply would change, with differences; exit code 2 if anything',
      'provision plan -i cluster.yaml -o plan.json',
    ),
  )
    .option('--json', 'the plan as JSON (no secrets: contents as sha256)')
    .option('-o, --out <file>', 'save the plan, so that exactly it can be applied: provision apply plan.json')
    .option('--ignore-preflight <names>', 'findings to demote to warnings, comma-separated, or all')
    .action(async (flags: CommonFlags & BundleFlags & { out?: string }) => {
      const loaded = await openFor(terminal, load(terminal, flags.inventory, flags.ignorePreflight), flags);
      const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags));
      const report = await propose(around, {
        targets: limited(loaded.cluster, flags.limit),
        kubeconfig: superAdminKubeconfig,
        agree: async () => false,
      });
      if (flags.out !== undefined) {
        const saved: SavedPlan = {
          inventory: loaded.digest,
          limit: flags.limit ?? null,
          plan: planJson(report.plan),
          before: beforeOf(report.plan),
        };
        writeFileSync(resolve(terminal.cwd, flags.out), `${JSON.stringify(saved, null, 2)}\n`);
      }
      if (flags.json) terminal.out(`${JSON.stringify(planJson(report.plan), null, 2)}\n`);
      else {
        if (report.findings.length > 0) terminal.err(`${findingsText(report.findings, terminal.errors)}\n\n`);
        terminal.out(`${planText(report.plan, { ...terminal, verbose: flags.verbose ?? false })}\n`);
      }
      done(report.changed > 0 ? 2 : 0);
    });

export const applyCommand: MakeCommand = (terminal, done) =>
  buildsFrom(
    onInventory(
      'apply',
      'Build the cluster, or mend what differs from the inventory',
      'provision apply -i cluster.yaml\nprovision apply -i cluster.yaml plan.json',
    ),
  )
    .argument('[plan]', 'a saved plan: applied as reviewed, refused if the hosts have moved since')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'the report as JSON')
    .option('--ignore-preflight <names>', 'findings to demote to warnings, comma-separated, or all')
    .action(async (planFile: string | undefined, flags: CommonFlags & BundleFlags) => {
      const loaded = await openFor(terminal, load(terminal, flags.inventory, flags.ignorePreflight), flags);
      const saved = planFile === undefined ? null : readPlan(resolve(terminal.cwd, planFile), loaded.digest);
      const limit = flags.limit ?? saved?.limit ?? undefined;
      const audience = audienceOf(terminal, flags, loaded);
      const heard = findingsOf(audience.listen);
      const around = await surroundingsOf(terminal, loaded, heard.listen);
      const report = await converge(around, {
        targets: limited(loaded.cluster, limit),
        kubeconfig: superAdminKubeconfig,
        agree: (plan) =>
          saved === null ? agreed(terminal, plan, flags, 'Apply this plan?', heard.findings()) : sameAs(saved, plan),
      }).finally(() => audience.end());
      if (report.outcome === 'changed') await keepKubeconfig(terminal, loaded);
      tell(terminal, report, flags, again('apply', flags));
      done(exitOf(report));
    });

export const resetCommand: MakeCommand = (terminal, done) =>
  withLimit(
    onInventory(
      'reset',
      'Drain, leave, and put the hosts back as they were',
      'provision reset -i cluster.yaml --limit worker-2',
    ),
  )
    .option('-y, --yes', 'do not ask')
    .option('--json', 'the report as JSON')
    .action(async (flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      const audience = audienceOf(terminal, flags, loaded);
      const around = await surroundingsOf(terminal, loaded, audience.listen);
      const targets = limited(loaded.cluster, flags.limit);
      const report = await reset(around, {
        targets,
        agree: (plan) =>
          agreed(
            terminal,
            plan,
            flags,
            `Reset ${targets.map((node) => node.name).join(', ')}? Their pods and data go.`,
          ),
      }).finally(() => audience.end());
      tell(terminal, report, flags, again('reset', flags));
      done(exitOf(report));
    });

export const preflightCommand: MakeCommand = (terminal, done) =>
  buildsFrom(
    onInventory(
      'preflight',
      'Check the hosts without changing them; exit code 4 if an error is found',
      'provision preflight -i cluster.yaml',
    ),
  )
    .option('--json', 'the findings as JSON')
    .option('--ignore-preflight <names>', 'findings to demote to warnings, comma-separated, or all')
    .action(async (flags: CommonFlags & BundleFlags) => {
      const loaded = await openFor(terminal, load(terminal, flags.inventory, flags.ignorePreflight), flags);
      // A manifest that cannot be had is one finding among the others, not the end of looking.
      const release =
        loaded.bundle?.release ??
        (await releaseWithManifests(terminal, loaded).catch((cause: unknown) => {
          if (cause instanceof ProvisionError && !terminal.signal.aborted) return cause;
          throw cause;
        }));
      const missing = release instanceof ProvisionError ? release : null;
      const around = await surroundingsOf(
        terminal,
        loaded,
        listenersFor(terminal, flags),
        release instanceof ProvisionError ? releaseFor(loaded.cluster) : release,
      );
      const findings = await examine(around, limited(loaded.cluster, flags.limit), missing);
      terminal.out(flags.json ? `${JSON.stringify(findings, null, 2)}\n` : `${findingsText(findings, terminal)}\n`);
      done(findings.some((finding) => finding.severity === 'error') ? 4 : 0);
    });

async function agreed(
  terminal: Terminal,
  plan: Plan,
  flags: CommonFlags,
  question: string,
  findings: readonly Finding[] = [],
): Promise<boolean> {
  if (findings.length > 0) terminal.err(`${findingsText(findings, terminal.errors)}\n\n`);
  if (!flags.json) terminal.out(`${planText(plan, { ...terminal, verbose: flags.verbose ?? false })}\n`);
  return flags.yes === true || (await confirm(terminal, question));
}

/** Whoever agrees to a plan should have read what speaks against it. */
function findingsOf(listen: Listener): { listen: Listener; findings: () => readonly Finding[] } {
  let findings: readonly Finding[] = [];
  return {
    listen: (event) => {
      if (event.type === 'checked') findings = event.findings;
      listen(event);
    },
    findings: () => findings,
  };
}

/** The command that goes on where this one ended. A saved plan is used up: the hosts are no longer as they were reviewed. */
const again = (verb: string, { inventory, limit, bundle }: CommonFlags & BundleFlags): string =>
  `provision ${verb} -i ${inventory}${limit === undefined ? '' : ` --limit ${limit}`}${bundle === undefined ? '' : ` --bundle ${bundle}`}`;

function readPlan(file: string, digest: string): SavedPlan {
  let saved: SavedPlan;
  try {
    saved = JSON.parse(readFileSync(file, 'utf8')) as SavedPlan;
  } catch (cause) {
    throw new ProvisionError('USAGE', `cannot read the plan ${file}`, {
      hint: 'make one: provision plan -i <inventory> -o plan.json',
      cause,
    });
  }
  if (saved.inventory === digest) return saved;
  throw new ProvisionError('PREFLIGHT', 'the inventory has changed since this plan was made; nothing was touched', {
    hint: 'plan again: provision plan -i <inventory> -o plan.json',
  });
}

function beforeOf({ stages }: Plan): string {
  const answers = stages.flatMap(({ hosts }) =>
    [...hosts.values()].flatMap((host) => host.actions.map((a) => a.before)),
  );
  return createHash('sha256').update(JSON.stringify(answers)).digest('hex');
}

async function sameAs(saved: SavedPlan, plan: Plan): Promise<boolean> {
  if (JSON.stringify(saved.plan) === JSON.stringify(planJson(plan)) && saved.before === beforeOf(plan)) return true;
  throw new ProvisionError('PREFLIGHT', 'the hosts have moved since this plan was made; nothing was touched', {
    hint: 'plan again and look at what is new: provision plan -i <inventory> -o plan.json',
  });
}

function tell(terminal: Terminal, report: Report, flags: CommonFlags, command: string): void {
  if (flags.json) {
    const failures = [...report.failures].map(([host, { code, message, step, said, hint }]) => ({
      host,
      code,
      message,
      step,
      said,
      hint,
    }));
    terminal.out(
      `${JSON.stringify({ outcome: report.outcome, changed: report.changed, failures, findings: report.findings, plan: planJson(report.plan) }, null, 2)}\n`,
    );
  } else terminal.out(`${summaryText(report, terminal, command)}\n`);
}

/** An unreachable host and a cut run have codes of their own; everything else that failed is 1. */
function exitOf(report: Report): number {
  if (report.outcome === 'interrupted') return 130;
  if (report.outcome === 'failed')
    return [...report.failures.values()].every((error) => error.code === 'UNREACHABLE') ? 5 : 1;
  return report.outcome === 'refused' && changesOf(report.plan) > 0 ? 1 : 0;
}
