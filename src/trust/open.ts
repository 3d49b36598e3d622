import type { KeyObject } from 'node:crypto';
import {
  type AuthorityName,
  type CertificateName,
  type CertificatePair,
  type Cluster,
  type Node,
  ProvisionError,
  Secret,
  type Trust,
} from '../model/index.js';
import { misfit } from './fit.js';
import { caHash } from './hash.js';
import {
  backdateMs,
  type Entropy,
  type Identity,
  type Issuer,
  keyText,
  leafEnd,
  mintAuthority,
  mintLeaf,
  publicText,
  systemEntropy,
} from './mint.js';
import { openPair } from './pem.js';
import {
  type Authorities,
  leafId,
  readStore,
  type Stored,
  sweepStore,
  writeAuthorities,
  writeLeaves,
} from './store.js';
import { authorityRows, type CertificateRow, rowsOf } from './table.js';
import { newToken } from './token.js';

export interface OpenTrustInputs {
  /** `.provision/<cluster>`; made when something has to be kept in it. */
  readonly stateDir: string;
  readonly cluster: Cluster;
  readonly now: Date;
  readonly random?: Entropy | undefined;
  /**
   * Whether the cluster may get authorities of its own when the state folder has none: only for a cluster that does not
   * live yet. Leaves that are missing or no longer fit are minted in any case: an authority that is there may sign.
   */
  readonly mint: boolean;
}

export interface OpenedTrust {
  readonly trust: Trust;
  /** What was minted and why: `cp-1/apiserver: other names`. */
  readonly minted: readonly string[];
}

/**
 * The cluster's trust from the state folder, with what is missing or no longer fits minted and kept.
 * Throws STATE: no authorities and none may be made, a damaged or expired authority, a folder open to others.
 */
export async function openTrust(inputs: OpenTrustInputs): Promise<OpenedTrust> {
  const { stateDir, cluster, now, mint, random = systemEntropy } = inputs;
  const stored = await readStore(stateDir);
  if (stored.authorities === null && !mint) throw noAuthorities(stateDir, cluster.name);
  const issuers = stored.authorities === null ? null : issuersOf(stored.authorities);
  const wanted = survey(cluster, stored, issuers, now);

  // All keys at once: RSA keys take 100 ms and more each, and the thread pool uses every core.
  const [authorityKeys, leafKeys] = await Promise.all([
    stored.authorities === null ? makeAuthorityKeys(cluster, random) : null,
    Promise.all(wanted.map(() => random.key(cluster.pki.algorithm))),
  ]);
  const authorities = stored.authorities ?? mintAuthorities(authorityKeys, now, random);
  const leaves = mintLeaves(wanted, leafKeys, issuers ?? issuersOf(authorities), now, random);

  if (stored.authorities === null) await writeAuthorities(stateDir, authorities);
  if (leaves.size > 0) {
    await writeLeaves(stateDir, leaves);
    await sweepStore(stateDir, now);
  }
  return {
    trust: trustOf(authorities, new Map([...stored.leaves, ...leaves]), now, random),
    minted: [
      ...(stored.authorities === null ? [...authorityRows.map(({ name }) => `${name}: missing`), 'sa: missing'] : []),
      ...wanted.map(({ id, because }) => `${id}: ${because}`),
    ],
  };
}

const noAuthorities = (stateDir: string, cluster: string): ProvisionError =>
  new ProvisionError('STATE', `the cluster ${cluster} lives, but its authorities are not in ${stateDir}`, {
    hint: 'Fetch them from a control plane with `provision state pull`, or restore the state folder from a backup.',
  });

type Issuers = Readonly<Record<AuthorityName, Issuer>>;

interface WantedLeaf {
  readonly id: string;
  readonly row: CertificateRow;
  readonly identity: Identity;
  readonly because: string;
}

/** Which leaves have to be minted, and why. */
function survey(cluster: Cluster, stored: Stored, issuers: Issuers | null, now: Date): readonly WantedLeaf[] {
  return cluster.nodes.flatMap((node) =>
    rowsOf(cluster, node).flatMap((row) => {
      const id = leafId(node.name, row.name);
      const identity = { subject: row.subject(node), usages: row.usages, altNames: row.altNames(cluster, node) };
      const because =
        issuers === null
          ? 'missing'
          : misfit(stored.leaves.get(id), identity, cluster.pki.algorithm, issuers[row.issuer], now);
      return because === null ? [] : [{ id, row, identity, because }];
    }),
  );
}

function mintLeaves(
  wanted: readonly WantedLeaf[],
  keys: readonly KeyObject[],
  issuers: Issuers,
  now: Date,
  random: Entropy,
): ReadonlyMap<string, CertificatePair> {
  return new Map(
    wanted.flatMap(({ id, row, identity }, index) => {
      const key = keys[index];
      const issuer = issuers[row.issuer];
      return key === undefined ? [] : [[id, mintLeaf(identity, key, issuer, leafEnd(issuer.cert, now), random)]];
    }),
  );
}

type AuthorityKeys = Readonly<Record<AuthorityName | 'sa', KeyObject>>;

async function makeAuthorityKeys({ pki }: Cluster, random: Entropy): Promise<AuthorityKeys> {
  const make = () => random.key(pki.algorithm);
  const [ca, frontProxy, etcd, sa] = await Promise.all([make(), make(), make(), make()]);
  return { ca, 'front-proxy-ca': frontProxy, 'etcd-ca': etcd, sa };
}

function mintAuthorities(keys: AuthorityKeys | null, now: Date, random: Entropy): Authorities {
  if (keys === null) throw new ProvisionError('INTERNAL', 'authorities cannot be minted without keys');
  const pairOf = (name: AuthorityName): CertificatePair => {
    const commonName = authorityRows.find((row) => row.name === name)?.commonName ?? name;
    return mintAuthority(commonName, keys[name], now, random);
  };
  return {
    pairs: { ca: pairOf('ca'), 'front-proxy-ca': pairOf('front-proxy-ca'), 'etcd-ca': pairOf('etcd-ca') },
    serviceAccount: { publicKey: publicText(keys.sa), privateKey: new Secret(keyText(keys.sa)) },
  };
}

function issuersOf({ pairs }: Authorities): Issuers {
  const issuerOf = (name: AuthorityName): Issuer => {
    const opened = openPair(pairs[name]);
    if ('complaint' in opened) throw new ProvisionError('INTERNAL', `the authority ${name} is no pair`);
    return opened;
  };
  return { ca: issuerOf('ca'), 'front-proxy-ca': issuerOf('front-proxy-ca'), 'etcd-ca': issuerOf('etcd-ca') };
}

const hour = 3_600_000;

function trustOf(
  authorities: Authorities,
  leaves: ReadonlyMap<string, CertificatePair>,
  now: Date,
  random: Entropy,
): Trust {
  let superAdmin: CertificatePair | null = null;
  return Object.freeze({
    authority: (name: AuthorityName) => authorities.pairs[name],
    certificate: (name: CertificateName, node: Node) => {
      const pair = leaves.get(leafId(node.name, name));
      if (pair === undefined) throw new ProvisionError('INTERNAL', `${node.name} has no certificate ${name}`);
      return pair;
    },
    serviceAccount: authorities.serviceAccount,
    caHash: caHash(authorities.pairs.ca.cert),
    superAdmin: () => {
      superAdmin ??= mintSuperAdmin(issuersOf(authorities).ca, now, random);
      return superAdmin;
    },
    newToken: () => newToken(random.bytes),
  });
}

// P-256 whatever the cluster's algorithm: made at once, and the API server takes client certificates of either.
function mintSuperAdmin(ca: Issuer, now: Date, random: Entropy): CertificatePair {
  const identity: Identity = {
    subject: { organization: 'system:masters', commonName: 'kubernetes-super-admin' },
    usages: ['client'],
    altNames: { dns: [], addresses: [] },
  };
  return mintLeaf(identity, random.keyNow(), ca, leafEnd(ca.cert, now, hour + backdateMs), random);
}
