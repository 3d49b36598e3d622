import { describe, expect, test } from '@jest/globals';
import { workScript } from '../../../src/host/index.js';
import type { Action } from '../../../src/model/index.js';

const resource = { kind: 'file', path: '/etc/a', mode: 0o644, content: 'x' } as const;
const action: Action = {
  verb: '~',
  key: 'file /etc/a',
  kind: 'file',
  summary: 'write /etc/a',
  because: [],
  resource,
  order: 7,
  before: { sha256: 'f', mode: 0o600, owner: 'root:root' },
};
const entry = { key: 'file /etc/a', kind: 'file', order: 7, former: action.before, resource: { path: '/etc/a' } };
/** The script in parts that must come in this order. */
const order = (script: string, ...parts: readonly string[]): readonly number[] =>
  parts.map((part) => script.indexOf(part));
const rising = (positions: readonly number[]): boolean =>
  positions.every((at, i) => at >= 0 && at > (positions[i - 1] ?? -1));

describe('the ledger in a work script', () => {
  test('what a cut run left beside no entry is swept, the former state kept, the entry written whole, then the change made', () => {
    const script = workScript('n', [action]);
    expect(
      rising(
        order(
          script,
          'if [ ! -e "$entry.json" ]',
          'rm -rf -- "$entry.was" "$entry".was.*',
          "keep_file '/etc/a'",
          'install_file "$entry.json" 0600 ',
          "install_file '/etc/a' 0644",
        ),
      ),
    ).toBe(true);
    expect(script).toMatch(/install_file "\$entry\.json" 0600 [0-9a-f]{64}\n/);
  });

  test('an entry goes after everything that lies beside it', () => {
    const script = workScript('n', [{ ...action, verb: '-', resource: undefined, entry } as unknown as Action]);
    expect(rising(order(script, 'give_back_file', '"$entry.was" "$entry".was.* "$entry.json"'))).toBe(true);
  });

  test('here-documents of bash lie where the rest of the work lies', () => {
    expect(workScript('n', [])).toMatch(/^TMPDIR=\$PROVISION_TMP$/m);
  });
});
