import { describe, expect, test } from '@jest/globals';
import { frames, readParts } from '../../../src/host/frames.js';
import { inquire } from '../../../src/host/index.js';
import { aMachine } from '../../support/scene.js';

const outcome = (stdout: string, stderr = '') => ({ code: 0, stdout, stderr, ms: 1 });

describe('frames', () => {
  test('parts come back with their status, also when one does not end its last line', () => {
    const said = 'n begin a\none\ntwo\nn end 0\nn begin b\nno newlinen end 3\n';
    expect(readParts('n', said)).toEqual([
      { name: 'a', output: 'one\ntwo', status: 0 },
      { name: 'b', output: 'no newline', status: 3 },
    ]);
  });

  test('a part that never ended is no answer', () => {
    expect(readParts('n', 'n begin a\nhalf')).toEqual([]);
  });

  test('a host that prints something like a frame is not believed: the nonce is drawn anew', () => {
    expect(frames().nonce).not.toBe(frames().nonce);
    expect(readParts('real', 'fake begin a\nfake end 0\n')).toEqual([]);
  });
});

describe('inquire', () => {
  const file = { kind: 'file', path: '/etc/a', mode: 0o644, content: 'a' } as const;
  const nonceOf = (script: string): string => /echo '([0-9a-f]{16}) begin/.exec(script)?.[1] ?? '';

  test('every kind asks once, whatever the number of its resources', () => {
    const { script } = inquire(Array.from({ length: 50 }, (_, i) => ({ ...file, path: `/etc/${i}` })));
    expect(script.match(/ begin file'/g)).toHaveLength(1);
  });

  test('"I could not look" is an error with what the host said, never an absence', () => {
    const inquiry = inquire([file]);
    const nonce = nonceOf(inquiry.script);
    const said = outcome(
      `${nonce} begin ledger\n${nonce} end 0\n${nonce} begin file\n${nonce} end 2\n`,
      'stat: cannot',
    );
    expect(() => inquiry.read('h1', aMachine(), said)).toThrow('could not look at file (the question ended with 2)');
  });

  test('a host that broke off in the middle is an error too', () => {
    const inquiry = inquire([file]);
    const nonce = nonceOf(inquiry.script);
    expect(() => inquiry.read('h1', aMachine(), outcome(`${nonce} begin ledger\n`))).toThrow('could not look at file');
  });

  test('a torn line of the ledger is named, not skipped', () => {
    const inquiry = inquire([]);
    const nonce = nonceOf(inquiry.script);
    const said = outcome(`${nonce} begin ledger\n{"key":"file /etc\n${nonce} end 0\n`);
    expect(() => inquiry.read('h1', aMachine(), said)).toThrow('a line of the ledger');
  });
});
