import type { Host } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { applyObjects, bootstrapTokenManifest, deleteToken, listTokens } from '../resources/index.js';
import { withLeader } from './leader.js';
import { trustFor } from './living.js';
import type { Surroundings } from './session.js';

export interface TokenRow {
  readonly id: string;
  /** RFC 3339; null: never. */
  readonly expires: string | null;
  readonly usages: readonly string[];
  readonly groups: readonly string[];
  readonly description: string;
}

export interface CreatedToken {
  /** `id.secret`, to be shown once. */
  readonly token: string;
  readonly expires: string | null;
  readonly joinCommand: string;
}

export interface NewToken {
  /** Seconds; 0: never expires. */
  readonly ttl: number;
  readonly description: string;
}

/** A token that anyone may join with, as `kubeadm token create` makes it. */
export function createToken(around: Surroundings, wish: NewToken): Promise<CreatedToken> {
  return withLeader(around, async (leader, session) => {
    const trust = await trustFor(around, session);
    const { id, secret } = trust.newToken();
    const expires =
      wish.ttl === 0 ? null : new Date(around.now() + wish.ttl * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    const manifest = bootstrapTokenManifest({
      id,
      secret,
      expires,
      description: wish.description,
      usages: ['authentication', 'signing'],
    });
    await leader.ask(applyObjects(JSON.stringify(manifest)));
    const { host, port } = around.cluster.endpoint;
    const token = `${id}.${secret.reveal()}`;
    const server = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return {
      token,
      expires,
      joinCommand: `kubeadm join ${server} --token ${token} --discovery-token-ca-cert-hash ${trust.caHash}`,
    };
  });
}

export const tokens = (around: Surroundings): Promise<readonly TokenRow[]> => withLeader(around, readTokens);

async function readTokens(leader: Host): Promise<readonly TokenRow[]> {
  const output = await leader.ask(listTokens());
  return output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id = '', expires = '', authentication = '', signing = '', groups = '', description = ''] = line
        .split('\t')
        .map((cell) => Buffer.from(cell, 'base64').toString('utf8'));
      return {
        id,
        expires: expires === '' ? null : expires,
        usages: [...(authentication === 'true' ? ['authentication'] : []), ...(signing === 'true' ? ['signing'] : [])],
        groups: groups === '' ? [] : groups.split(','),
        description,
      };
    });
}

/** Accepts an id or a whole token. */
export function removeToken(around: Surroundings, idOrToken: string): Promise<void> {
  const id = idOrToken.split('.')[0] ?? '';
  if (!/^[a-z0-9]{6}$/.test(id)) {
    throw new ProvisionError('USAGE', 'a token id has six characters of a-z and 0-9', {
      hint: 'provision token list shows the ids',
    });
  }
  return withLeader(around, async (leader) => {
    const output = await leader.ask(deleteToken(id));
    if (output.trim() === '')
      throw new ProvisionError('USAGE', `there is no token ${id}`, { hint: 'provision token list shows the ids' });
  });
}
