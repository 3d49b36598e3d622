// What must be there before anything compiled can run: the packages of package-lock.json and dist/. Plain Node, no packages.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program with its output passed through (or kept, with `quiet`); resolves to its exit code. */
export function run(argv, { quiet = false, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const [file, ...args] = argv;
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['inherit', 'inherit', 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), output }));
  });
}

const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

/** A named stage with its time; throws with the stage's name and what it said. */
export async function stage(name, act) {
  const startedMs = Date.now();
  process.stdout.write(`▸ ${name} …\n`);
  const result = await act();
  process.stdout.write(`  ${name}: ${seconds(startedMs)}\n`);
  return { result, ms: Date.now() - startedMs };
}

export function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Node ${process.versions.node} is too old: provision needs 20.19 or newer`);
}

/** `npm ci` when the installed packages are not those of package-lock.json. No install script is run, none is needed. */
export async function ensurePackages() {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  const stamp = `${root}node_modules/.provision-lock`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return 'packages are current';
  const { code, output } = await run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { quiet: true });
  if (code !== 0) throw new Error(`npm ci failed:\n${output}`);
  writeFileSync(stamp, lock);
  return 'packages installed';
}

export async function compile() {
  const { code, output } = await run([`${root}node_modules/.bin/tsc`, '-p', '.'], { quiet: true });
  if (code !== 0) throw new Error(`the types do not hold:\n${output}`);
}
