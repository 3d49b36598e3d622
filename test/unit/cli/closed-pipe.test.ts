import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const main = join(dirname(fileURLToPath(import.meta.url)), '../../../src/main.js');

test.each(['stdout', 'stderr'] as const)('a reader of %s who goes away is no error', async (closed) => {
  // Its help goes to stdout; without a command it goes to stderr.
  const child = spawn(process.execPath, [main, ...(closed === 'stdout' ? ['--help'] : [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child[closed].destroy();
  child[closed === 'stdout' ? 'stderr' : 'stdout'].on('data', (text) => said.push(String(text)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, said }).toEqual({ code: closed === 'stdout' ? 0 : 1, said: [] });
});
