import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stopScript, workScript } from '../../../src/host/work.js';

const probe = (id: string, ...command: readonly string[]) => ({
  id,
  title: id,
  command,
  expect: '.',
  within: 5,
  hint: '',
});

/** Runs the script as a host would; its `/run` is a folder that needs no root. */
function runHere(script: string, run: string, heard: (line: string) => void = () => {}): Promise<number | null> {
  const child = spawn('sh', ['-c', script.replaceAll('/run/', `${run}/`)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PROVISION_LINE: run },
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) heard(line);
  });
  return new Promise((resolve) => child.once('close', resolve));
}

describe('the script of a segment', () => {
  test('told to stop, it finishes the action it is at, begins no other, and leaves nothing in /run', async () => {
    const run = mkdtempSync(join(tmpdir(), 'provision-run-'));
    const lines: string[] = [];
    // The one that it is at lasts until the word has come, however long that takes here.
    const until = 'touch /run/begun; until [ -e /run/provision-work.f00d/stop ]; do sleep 0.02; done; echo b';
    const work = [probe('a', 'echo', 'a'), probe('b', 'sh', '-c', until), probe('c', 'echo', 'c')];
    const ended = runHere(workScript('f00d', work), run, (line) => {
      if (line !== '') lines.push(line);
    });
    while (!existsSync(join(run, 'begun'))) await new Promise((resolve) => setTimeout(resolve, 5));
    await runHere(stopScript('f00d'), run);
    const code = await ended;
    rmSync(join(run, 'begun'));
    expect([code, lines]).toEqual([0, ['f00d start 0', 'f00d end 0 0', 'f00d start 1', 'f00d end 1 0']]);
    // Too late is not too much: nothing is left for a script that has ended.
    expect(await runHere(stopScript('f00d'), run)).toBe(0);
    expect(readdirSync(run)).toEqual([]);
    rmSync(run, { recursive: true });
  });

  test.each([
    ['told to stop', (run: string) => void runHere(stopScript('f00d'), run)],
    ['when its operator is gone', (run: string) => writeFileSync(join(run, 'gone'), '')],
  ])('%s, it waits no longer for what does not come', async (_when, tell) => {
    const run = mkdtempSync(join(tmpdir(), 'provision-run-'));
    const lines: string[] = [];
    const never = { ...probe('never', 'false'), within: 60 };
    const code = await runHere(workScript('f00d', [probe('a', 'echo', 'a'), never]), run, (line) => {
      if (line !== '') lines.push(line);
      if (line === 'f00d start 1') tell(run);
    });
    expect([code, lines]).toEqual([0, ['f00d start 0', 'f00d end 0 0', 'f00d start 1']]);
    rmSync(run, { recursive: true });
  });
});
