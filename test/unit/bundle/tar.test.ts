import { mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { textMember, writeArchive } from '../../../src/bundle/archive.js';
import { readTar, tarHeader } from '../../../src/bundle/tar.js';
import { runProgram } from '../../../src/transport/index.js';
import { aFolder } from './upstream.js';

const NAMES = ['a', 'x'.repeat(100), `${'long/'.repeat(60)}name`, 'größe/名前', `${'ü'.repeat(60)}`, '9'.repeat(988)];
const never = new AbortController().signal;

async function namesIn(path: string): Promise<readonly string[]> {
  const handle = await open(path);
  const entries = await readTar(handle, path);
  await handle.close();
  return entries.map(({ name }) => name);
}

test('names of any length and script: tar and we read the same', async () => {
  const path = join(aFolder(), 'names.tar');
  await writeArchive(
    path,
    NAMES.map((name) => textMember(name, `in ${name}`)),
    never,
  );
  expect(await namesIn(path)).toEqual(NAMES);
  const listed = await runProgram(['tar', '--quoting-style=literal', '-tf', path], { env: { LC_ALL: 'C.UTF-8' } });
  expect(listed.stdout.trim().split('\n')).toEqual(NAMES);
  for (const name of NAMES) {
    const { stdout } = await runProgram(['tar', '-xOf', path, '--', name], { env: { LC_ALL: 'C.UTF-8' } });
    expect(stdout).toBe(`in ${name}`);
  }
});

test.each(['ustar', 'pax'])('what tar writes as %s is read', async (format) => {
  const folder = aFolder();
  const names = ['short', `${'part/'.repeat(30)}last`];
  for (const name of names) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
  await runProgram(['tar', `--format=${format}`, '-cf', 'made.tar', ...names], { cwd: folder });
  expect(await namesIn(join(folder, 'made.tar'))).toEqual(names);
});

test('a file of more than 8 GiB has its size in a record of its own', () => {
  const size = 9 * 2 ** 30;
  expect(tarHeader('big', size).toString('latin1')).toContain(`19 size=${size}\n`);
});

test.each(['', '/etc/passwd', 'a/../../b', 'a\0b'])('%j is no name', (name) =>
  expect(() => tarHeader(name, 1)).toThrow('not a name for a file'));

test('a link is no file of ours', async () => {
  const folder = aFolder();
  await runProgram(['sh', '-c', 'ln -s /etc/passwd link && tar -cf links.tar link'], { cwd: folder });
  await expect(namesIn(join(folder, 'links.tar'))).rejects.toThrow('link is no plain file');
});

test('an archive that could not be written leaves nothing', async () => {
  const folder = aFolder();
  const short = { name: 'a', size: 10, open: () => textMember('a', 'few').open() };
  await expect(writeArchive(join(folder, 'b.tar'), [short], never)).rejects.toThrow('could not write');
  await expect(writeArchive(join(folder, 'none', 'b.tar'), [], never)).rejects.toThrow('could not write');
  const { stdout } = await runProgram(['ls', '-A', folder]);
  expect(stdout).toBe('');
});
