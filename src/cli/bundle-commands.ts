import { once } from 'node:events';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { Command } from 'commander';
import {
  bundleServer,
  createBundle,
  listen,
  mib,
  needsOf,
  openBundle,
  partsOf,
  unknownMachine,
  upstreamOf,
  type WishedSystem,
} from '../bundle/index.js';
import { type Arch, type Cluster, ProvisionError, type Release } from '../model/index.js';
import { mirrored, releaseFor } from '../release/index.js';
import { steps } from '../steps/index.js';
import { fetchText, type Loaded, load, manifestsFor, withSums } from './assemble.js';
import { missingIn, sumsFrom } from './bundle.js';
import { askTwins } from './bundle-twins.js';
import { examples, type MakeCommand, onInventory } from './shared.js';

export type MakeVersionedCommand = (version: string) => MakeCommand;

export const bundleCommand: MakeVersionedCommand = (version) => (terminal, done) =>
  new Command('bundle')
    .description('Everything that the hosts of an inventory fetch, in one file, for places without a network')
    .addCommand(createCommand(version)(terminal, done))
    .addCommand(verifyCommand(terminal, done))
    .addCommand(serveCommand(terminal, done));

interface CreateFlags {
  readonly inventory: string;
  readonly out: string;
  readonly arch: string;
  readonly packagesFrom?: string;
  readonly verbose?: boolean;
}

const createCommand: MakeVersionedCommand = (version) => (terminal, done) =>
  onInventory(
    'create',
    'Fetch and verify everything, and write it into one file; touches none of the hosts',
    'provision bundle create -i cluster.yaml -o bundle.tar --packages-from twins.yaml',
  )
    .requiredOption('-o, --out <file>', 'the bundle to write')
    .option(
      '--arch <list>',
      'architectures of the hosts, comma-separated: amd64, arm64 (with --packages-from: of those)',
      'amd64',
    )
    .option(
      '--packages-from <inventory>',
      'hosts of the same systems that reach their repositories: they choose the packages; none without',
    )
    .action(async (flags: CreateFlags) => {
      const plain = load(terminal, flags.inventory);
      refuseKernels(plain);
      if (flags.packagesFrom === undefined) refuseWithoutTwins(plain);
      const cluster = await withSums(plain, (url) => fetchText(url, terminal.signal));
      const loaded = { ...plain, cluster };
      const upstream = upstreamOf(cluster);
      const release = await manifestsFor(terminal, releaseFor(upstream), (url) =>
        fetchText(mirrored(url, cluster.mirrors), terminal.signal),
      );
      const path = resolve(terminal.cwd, flags.out);
      const { systems, keyTexts } =
        flags.packagesFrom === undefined
          ? { keyTexts: new Map(), systems: archsOf(flags.arch).map((arch) => unknownSystem(loaded, release, arch)) }
          : await askTwins(terminal, { ...flags, packagesFrom: flags.packagesFrom }, cluster, release, partsOf(path));
      const made = await createBundle({
        path,
        cluster: cluster.name,
        kubernetes: cluster.version,
        version,
        sums: askedSums(plain.cluster, cluster),
        systems,
        manifestTexts: new Map(
          release.podNetwork === null ? [] : [[release.podNetwork.sha256, release.podNetwork.text ?? '']],
        ),
        keyTexts,
        placeOf: (url) => mirrored(url, cluster.mirrors),
        registries: cluster.mirrors.registries,
        nowMs: terminal.now(),
        signal: terminal.signal,
        say: (line) => terminal.err(`${line}\n`),
      });
      const names = systems.map(({ name, packages }) => `${name}${packages === null ? ' (without packages)' : ''}`);
      terminal.out(`${flags.out}: ${made.index.files.length} files, ${mib(made.bytes)}, for ${names.join(', ')}\n`);
      terminal.out(`sha256 of its index: ${made.sha256}\n`);
      done(0);
    });

/** Those that only the publisher had. */
const askedSums = (before: Cluster, after: Cluster): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(after.mirrors.checksums).filter(([url]) => before.mirrors.checksums[url] === undefined),
  );

/** They would be looked for in repositories that no host could reach. */
function refuseKernels({ cluster }: Loaded): void {
  const kernels = cluster.nodes.filter(({ system }) => system.kernel !== 'keep').map(({ name }) => name);
  if (kernels.length > 0) {
    throw new ProvisionError(
      'USAGE',
      `a bundle holds no kernels, and system.kernel asks for one on ${kernels.join(', ')}`,
      {
        hint: 'bring the kernel with the image that such hosts are installed from, and set system.kernel: keep',
      },
    );
  }
}

/** Programs of Kubernetes and its runtime by packages are chosen by a host that reaches their repositories. */
function refuseWithoutTwins({ cluster }: Loaded): void {
  if (cluster.install === 'binaries' && cluster.runtime === 'containerd') return;
  throw new ProvisionError('USAGE', 'what is installed by packages is chosen by a host of the same system', {
    hint: 'name one that reaches its repositories: --packages-from TWINS, or set install: binaries and runtime: containerd in the inventory',
  });
}

function archsOf(list: string): readonly Arch[] {
  return list.split(',').map((arch) => {
    if (arch === 'amd64' || arch === 'arm64') return arch;
    throw new ProvisionError('USAGE', `no Kubernetes is published for the architecture ${arch}`, {
      hint: 'write --arch amd64, --arch arm64 or --arch amd64,arm64',
    });
  });
}

function unknownSystem({ cluster }: Loaded, release: Release, arch: Arch): WishedSystem {
  const machine = unknownMachine(arch);
  return { name: `any-${arch}`, machine, needs: needsOf(cluster, release, steps, machine), packages: null };
}

const verifyCommand: MakeCommand = (terminal, done) =>
  new Command('verify')
    .description('Recompute every sum; with an inventory, name what its hosts would miss; exit code 1 if anything')
    .argument('<file>', 'the bundle')
    .option('-i, --inventory <file>', 'replay what the hosts of this inventory need against the bundle alone')
    .option('--json', 'the result as JSON')
    .addHelpText('after', examples('provision bundle verify bundle.tar -i cluster.yaml'))
    .action(async (file: string, flags: { inventory?: string; json?: boolean }) => {
      const bundle = await openBundle(resolve(terminal.cwd, file));
      const { index, sha256 } = bundle;
      const missing =
        flags.inventory === undefined
          ? []
          : await missingIn(bundle, await sumsFrom(bundle, load(terminal, flags.inventory)));
      const systems = index.systems.map(({ name, packages }) => ({ name, packages: packages !== null }));
      if (flags.json) {
        const images = index.images.map(({ reference, digest }) => ({ reference, digest }));
        const result = { kubernetes: index.kubernetes, files: index.files.length, sha256, systems, images, missing };
        terminal.out(`${JSON.stringify(result, null, 2)}\n`);
      } else {
        terminal.out(`${file} is whole: Kubernetes ${index.kubernetes}, ${index.files.length} files\n`);
        terminal.out(`sha256 of its index: ${sha256}\n`);
        for (const { name, packages } of systems)
          terminal.out(`for ${name}${packages ? '' : ', without packages: such hosts must have them'}\n`);
        for (const what of missing) terminal.out(`missing: ${what}\n`);
        if (flags.inventory !== undefined && missing.length === 0)
          terminal.out(`nothing is missing for ${flags.inventory}\n`);
      }
      done(missing.length === 0 ? 0 : 1);
    });

const serveCommand: MakeCommand = (terminal, done) =>
  new Command('serve')
    .description('Serve a bundle as the mirror and the registry that hosts ask for, until it is stopped')
    .argument('<file>', 'the bundle')
    .requiredOption('--listen <address:port>', 'where hosts reach this machine')
    .addHelpText('after', examples('provision bundle serve bundle.tar --listen 10.0.0.1:8080'))
    .action(async (file: string, flags: { listen: string }) => {
      const { host, port } = listenOn(flags.listen);
      const bundle = await openBundle(resolve(terminal.cwd, file));
      const server = bundleServer(bundle);
      once(server, 'listening').then(
        () => terminal.out(served(bundle.index.images, `http://${flags.listen}`)),
        () => undefined,
      );
      await listen(server, host, port, terminal.signal).catch((cause: unknown) => {
        throw new ProvisionError('USAGE', `nothing can listen on ${flags.listen}`, {
          said: cause instanceof Error ? cause.message : String(cause),
          hint: `is it an address of this machine, and is the port free: ss -ltn 'sport = ${port}'`,
          cause,
        });
      });
      done(0);
    });

function listenOn(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (isIP(host) === 0 || Number(port) > 65_535 || Number(port) === 0) {
    throw new ProvisionError('USAGE', `--listen wants ADDRESS:PORT, not ${text}`, {
      hint: 'write it as 10.0.0.1:8080, or [fd00::1]:8080',
    });
  }
  return { host, port: Number(port) };
}

/** What an inventory says to use it. */
function served(images: readonly { readonly reference: string }[], url: string): string {
  const registries = [...new Set(images.map(({ reference }) => reference.split('/')[0] ?? ''))];
  return [
    `serving on ${url}; in the inventory:`,
    'cluster:',
    '  mirrors:',
    `    artifacts: ${url}`,
    '    registries:',
    ...registries.map((registry) => `      ${registry}: ${url}`),
    '',
  ].join('\n');
}
