// Private keys and agents: what may be used to log in, read once and kept in memory only.
import { readFile, stat } from 'node:fs/promises';
import type {
  BaseAgent,
  IdentityCallback,
  KnownPublicKeys,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from 'ssh2';
import ssh2 from 'ssh2';
import { type Credentials, ProvisionError } from '../model/index.js';

/** Refuses a missing file and one that others may read. */
export async function checkSecretFile(path: string, host: string, what: string): Promise<void> {
  const mode = await stat(path).then(
    (stats) => stats.mode,
    (error: unknown) => {
      throw new ProvisionError('AUTH', `${what} ${path} cannot be read`, {
        host,
        said: String(error),
        hint: 'check the path in the inventory',
        cause: error,
      });
    },
  );
  if ((mode & 0o077) !== 0) {
    throw new ProvisionError('AUTH', `${what} ${path} is open to others (mode ${(mode & 0o777).toString(8)})`, {
      host,
      hint: `chmod 600 ${path}`,
    });
  }
}

/** What a private key file tells without its passphrase. */
export interface KeyOutline {
  readonly encrypted: boolean;
  /** The public blob, where the format keeps it in the clear. */
  readonly publicKey: Buffer | null;
}

const OPENSSH_MAGIC = 'openssh-key-v1\0';

export function outlineOf(text: string): KeyOutline {
  const openssh = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text);
  if (openssh === null) return { encrypted: /ENCRYPTED|^Encryption: (?!none)/m.test(text), publicKey: null };
  const blob = Buffer.from(openssh[1] ?? '', 'base64');
  let at = OPENSSH_MAGIC.length;
  // PROTOCOL.key of OpenSSH: cipher, kdf, kdf options, number of keys, then the public key.
  const next = (): Buffer => {
    const length = blob.readUInt32BE(at);
    at += 4 + length;
    return blob.subarray(at - length, at);
  };
  try {
    const cipher = next().toString('latin1');
    next();
    next();
    at += 4;
    return { encrypted: cipher !== 'none', publicKey: next() };
  } catch {
    return { encrypted: false, publicKey: null };
  }
}

/** Keys by path, each read, decrypted and asked for at most once per run. */
export interface Keyring {
  outline(path: string, host: string): Promise<KeyOutline>;
  /** `paused` runs while the operator is asked, so that no deadline counts it. */
  open(path: string, host: string, credentials: Credentials, paused: Paused): Promise<ParsedKey>;
}

/** Carries out a question to the operator outside of any deadline. */
export type Paused = <T>(question: () => Promise<T>) => Promise<T>;

export function keyring(): Keyring {
  const texts = new Map<string, Promise<string>>();
  const keys = new Map<string, Promise<ParsedKey>>();
  const once = <T>(map: Map<string, Promise<T>>, path: string, make: () => Promise<T>): Promise<T> => {
    const known = map.get(path) ?? make();
    map.set(path, known);
    return known;
  };
  const text = (path: string, host: string): Promise<string> =>
    once(texts, path, async () => {
      await checkSecretFile(path, host, 'private key');
      return readFile(path, 'utf8');
    });
  return {
    outline: async (path, host) => outlineOf(await text(path, host)),
    open: (path, host, credentials, paused) =>
      paused(() => once(keys, path, async () => decrypt(path, await text(path, host), host, credentials))),
  };
}

async function decrypt(path: string, text: string, host: string, credentials: Credentials): Promise<ParsedKey> {
  const { encrypted } = outlineOf(text);
  const passphrase = encrypted ? (await credentials.passwordFor('key', path)).reveal() : undefined;
  const key = ssh2.utils.parseKey(text, passphrase);
  if (!(key instanceof Error)) return Array.isArray(key) ? key[0] : key;
  throw new ProvisionError(
    'AUTH',
    encrypted ? `the passphrase of private key ${path} is wrong` : `private key ${path} cannot be used`,
    {
      host,
      said: key.message,
      hint: encrypted
        ? 'run again, or load the key into the agent (ssh-add)'
        : 'it must be a private key as ssh-keygen writes it',
    },
  );
}

/** An agent that shows only some of its keys: a server counts each one as a try (MaxAuthTries, PerSourcePenalties). */
class ChosenKeys extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly keys: readonly ParsedKey[];

  constructor(agent: BaseAgent, keys: readonly ParsedKey[]) {
    super();
    this.#agent = agent;
    this.keys = keys;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(null, [...this.keys]);
  }

  override sign(
    key: ParsedKey,
    bytes: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, bytes, options);
    else this.#agent.sign(key, bytes, options, callback);
  }
}

export type { ChosenKeys };

/**
 * The agent's keys for a login: all of them, or only `named` when the inventory names a key. Null if there is no agent,
 * it does not answer, or it holds none of those.
 */
export function agentKeys(socket: string | undefined, named: Buffer | null): Promise<ChosenKeys | null> {
  if (socket === undefined || socket === '') return Promise.resolve(null);
  const agent = ssh2.createAgent(socket);
  return new Promise((resolve) => {
    agent.getIdentities((error, found) => {
      const keys = (error ? [] : (found ?? []))
        .filter(isParsedKey)
        .filter((key) => named === null || key.getPublicSSH().equals(named));
      resolve(keys.length === 0 ? null : new ChosenKeys(agent, keys));
    });
  });
}

const isParsedKey = (key: KnownPublicKeys[number]): key is ParsedKey =>
  typeof key === 'object' && 'getPublicSSH' in key;
