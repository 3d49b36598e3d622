// Hosts that choose the packages of a bundle: one of every system that the real hosts have, with its repositories in reach.
import type { Duplex } from 'node:stream';
import {
  anonymous,
  aptQuestion,
  intakeServer,
  keyFingerprints,
  needsOf,
  type PackageList,
  type PackageWish,
  readAptList,
  readRpmList,
  rpmQuestion,
  stagingIn,
  type WishedSystem,
} from '../bundle/index.js';
import {
  BUNDLE_PORT,
  type Cluster,
  type MachineFacts,
  ProvisionError,
  type Release,
  type RepositoryResource,
} from '../model/index.js';
import { mirrored, releaseFor, systemOf } from '../release/index.js';
import { askEach } from '../run/index.js';
import { steps } from '../steps/index.js';
import { fetchText, load, surroundingsOf } from './assemble.js';
import { listenersFor } from './shared.js';
import type { Terminal } from './terminal.js';

export interface TwinFlags {
  readonly inventory: string;
  readonly packagesFrom: string;
  readonly verbose?: boolean;
}

export interface Twins {
  readonly systems: readonly WishedSystem[];
  /** Public keys of the inventory's repositories, by their publisher's URL. */
  readonly keyTexts: ReadonlyMap<string, string>;
}

/** @param parts where the bundle's parts lie until it is whole */
export async function askTwins(
  terminal: Terminal,
  flags: TwinFlags,
  cluster: Cluster,
  release: Release,
  parts: string,
): Promise<Twins> {
  const twins = load(terminal, flags.packagesFrom);
  const listeners = listenersFor(terminal, flags);
  const twinRelease = releaseFor(twins.cluster);
  const around = await surroundingsOf(terminal, twins, listeners, twinRelease);
  const found = oneOfEach(
    await askEach(
      around,
      twins.cluster.nodes,
      () => ':',
      (_output, machine) => machine,
    ),
  );
  const keyTexts = new Map<string, string>();
  const systems: WishedSystem[] = [];
  for (const { node, machine } of found) {
    const needs = needsOf(cluster, release, steps, machine);
    const repositories = await Promise.all(
      needs.repositories.map(async (repository) => {
        const texts = await keysOf(terminal, repository, cluster);
        for (const [url, text] of texts) keyTexts.set(url, text);
        return {
          ...repository,
          baseUrl: mirrored(repository.baseUrl, cluster.mirrors),
          keys: [...texts.values()].map((text) => `${text}\n`).join(''),
        };
      }),
    );
    const wish: PackageWish = { names: needs.packages, repositories };
    const ask = async (question: string, read: (output: string) => PackageList, wayBack?: WayBackTo) => {
      const loaded = wayBack === undefined ? twins : { ...twins, bundle: { release: twinRelease, wayBack } };
      const own = await surroundingsOf(terminal, loaded, listeners, twinRelease);
      const [asked] = await askEach(own, [node], () => question, read);
      if (asked === undefined) throw new ProvisionError('INTERNAL', `${node.name} was not asked for its packages`);
      return asked.answer;
    };
    systems.push({
      name: systemOf(machine),
      machine: anonymous(machine),
      needs,
      packages: await packagesOf(machine, wish, ask, parts, terminal),
    });
  }
  return { systems, keyTexts };
}

interface WayBackTo {
  readonly port: number;
  readonly take: (stream: Duplex) => void;
}

type Ask = (question: string, read: (output: string) => PackageList, wayBack?: WayBackTo) => Promise<PackageList>;

/** One host of each system is enough: the others would say the same. */
function oneOfEach<T extends { readonly machine: MachineFacts }>(asked: readonly T[]): readonly T[] {
  return [...new Map([...asked].reverse().map((one) => [systemOf(one.machine), one])).values()].reverse();
}

async function packagesOf(
  machine: MachineFacts,
  wish: PackageWish,
  ask: Ask,
  parts: string,
  terminal: Terminal,
): Promise<PackageList> {
  switch (machine.packageManager) {
    case 'apt':
      return ask(aptQuestion(wish), readAptList);
    case 'dnf':
    case 'yum': {
      const server = intakeServer(await stagingIn(parts, terminal.signal));
      const take = (stream: Duplex): void => void server.emit('connection', stream);
      const read = (output: string): PackageList => readRpmList(output, wish.names);
      return ask(rpmQuestion(wish, BUNDLE_PORT), read, { port: BUNDLE_PORT, take });
    }
    default:
      throw new ProvisionError(
        'USAGE',
        `packages are chosen by apt, dnf or yum, and ${systemOf(machine)} has none of them`,
        {
          hint: 'leave out --packages-from, and have the packages in the image that such hosts are installed from; provision preflight names them',
        },
      );
  }
}

/** What the hosts will be given to trust: each key must be one that the repository's publisher is known by. */
async function keysOf(
  terminal: Terminal,
  { id, keyUrls, keyFingerprints: pinned }: RepositoryResource,
  { mirrors }: Cluster,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const url of keyUrls) {
    const from = mirrored(url, mirrors);
    const text = await fetchText(from, terminal.signal).catch((cause: unknown) => {
      throw new ProvisionError('ARTIFACT', `could not fetch the key of the repository ${id} from ${from}`, {
        said: cause instanceof Error ? cause.message : String(cause),
        hint: 'correct mirrors, or open the way to it from this machine',
        cause,
      });
    });
    const seen = fingerprintsIn(text);
    if (seen.length === 0 || !seen.every((key) => pinned.includes(key))) {
      throw new ProvisionError('ARTIFACT', `refused: the key of the repository ${id} is not the one that is pinned`, {
        said: [
          `from    ${from}`,
          ...seen.map((key) => `seen    ${key}`),
          ...pinned.map((key) => `pinned  ${key}`),
        ].join('\n'),
        hint: `ask its publisher which is right; a key of your own is pinned by mirrors.keys: { ${id}: <fingerprint> }`,
      });
    }
    texts.set(url, text);
  }
  return texts;
}

/** Nothing where there is no key that can be read: that fits no pin. */
function fingerprintsIn(text: string): readonly string[] {
  try {
    return keyFingerprints(text);
  } catch {
    return [];
  }
}
