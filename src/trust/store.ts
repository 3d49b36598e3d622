// The trust part of the state folder. Layout, every file readable with `openssl x509 -in` and `openssl pkey -in`:
//   <stateDir>/pki/authorities/{ca,front-proxy-ca,etcd-ca}.pem   certificate and key in one file
//   <stateDir>/pki/authorities/sa.pem                            key that signs service account tokens
//   <stateDir>/pki/nodes/<node>/<certificate>.pem                certificate and key in one file
// A pair is one file and appears by rename, the authorities are one folder and appear by rename: a crash at any byte
// leaves either all of it or none, and a set of authorities is never replaced, not even by a second run at the same time.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type AuthorityName, type CertificatePair, ProvisionError, Secret } from '../model/index.js';
import { publicText } from './mint.js';
import { joinPair, openKey, openPair, splitPair } from './pem.js';
import { authorityRows } from './table.js';

export interface Authorities {
  readonly pairs: Readonly<Record<AuthorityName, CertificatePair>>;
  readonly serviceAccount: { readonly publicKey: string; readonly privateKey: Secret };
}

/** `leaves`: `<node>/<certificate>` -> pair; a damaged one is not in it. */
export interface Stored {
  readonly authorities: Authorities | null;
  readonly leaves: ReadonlyMap<string, CertificatePair>;
}

export const leafId = (node: string, certificate: string): string => `${node}/${certificate}`;

const leftover = /^\.[a-z0-9.-]+\.tmp$/;
const leftoverAfterMs = 10 * 60_000;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** Reads what is there. Throws STATE when it is open to others, or when an authority is damaged; writes nothing. */
export async function readStore(stateDir: string): Promise<Stored> {
  const pki = join(stateDir, 'pki');
  if (!(await isFolder(stateDir, stateDir)) || !(await isFolder(pki, stateDir))) {
    return { authorities: null, leaves: new Map() };
  }
  const [authorities, leaves] = await Promise.all([readAuthorities(stateDir), readLeaves(stateDir)]);
  return { authorities, leaves };
}

async function readAuthorities(stateDir: string): Promise<Authorities | null> {
  const folder = join(stateDir, 'pki', 'authorities');
  if (!(await isFolder(folder, stateDir))) return null;
  const texts = await Promise.all(
    ['sa', ...authorityRows.map(({ name }) => name)].map(
      async (name) => [name, await readPrivate(join(folder, `${name}.pem`), stateDir)] as const,
    ),
  );
  const byName = new Map(texts);
  const pairOf = (name: AuthorityName): CertificatePair => {
    const pair = splitPair(byName.get(name) ?? '');
    const opened = pair === null ? null : openPair(pair);
    if (pair === null || opened === null || 'complaint' in opened || !opened.cert.ca) {
      throw damaged(join(folder, `${name}.pem`));
    }
    return pair;
  };
  const privateKey = new Secret(byName.get('sa') ?? '');
  const key = openKey(privateKey);
  if (key === null) throw damaged(join(folder, 'sa.pem'));
  return {
    pairs: { ca: pairOf('ca'), 'front-proxy-ca': pairOf('front-proxy-ca'), 'etcd-ca': pairOf('etcd-ca') },
    serviceAccount: { publicKey: publicText(key), privateKey },
  };
}

const damaged = (path: string): ProvisionError =>
  new ProvisionError('STATE', `${path} is missing or damaged: it holds an authority of the cluster`, {
    hint: 'Restore the state folder from a backup, or move it away and run `provision state pull`.',
  });

async function readLeaves(stateDir: string): Promise<ReadonlyMap<string, CertificatePair>> {
  const nodes = join(stateDir, 'pki', 'nodes');
  if (!(await isFolder(nodes, stateDir))) return new Map();
  const folders = (await readdir(nodes)).filter((name) => !name.startsWith('.'));
  const found = await Promise.all(
    folders.map(async (node) => {
      const folder = join(nodes, node);
      if (!(await isFolder(folder, stateDir))) return [];
      const files = (await readdir(folder)).filter((file) => file.endsWith('.pem'));
      return Promise.all(
        files.map(async (file) => {
          const pair = splitPair((await readPrivate(join(folder, file), stateDir)) ?? '');
          return [leafId(node, file.slice(0, -'.pem'.length)), pair] as const;
        }),
      );
    }),
  );
  return new Map(found.flat().filter((entry): entry is [string, CertificatePair] => entry[1] !== null));
}

/** Puts the authorities in place, all at once. Throws STATE when there are some already. */
export async function writeAuthorities(stateDir: string, { pairs, serviceAccount }: Authorities): Promise<void> {
  const pki = join(stateDir, 'pki');
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const temporary = join(pki, temporaryName('authorities'));
  await mkdir(temporary, { mode: 0o700 });
  await Promise.all([
    ...authorityRows.map(({ name }) => writeNew(join(temporary, `${name}.pem`), joinPair(pairs[name]))),
    writeNew(join(temporary, 'sa.pem'), serviceAccount.privateKey),
  ]);
  await syncFolder(temporary);
  try {
    // rename(2): refused when the target is a folder with something in it.
    await rename(temporary, join(pki, 'authorities'));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true });
    if (!hasCode(cause, 'ENOTEMPTY', 'EEXIST')) throw cause;
    throw new ProvisionError('STATE', `another run has just made the authorities in ${pki}`, {
      hint: 'Run the command again: it will use those.',
      cause,
    });
  }
  await syncFolder(pki);
  await syncFolder(stateDir);
}

/** Writes pairs (`<node>/<certificate>`), each in one step, and makes them durable. */
export async function writeLeaves(stateDir: string, leaves: ReadonlyMap<string, CertificatePair>): Promise<void> {
  const paths = [...leaves].map(([id, pair]) => ({ path: join(stateDir, 'pki', 'nodes', `${id}.pem`), pair }));
  const folders = [...new Set(paths.map(({ path }) => dirname(path)))];
  await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  await Promise.all(
    paths.map(async ({ path, pair }) => {
      const temporary = join(dirname(path), temporaryName('leaf'));
      await writeNew(temporary, joinPair(pair));
      await rename(temporary, path);
    }),
  );
  await Promise.all([...folders, join(stateDir, 'pki', 'nodes')].map(syncFolder));
}

/** Removes what interrupted runs left. Young leftovers stay: they may belong to a run that is going on. */
export async function sweepStore(stateDir: string, now: Date): Promise<void> {
  const pki = join(stateDir, 'pki');
  const nodes = join(pki, 'nodes');
  const nodeFolders = (await entries(nodes)).map((node) => join(nodes, node));
  for (const folder of [pki, ...nodeFolders]) {
    for (const name of (await entries(folder)).filter((entry) => leftover.test(entry))) {
      const status = await statusOf(join(folder, name));
      if (status !== null && now.getTime() - status.mtimeMs > leftoverAfterMs) {
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
  }
}

async function entries(folder: string): Promise<readonly string[]> {
  return (await statusOf(folder))?.isDirectory() === true ? readdir(folder) : [];
}

const temporaryName = (what: string): string => `.${what}.${randomBytes(8).toString('hex')}.tmp`;

async function writeNew(path: string, text: Secret): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(text.reveal());
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readPrivate(path: string, stateDir: string): Promise<string | null> {
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW);
    try {
      refuseLoose(path, await file.stat(), stateDir);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    if (hasCode(cause, 'ELOOP')) throw notOurs(path, 'a symbolic link', stateDir);
    throw cause;
  }
}

async function isFolder(path: string, stateDir: string): Promise<boolean> {
  const status = await statusOf(path);
  if (status === null) return false;
  if (!status.isDirectory()) throw notOurs(path, 'not a folder', stateDir);
  refuseLoose(path, status, stateDir);
  return true;
}

async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

function refuseLoose(path: string, { mode, uid }: Stats, stateDir: string): void {
  const bits = mode & 0o777;
  if ((bits & 0o077) !== 0) {
    throw new ProvisionError(
      'STATE',
      `${path} is open to others (mode ${bits.toString(8).padStart(4, '0')}): the cluster's keys are in it`,
      { hint: `chmod -R go-rwx ${shellWord(stateDir)}` },
    );
  }
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && uid !== me) throw notOurs(path, `owned by user ${uid}`, stateDir);
}

const notOurs = (path: string, what: string, stateDir: string): ProvisionError =>
  new ProvisionError('STATE', `${path} is ${what}: keys are kept in plain folders of the user who runs provision`, {
    hint: `Look at it, move ${stateDir} away and run \`provision state pull\`.`,
  });

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
