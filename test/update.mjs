// `npm run update`: writes everything that is made and not written: docs/inventory.md, its schema, the table of versions in README.md,
// and the golden trees. Look at the difference before committing it.
//   npm run update -- --transcript FILE    also README's transcript, from the output of a real `npm run quickstart`
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, ensurePackages, refuseOldNode, root, run, stage } from '../lab/prepare.mjs';

const { values } = parseArgs({ options: { transcript: { type: 'string' } } });

/** What a reader should see of a quickstart; what is left out between two lines is counted, nothing else is changed. */
const SHOWN = [
  /^▸ |^ {2}\S.*: \d+\.\d s$/,
  /^lab ".*" is up|answers SSH/,
  /^\[.*(apply \S+ on|preflight|is Ready|API server .* answers|changed:)/,
  /^✔ \S+: \d+ changes|checks passed$/,
  /^cluster |^NODE |^h\d +\S*Ready/,
  /\d+\.\d s {2}/,
];

function shortened(text) {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const from = lines.findIndex((line) => line.startsWith('▸ '));
  const kept = [];
  let left = 0;
  for (const line of lines.slice(from)) {
    if (SHOWN.some((pattern) => pattern.test(line))) {
      if (left > 0) kept.push(`… ${left} ${left === 1 ? 'line' : 'lines'}`);
      kept.push(line);
      left = 0;
    } else if (line !== '') left++;
  }
  return kept.join('\n');
}

async function update() {
  refuseOldNode();
  await stage('packages', ensurePackages);
  await stage('compile', compile);
  const { between, documents } = await import('../dist/test/support/documents.js');
  if (values.transcript !== undefined) {
    const inside = `What it looked like, with the lines left out counted:\n\n\`\`\`text\n$ npm run quickstart\n${shortened(readFileSync(values.transcript, 'utf8'))}\n\`\`\`\n`;
    const readme = join(root, 'README.md');
    writeFileSync(readme, between(readFileSync(readme, 'utf8'), 'transcript', inside));
  }
  for (const [path, text] of documents(root)) writeFileSync(join(root, path), text);
  await stage('golden trees', async () => {
    const { code, output } = await run(
      [process.execPath, `${root}node_modules/jest/bin/jest.js`, 'unit/steps/golden'],
      {
        quiet: true,
        env: { NODE_OPTIONS: '--experimental-vm-modules --no-warnings', UPDATE_GOLDEN: '1' },
      },
    );
    if (code !== 0) throw new Error(output);
  });
  const { output } = await run(['git', 'diff', '--stat', '--', 'README.md', 'docs', 'test/golden'], { quiet: true });
  process.stdout.write(output === '' ? 'everything was current\n' : output);
}

await update().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
