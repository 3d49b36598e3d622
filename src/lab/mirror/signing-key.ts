// The key that the lab signs its packages and repositories with: one per machine, made once, kept in the lab's cache. It is
// trusted by lab hosts and inventories only. Knows nothing of what is signed.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeOnce } from '../once.js';
import { type CommandOptions, readCommand, runCommand } from './run.js';

export interface SigningKey {
  /** ASCII-armored, for nobody but root. */
  readonly secretFile: string;
  /** ASCII-armored, as publishers offer theirs. */
  readonly armoredFile: string;
  /** Binary, as apt's `signed-by=` wants it. */
  readonly keyringFile: string;
  /** 40 hex digits. */
  readonly fingerprint: string;
}

/** The cache's key, made if there is none. */
export async function ensureSigningKey(cacheDir: string, options: CommandOptions): Promise<SigningKey> {
  const folder = join(cacheDir, 'signing-key-1');
  await makeOnce(folder, (partial) => makeKey(partial, options), options);
  return signingKeyIn(folder);
}

async function signingKeyIn(folder: string): Promise<SigningKey> {
  return {
    secretFile: join(folder, 'secret.asc'),
    armoredFile: join(folder, 'public.asc'),
    keyringFile: join(folder, 'public.gpg'),
    fingerprint: (await readFile(join(folder, 'fingerprint'), 'utf8')).trim(),
  };
}

/** `gpg` words in a home of its own. */
type Gpg = (...words: readonly string[]) => Promise<string>;

function makeKey(folder: string, options: CommandOptions): Promise<void> {
  return withGpg(options, async (gpg) => {
    // RSA, because the rpm of Enterprise Linux 7 knows no elliptic curve.
    await gpg('--quick-generate-key', 'provision lab mirror <mirror@provision.invalid>', 'rsa3072', 'sign', 'never');
    const listing = await gpg('--with-colons', '--list-keys');
    const [, fingerprint = ''] = /^fpr:{9}([0-9A-F]{40}):/m.exec(listing) ?? [];
    const secret = join(folder, 'secret.asc');
    await writeFile(secret, '', { mode: 0o600 });
    await gpg('--armor', '--output', secret, '--export-secret-keys');
    await chmod(secret, 0o600);
    await gpg('--armor', '--output', join(folder, 'public.asc'), '--export');
    await gpg('--output', join(folder, 'public.gpg'), '--export');
    await writeFile(join(folder, 'fingerprint'), `${fingerprint}\n`);
  });
}

/** Signs with the key: `detached` writes FILE.asc or the named file, `clear` a file with its text in it. */
export interface Signer {
  readonly detached: (file: string, signature: string) => Promise<void>;
  readonly clear: (file: string, signed: string) => Promise<void>;
}

export function withSigner(
  key: SigningKey,
  options: CommandOptions,
  work: (signer: Signer) => Promise<void>,
): Promise<void> {
  return withGpg(options, async (gpg) => {
    await gpg('--import', key.secretFile);
    await work({
      detached: async (file, signature) => void (await gpg('--armor', '--output', signature, '--detach-sign', file)),
      clear: async (file, signed) => void (await gpg('--output', signed, '--clearsign', file)),
    });
  });
}

async function withGpg(options: CommandOptions, work: (gpg: Gpg) => Promise<void>): Promise<void> {
  // In /tmp: gpg-agent's socket lies in it, and a socket's path has at most 107 bytes (unix(7)).
  const home = await mkdtemp(join(tmpdir(), 'lab-gpg-'));
  const common = ['--homedir', home, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  try {
    await work((...words) => readCommand(['gpg', ...common, ...words], options));
  } finally {
    // Without the caller's signal: an aborted build must not leave an agent behind.
    await runCommand(['gpgconf', '--homedir', home, '--kill', 'all']);
    await rm(home, { recursive: true, force: true });
  }
}
