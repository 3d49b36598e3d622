import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  appendKnownHosts,
  entriesFor,
  fingerprint,
  formatEntry,
  judgeHostKey,
  knownKeyTypes,
  parseKnownHosts,
  readKnownHosts,
} from '../../../src/transport/index.js';

// Three real public keys and the fingerprints that `ssh-keygen -lf` prints for them.
const ED = 'AAAAC3NzaC1lZDI1NTE5AAAAIKv1c1PtR21Brc+fg6VeY5Dvfk/x45afAvpc7xIC/UP4';
const ED_PRINT = 'SHA256:9xkNVKeYYd1xxLbJ3PAVD4g8hy0uHjlw623vx3z2PY4';
const OTHER = 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
const ECDSA = ecdsaBlob();
const blob = (base64: string): Buffer => Buffer.from(base64, 'base64');

function ecdsaBlob(): string {
  const word = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([
    word(Buffer.from('ecdsa-sha2-nistp256')),
    word(Buffer.from('nistp256')),
    word(Buffer.alloc(65, 4)),
  ]).toString('base64');
}

const judge = (text: string, address: string, key: string, port = 22): string =>
  judgeHostKey(parseKnownHosts(text, 'kh'), address, port, blob(key)).type;

describe('known_hosts', () => {
  const ed = (names: string): string => `${names} ssh-ed25519 ${ED} a comment`;

  test.each([
    ['a plain name', ed('cp-1'), 'cp-1', 22, 'match'],
    ['upper case in the file and in the question', ed('CP-1'), 'cP-1', 22, 'match'],
    ['a list', ed('cp-1,10.0.0.11'), '10.0.0.11', 22, 'match'],
    ['another host', ed('cp-1'), 'cp-2', 22, 'unknown'],
    ['a name is not its own prefix', ed('cp-1'), 'cp-11', 22, 'unknown'],
    ['a star', ed('*.example.org'), 'a.b.example.org', 22, 'match'],
    ['a star does not reach past the end', ed('*.example.org'), 'a.example.org.evil', 22, 'unknown'],
    ['a question mark', ed('cp-?'), 'cp-3', 22, 'match'],
    ['a question mark is one character', ed('cp-?'), 'cp-33', 22, 'unknown'],
    ['a dot is a dot', ed('a.b'), 'axb', 22, 'unknown'],
    ['a negation beats the star beside it', ed('*.org,!bad.org'), 'bad.org', 22, 'unknown'],
    ['a negation leaves the others', ed('*.org,!bad.org'), 'good.org', 22, 'match'],
    ['a negation alone matches nothing', ed('!bad.org'), 'good.org', 22, 'unknown'],
    ['another port', ed('[cp-1]:2222'), 'cp-1', 2222, 'match'],
    ['a plain name does not hold for another port', ed('cp-1'), 'cp-1', 2222, 'unknown'],
    ['an IPv6 address with a port', ed('[fd00::1]:2222'), 'fd00::1', 2222, 'match'],
    ['an IPv6 address', ed('fd00::1'), 'FD00::1', 22, 'match'],
    ['a commented line', `#${ed('cp-1')}`, 'cp-1', 22, 'unknown'],
    ['tabs and leading blanks', `  cp-1\tssh-ed25519\t${ED}`, 'cp-1', 22, 'match'],
    ['Windows line ends', `cp-1 ssh-ed25519 ${ED}\r`, 'cp-1', 22, 'match'],
    ['a type that its key is not', `cp-1 ssh-rsa ${ED}`, 'cp-1', 22, 'unknown'],
    ['a marker that is not known', `@new ${ed('cp-1')}`, 'cp-1', 22, 'unknown'],
    ['an authority is no plain key', `@cert-authority ${ed('cp-1')}`, 'cp-1', 22, 'unknown'],
    ['a revoked key', `@revoked ${ed('*')}`, 'cp-1', 22, 'revoked'],
    ['revoked beats known', `${ed('cp-1')}\n@revoked ${ed('cp-1')}`, 'cp-1', 22, 'revoked'],
    ['another key revoked', `@revoked * ssh-ed25519 ${OTHER}\n${ed('cp-1')}`, 'cp-1', 22, 'match'],
    ['a changed key', `cp-1 ssh-ed25519 ${OTHER}`, 'cp-1', 22, 'mismatch'],
    ['one of two keys', `cp-1 ssh-ed25519 ${OTHER}\n${ed('cp-1')}`, 'cp-1', 22, 'match'],
    ['a key of another type', `cp-1 ecdsa-sha2-nistp256 ${ECDSA}`, 'cp-1', 22, 'unknown'],
    ['rubbish', 'cp-1\n||||\n|1|x\n\u0000', 'cp-1', 22, 'unknown'],
  ])('%s', (_name, text, address, port, verdict) => {
    expect(judge(text, address, ED, port)).toBe(verdict);
  });

  test('hashed names, as ssh-keygen -H writes them', () => {
    const text = [
      `|1|vBla8pXqtjXsOoZ0EHIL71QgImU=|x+SbWkC+2BDZrL2s7c+cRTyq4kM= ssh-ed25519 ${ED}`,
      `|1|/TayXH7l1oJPr/nG9OQCqkwUP7o=|n1edX/nKCbeCAltjNKXaoCfj/x4= ssh-ed25519 ${OTHER}`,
    ].join('\n');
    expect(judge(text, 'cp-1', ED)).toBe('match');
    expect(judge(text, 'cp-1', OTHER)).toBe('mismatch');
    expect(judge(text, 'cp-1', OTHER, 2222)).toBe('match');
    expect(judge(text, 'cp-2', ED)).toBe('unknown');
    const made = formatEntry({ address: 'CP-1', port: 2222, key: blob(ED) }, true);
    expect(made).toMatch(/^\|1\|[^ |]{28}\|[^ |]{28} ssh-ed25519 /);
    expect(judge(made, 'cp-1', ED, 2222)).toBe('match');
    expect(judge(made, 'cp-1', ED)).toBe('unknown');
    expect(judge(made.replace('|1|', '|2|'), 'cp-1', ED, 2222)).toBe('unknown');
  });

  test('a hostile pattern is matched in linear time', () => {
    const pattern = `${'*a'.repeat(2000)}b`;
    const started = performance.now();
    expect(judge(`${pattern} ssh-ed25519 ${ED}`, 'a'.repeat(4000), ED)).toBe('unknown');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('a verdict names file and line', () => {
    const entries = [
      ...parseKnownHosts(`# one\ncp-1 ecdsa-sha2-nistp256 ${ECDSA}\n`, 'first'),
      ...parseKnownHosts(`\n\ncp-1 ssh-ed25519 ${OTHER}`, 'second'),
    ];
    expect(judgeHostKey(entries, 'cp-1', 22, blob(ED))).toMatchObject({
      type: 'mismatch',
      entries: [{ file: 'second', line: 3 }],
    });
    expect(knownKeyTypes(entries, 'cp-1', 22)).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519']);
    expect(entriesFor(entries, 'cp-2', 22)).toEqual([]);
  });

  test('fingerprints are those of ssh-keygen', () => {
    expect(fingerprint(blob(ED))).toBe(ED_PRINT);
  });

  test('entries are appended, never rewritten, and the file is private', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'provision-known-'));
    try {
      const file = join(folder, 'sub', 'known_hosts');
      const entry = formatEntry({ address: 'cp-1', port: 22, key: blob(ED) });
      await appendKnownHosts(file, [entry]);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      writeFileSync(file, `${entry} no newline at the end`);
      await appendKnownHosts(file, [entry.replace('cp-1', 'cp-2')]);
      await appendKnownHosts(file, []);
      expect(readFileSync(file, 'utf8').split('\n')).toEqual([
        `${entry} no newline at the end`,
        entry.replace('cp-1', 'cp-2'),
        '',
      ]);
      const entries = await readKnownHosts([join(folder, 'absent'), file]);
      expect(entries.map((known) => `${known.file}:${known.line}`)).toEqual([`${file}:1`, `${file}:2`]);
      await expect(readKnownHosts([folder])).rejects.toMatchObject({ code: 'HOST_KEY' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
