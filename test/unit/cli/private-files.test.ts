import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writePrivate } from '../../../src/cli/look-commands.js';

test('a kubeconfig is closed to others, also where a file was that others could read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'private-'));
  try {
    const fresh = writePrivate(join(folder, 'below', 'config'), 'key');
    const loose = join(folder, 'loose');
    writeFileSync(loose, 'old', { mode: 0o644 });
    writePrivate(loose, 'key');
    expect([fresh, loose].map((path) => [statSync(path).mode & 0o777, readFileSync(path, 'utf8')])).toEqual([
      [0o600, 'key'],
      [0o600, 'key'],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
