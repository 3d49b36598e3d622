import { copyFileSync, openSync, readSync, writeSync } from 'node:fs';
import { runProgram } from '../../src/transport/index.js';
import type { OwnLab } from './own-lab.js';

/** From now on the host answers SSH, and reaches the other hosts and nobody else. */
export const leaveAlone = (hosts: OwnLab, node: string): Promise<string> =>
  hosts.on(
    node,
    `nft add table inet alone
nft add chain inet alone out '{ type filter hook output priority 0; }'
nft add rule inet alone out ip daddr ${hosts.lab.gateway} tcp sport != 22 reject`,
  );

/** A copy of a bundle with one bit of a file in it changed. Gives the file's name. */
export async function changedCopy(bundle: string, copy: string, name: RegExp): Promise<string> {
  copyFileSync(bundle, copy);
  const { stdout } = await runProgram(['tar', '--block-number', '-tvf', copy]);
  const [, block = '', found = ''] = new RegExp(`^block (\\d+): .* (${name.source})$`, 'm').exec(stdout) ?? [];
  const file = openSync(copy, 'r+');
  // Past the header, and for a long name past that of the name.
  const at = Number(block) * 512 + 100_000;
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  return found;
}
