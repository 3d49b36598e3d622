#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
// argv -> command -> exit code. The only place that knows the process, and the only process.exit.
import { runProgram, type Terminal } from './cli/index.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const stop = new AbortController();
// Every connection listens for the end of the run.
setMaxListeners(0, stop.signal);
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (++interrupts > 1) process.exit(130);
    process.stderr.write('\nfinishing what the hosts are doing; once more to stop at once\n');
    stop.abort();
  });
}

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
  columns: process.stdout.columns ?? 100,
  cwd: process.cwd(),
  home: homedir(),
  user: `${userInfo().username}@${hostname()}`,
  env: process.env,
  signal: stop.signal,
  now: Date.now,
};

process.exitCode = await runProgram(process.argv.slice(2), terminal, version);
