import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import * as lab from '../../src/lab/index.js';
import { type HostState, readHostState, STATE_QUESTION } from './host-state.js';
import { ownLabName } from './lab-names.js';

/** An inventory as YAML has it, to be changed by a scenario. */
export interface InventoryText {
  cluster: Record<string, unknown> & { mirrors: Record<string, unknown> & { registries: Record<string, string> } };
  ssh: Record<string, unknown>;
  system?: Record<string, unknown>;
  nodes: { name: string; address: string; roles: string[]; [key: string]: unknown }[];
}

/** A lab that a scenario has to itself, beside the one that most share. */
export class OwnLab {
  readonly name: string;
  private readonly options: Omit<Parameters<typeof lab.up>[0], 'name' | 'fresh'>;
  private made: lab.Lab | null = null;
  private readonly before = new Map<string, HostState>();

  constructor(suffix: string, options: Omit<Parameters<typeof lab.up>[0], 'name' | 'fresh'>) {
    this.name = ownLabName(suffix);
    this.options = options;
  }

  /** Fresh hosts; how they are before anything touched them is kept. */
  async up(): Promise<void> {
    this.made = await lab.up({ ...this.options, name: this.name, fresh: true });
    rmSync(join(this.lab.state, '.provision'), { recursive: true, force: true });
    for (const { name } of this.lab.hosts) this.before.set(name, await this.stateNow(name));
  }

  down = (): Promise<void> => lab.down(this.name).then(() => {});

  get lab(): lab.Lab {
    if (this.made === null) throw new Error(`the lab ${this.name} is not up`);
    return this.made;
  }

  on = async (host: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await lab.exec(this.name, host, script);
    if (code !== 0) throw new Error(`${host}: ended with ${code}\n${script}\n${stdout}\n${stderr}`);
    return stdout;
  };

  stateBefore = (host: string): HostState => this.before.get(host) ?? {};
  stateNow = async (host: string): Promise<HostState> => readHostState(await this.on(host, STATE_QUESTION));

  inventory = (name = 'cluster.yaml'): string => join(this.lab.state, name);

  /** The lab's own inventory for these hosts, the first one its control plane, as the scenario wants it. */
  write(nodes: readonly string[], change: (inventory: InventoryText) => void, name = 'cluster.yaml'): string {
    const inventory = parse(readFileSync(this.lab.inventory, 'utf8')) as InventoryText;
    inventory.nodes = inventory.nodes.filter((node) => nodes.includes(node.name));
    change(inventory);
    mkdirSync(this.lab.state, { recursive: true });
    writeFileSync(this.inventory(name), stringify(inventory));
    return this.inventory(name);
  }
}
