#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { readFileSync, writeSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
// argv -> command -> exit code. The only place that knows the process, and the only process.exit.
import { inAscii, isUtf8, runProgram, type Terminal } from './cli/index.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const stop = new AbortController();
// Every connection listens for the end of the run.
setMaxListeners(0, stop.signal);
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Who runs something says what the first one makes it finish.
    if (++interrupts > 1) leaveAtOnce();
    stop.abort();
  });
}

/** Not by way of the streams: a tree that is being drawn holds those, and it has hidden the cursor. */
function leaveAtOnce(): never {
  if (process.stdout.isTTY) writeSync(1, hasCursor ? '\u001b[?25h\n' : '\n');
  process.exit(130);
}

const hasCursor = process.env['TERM'] !== 'dumb';
const utf8 = isUtf8(process.env);
const styleOf = (stream: NodeJS.WriteStream) => ({
  colour: stream.isTTY === true && !process.env['NO_COLOR'] && hasCursor,
  ...(stream.isTTY === true && stream.columns > 0 ? { columns: stream.columns } : {}),
});
/** A reader who has seen enough (`| head`) goes; what is being done to hosts does not end for that. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** What is piped somewhere stays UTF-8: it may be JSON. */
const writer =
  (stream: NodeJS.WriteStream) =>
  (text: string): void =>
    void stream.write(stream.isTTY === true && !utf8 ? inAscii(text) : text);

const terminal: Terminal = {
  out: writer(process.stdout),
  err: writer(process.stderr),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  live: process.stdout.isTTY === true && process.stderr.isTTY === true && hasCursor && utf8,
  ...styleOf(process.stdout),
  errors: styleOf(process.stderr),
  cwd: process.cwd(),
  home: homedir(),
  user: `${userInfo().username}@${hostname()}`,
  env: process.env,
  signal: stop.signal,
  now: Date.now,
};

process.exitCode = await runProgram(process.argv.slice(2), terminal, version);
