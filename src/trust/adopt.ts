import { createPublicKey } from 'node:crypto';
import {
  type AuthorityName,
  type CertificatePair,
  type Cluster,
  type Node,
  ProvisionError,
  reveal,
  Secret,
} from '../model/index.js';
import { caHash } from './hash.js';
import { readKubeconfigPair } from './kubeconfig.js';
import { publicText } from './mint.js';
import { isIssuedBy, openCertificate, openKey, openPair } from './pem.js';
import { type Authorities, leafId, readStore, writeAuthorities, writeLeaves } from './store.js';
import { authorityRows, type CertificateRow, type Place, rowsOf, serviceAccountPlace } from './table.js';

/** Node name -> path on the host (one of `remoteTrustPaths`) -> content. A file that the host does not have is left out. */
export type RemoteFiles = ReadonlyMap<string, ReadonlyMap<string, string | Secret>>;

export interface AdoptTrustInputs {
  readonly stateDir: string;
  readonly cluster: Cluster;
  readonly files: RemoteFiles;
  /** `sha256:<hex>`; refuses any other cluster CA. */
  readonly expectCaHash?: string | undefined;
}

export interface AdoptedTrust {
  readonly caHash: string;
  /** `cp-1/apiserver` … now in the state folder. */
  readonly adopted: readonly string[];
  /** Leaves that a host does not have whole: `openTrust` will mint them. */
  readonly missing: readonly string[];
}

/**
 * Rebuilds the trust's part of the state folder from the hosts' files. Everything is verified first: same authorities
 * on every host, keys that belong to their certificates, leaves issued by their authority. Throws STATE with every
 * fault (host and file) and writes nothing; also when the folder holds other authorities.
 */
export async function adoptTrust({ stateDir, cluster, files, expectCaHash }: AdoptTrustInputs): Promise<AdoptedTrust> {
  const faults: Fault[] = [];
  const hosts = hostsOf(cluster, files, faults);
  const authorities = gatherAuthorities(hosts, faults);
  if (authorities === null) throw refusal(cluster, faults);
  const hash = caHash(authorities.pairs.ca.cert);
  if (expectCaHash !== undefined && hash !== expectCaHash) {
    const host = hosts.find(({ has }) => has.has(caPath));
    faults.push({ host: host?.node.name ?? '', path: caPath, what: `is ${hash}, not the expected ${expectCaHash}` });
  }
  const { leaves, missing } = gatherLeaves(cluster, hosts, authorities, faults);
  if (faults.length > 0) throw refusal(cluster, faults);

  const stored = await readStore(stateDir);
  if (stored.authorities !== null && !isSameTrust(stored.authorities, authorities)) {
    throw new ProvisionError('STATE', `${stateDir} holds the authorities of another cluster than these hosts`, {
      hint: `Move ${stateDir} away if it is not needed any more, then run the command again.`,
    });
  }
  // Authorities last: until they are there the folder counts as empty, so an interrupted pull is simply pulled again.
  await writeLeaves(stateDir, leaves);
  if (stored.authorities === null) await writeAuthorities(stateDir, authorities);
  return { caHash: hash, adopted: [...leaves.keys()], missing };
}

interface Fault {
  readonly host: string;
  readonly path: string;
  readonly what: string;
}

interface HostFiles {
  readonly node: Node;
  readonly has: ReadonlyMap<string, string | Secret>;
}

const caPath = '/etc/kubernetes/pki/ca.crt';

function hostsOf(cluster: Cluster, files: RemoteFiles, faults: Fault[]): readonly HostFiles[] {
  return [...files].flatMap(([name, has]) => {
    const node = cluster.nodes.find((candidate) => candidate.name === name);
    if (node !== undefined) return [{ node, has }];
    faults.push({ host: name, path: '', what: 'is not a node of the inventory' });
    return [];
  });
}

function refusal(cluster: Cluster, faults: readonly Fault[]): ProvisionError {
  const lines = faults.map(({ host, path, what }) => `${host}${path === '' ? '' : `:${path}`} ${what}`);
  return new ProvisionError('STATE', `the trust of ${cluster.name} cannot be taken over: ${lines[0] ?? ''}`, {
    host: faults[0]?.host,
    said: lines.join('\n'),
    hint: 'Nothing was written. Mend or leave out the host that differs, then pull again.',
  });
}

function gatherAuthorities(hosts: readonly HostFiles[], faults: Fault[]): Authorities | null {
  const pairs = new Map(authorityRows.map((row) => [row.name, gatherAuthority(row.place, hosts, faults)]));
  const [ca, frontProxy, etcd] = [pairs.get('ca'), pairs.get('front-proxy-ca'), pairs.get('etcd-ca')];
  const serviceAccount = gatherServiceAccount(hosts, faults);
  if (!ca || !frontProxy || !etcd || serviceAccount === null) return null;
  return { pairs: { ca, 'front-proxy-ca': frontProxy, 'etcd-ca': etcd }, serviceAccount };
}

/** One authority from all hosts: the certificate is the same wherever it is, the key is on at least one. */
function gatherAuthority(place: AuthorityPlace, hosts: readonly HostFiles[], faults: Fault[]): CertificatePair | null {
  const first = hosts.find(({ has }) => has.has(place.cert));
  const cert = openCertificate(textOf(first, place.cert) ?? '');
  if (first === undefined || cert === null || !cert.ca) {
    const what = first === undefined ? 'is missing' : 'is not the certificate of an authority';
    faults.push({ host: (first ?? hosts[0])?.node.name ?? 'no host', path: place.cert, what });
    return null;
  }
  let key: Secret | null = null;
  for (const host of hosts) {
    const otherCert = textOf(host, place.cert);
    const otherKey = secretOf(host, place.key);
    if (otherCert !== null && openCertificate(otherCert)?.fingerprint256 !== cert.fingerprint256) {
      faults.push({ host: host.node.name, path: place.cert, what: `is not the same as on ${first.node.name}` });
    }
    if (otherKey === null) continue;
    const opened = openKey(otherKey);
    if (opened === null || !cert.checkPrivateKey(opened)) {
      const what = opened === null ? 'cannot be read' : `is not the key of ${place.cert} of ${first.node.name}`;
      faults.push({ host: host.node.name, path: place.key, what });
    } else key ??= otherKey;
  }
  if (key === null) faults.push({ host: first.node.name, path: place.key, what: 'is on none of the hosts' });
  return key === null ? null : { cert: textOf(first, place.cert) ?? '', key };
}

type AuthorityPlace = (typeof authorityRows)[number]['place'];

function gatherServiceAccount(hosts: readonly HostFiles[], faults: Fault[]): Authorities['serviceAccount'] | null {
  const path = serviceAccountPlace.privateKey;
  const first = hosts.find(({ has }) => has.has(path));
  const privateKey = secretOf(first, path);
  const key = privateKey === null ? null : openKey(privateKey);
  if (first === undefined || privateKey === null || key === null) {
    const what = first === undefined ? 'is missing' : 'cannot be read';
    faults.push({ host: (first ?? hosts[0])?.node.name ?? 'no host', path, what });
    return null;
  }
  const publicKey = publicText(key);
  for (const host of hosts) {
    const other = secretOf(host, path);
    const otherKey = other === null ? null : openKey(other);
    if (other !== null && (otherKey === null || publicText(otherKey) !== publicKey)) {
      faults.push({ host: host.node.name, path, what: `is not the same as on ${first.node.name}` });
    }
    const otherPublic = textOf(host, serviceAccountPlace.publicKey);
    if (otherPublic !== null && publicTextOf(otherPublic) !== publicKey) {
      faults.push({ host: host.node.name, path: serviceAccountPlace.publicKey, what: `does not belong to ${path}` });
    }
  }
  return { publicKey, privateKey };
}

function publicTextOf(pem: string): string | null {
  try {
    return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    return null;
  }
}

function gatherLeaves(cluster: Cluster, hosts: readonly HostFiles[], authorities: Authorities, faults: Fault[]) {
  const leaves = new Map<string, CertificatePair>();
  const missing: string[] = [];
  for (const host of hosts) {
    for (const row of rowsOf(cluster, host.node)) {
      const pair = pairAt(row.place, host);
      const id = leafId(host.node.name, row.name);
      if (pair === null) missing.push(id);
      else {
        const what = faultOf(pair, row, authorities.pairs);
        if (what !== null) faults.push({ host: host.node.name, path: certPath(row.place), what });
        leaves.set(id, pair);
      }
    }
  }
  return { leaves, missing };
}

function faultOf(
  pair: CertificatePair,
  row: CertificateRow,
  authorities: Readonly<Record<AuthorityName, CertificatePair>>,
): string | null {
  const opened = openPair(pair);
  if ('complaint' in opened) return `is wrong: ${opened.complaint}`;
  const issuer = openCertificate(authorities[row.issuer].cert);
  return issuer !== null && isIssuedBy(opened.cert, issuer) ? null : `is not issued by the cluster's ${row.issuer}`;
}

const certPath = (place: Place): string => (place.kind === 'files' ? place.cert : place.path);

function pairAt(place: Place, host: HostFiles): CertificatePair | null {
  if (place.kind === 'kubeconfig') {
    const text = secretOf(host, place.path);
    return text === null ? null : readKubeconfigPair(text);
  }
  const cert = textOf(host, place.cert);
  const key = secretOf(host, place.key);
  return cert === null || key === null ? null : { cert, key };
}

function textOf(host: HostFiles | undefined, path: string): string | null {
  const content = host?.has.get(path);
  return content === undefined ? null : reveal(content);
}

function secretOf(host: HostFiles | undefined, path: string): Secret | null {
  const text = textOf(host, path);
  return text === null ? null : new Secret(text);
}

const isSameTrust = (left: Authorities, right: Authorities): boolean =>
  left.serviceAccount.publicKey === right.serviceAccount.publicKey &&
  authorityRows.every(
    ({ name }) =>
      openCertificate(left.pairs[name].cert)?.fingerprint256 ===
      openCertificate(right.pairs[name].cert)?.fingerprint256,
  );
