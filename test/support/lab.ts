import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import type { Outcome } from '../../src/model/index.js';
import { runProgram } from '../../src/transport/index.js';
import { type HostState, readHostState, STATE_QUESTION } from './host-state.js';
import { KUBECTL } from './kubectl.js';
import { LAB } from './lab-names.js';

/** h1 is the control plane, h2 and h3 are workers, h4 stands beside the inventory. */
export const HOSTS = ['h1', 'h2', 'h3', 'h4'] as const;
export const MEMBERS = ['h1', 'h2', 'h3'] as const;

export const root = lab.placesOf().checkout;
/** The program that was compiled together with this file, wherever that is. */
const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

export const labFolder = join(root, '.lab', LAB);
export const inventoryFile = join(labFolder, 'cluster.yaml');
export const stateFolder = join(labFolder, '.provision', LAB);

/** The real command line, as a user types it. */
export const provisionWords = (args: readonly string[]): readonly string[] => [process.execPath, main, ...args];
export const provision = (args: readonly string[], options: Parameters<typeof runProgram>[1] = {}): Promise<Outcome> =>
  runProgram(provisionWords(args), { cwd: root, ...options });

/** The same, which has to end with 0; its output is in the error when it does not. */
export async function must(args: readonly string[]): Promise<Outcome> {
  const outcome = await provision(args);
  if (outcome.code !== 0)
    throw new Error(`provision ${args.join(' ')} ended with ${outcome.code}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome;
}

/** A command as root on a lab host, past the product. */
export async function onHost(host: string, script: string): Promise<string> {
  const outcome = await lab.exec(LAB, host, script);
  if (outcome.code !== 0)
    throw new Error(`${host}: ended with ${outcome.code}\n${script}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome.stdout;
}

export const kubectl = (args: string): Promise<string> => onHost('h1', `${KUBECTL} ${args}`);

/** The lab is up, its members are in the inventory, and how they were before anything touched them is on disk. */
export async function labUp(): Promise<void> {
  const isNew = !existsSync(join(labFolder, 'hosts.json'));
  await lab.up({ name: LAB, hosts: HOSTS.length });
  if (!existsSync(inventoryFile) || isNew) writeInventory();
  const before = join(labFolder, 'before');
  mkdirSync(before, { recursive: true });
  for (const host of MEMBERS) {
    const file = join(before, `${host}.txt`);
    if (!existsSync(file)) writeFileSync(file, await onHost(host, STATE_QUESTION));
  }
}

export const stateBefore = (host: string): HostState =>
  readHostState(readFileSync(join(labFolder, 'before', `${host}.txt`), 'utf8'));
export const stateNow = async (host: string): Promise<HostState> => readHostState(await onHost(host, STATE_QUESTION));

interface InventoryText {
  nodes: { name: string }[];
  [key: string]: unknown;
}

/** The lab's own inventory, without the hosts that stand beside it; `change` may spoil it. */
export function writeInventory(file = inventoryFile, change: (inventory: InventoryText) => void = () => {}): string {
  const inventory = parse(readFileSync(join(labFolder, 'inventory.yaml'), 'utf8')) as InventoryText;
  inventory.nodes = inventory.nodes.filter((node) => MEMBERS.some((name) => name === node.name));
  change(inventory);
  writeFileSync(file, stringify(inventory));
  return file;
}

/** The cluster is there: built when it is not, and nothing happens when it is. */
export async function clusterUp(): Promise<void> {
  await labUp();
  await must(['apply', '-i', inventoryFile, '--yes']);
}

/** Asks again, at most `withinS` seconds, until the answer is one that `fits`; the last one is in the error when none was. */
export async function eventually(ask: () => Promise<string>, fits: RegExp, withinS: number): Promise<string> {
  const untilMs = Date.now() + withinS * 1000;
  for (;;) {
    const said = await ask().catch((error: unknown) => String(error));
    if (fits.test(said)) return said;
    if (Date.now() > untilMs) throw new Error(`within ${withinS} s there was no ${fits}; the last answer:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** A host as if just installed, whatever was done to it. */
export const freshHost = async (host: string): Promise<void> => {
  await lab.up({ name: LAB, hosts: HOSTS.length, fresh: [host] });
};

export const address = async (host: string): Promise<string> => {
  const found = (await lab.status(LAB))?.hosts.find((h) => h.name === host);
  if (found === undefined) throw new Error(`no host ${host}`);
  return found.address;
};

/** The machine's own address in the lab's network; the mirror listens there. */
export const gateway = async (): Promise<string> => {
  const found = await lab.status(LAB);
  if (found === undefined) throw new Error(`no lab ${LAB}`);
  return found.gateway;
};
