import { type Cluster, ProvisionError } from '../model/index.js';
import { type ArtifactRow, artifacts } from './artifacts.js';

/** `provision.lock`: upstream URL -> sha256, as the publisher said it the first time it was asked. */
export interface SumLock {
  read(): Promise<Readonly<Record<string, string>>>;
  write(sums: Readonly<Record<string, string>>): Promise<void>;
}

const ARCHS = ['amd64', 'arm64'] as const;
/** dl.k8s.io has the sum of every program beside it; whatever else is installed has its sums in the table. */
const SUMS_BESIDE: readonly string[] = ['kubeadm', 'kubectl', 'kubelet'];

/** Upstream's URLs of what the cluster wants and neither the table nor the inventory has a sum of. */
const missingSums = ({ version, install, mirrors }: Cluster): readonly string[] =>
  install === 'packages' || mirrors.bundle !== undefined
    ? []
    : artifacts
        .filter((row) => SUMS_BESIDE.includes(row.component) && row.version === version)
        .flatMap((row) => ARCHS.filter((arch) => row.sha256[arch] === undefined).map((arch) => urlFor(row, arch)))
        .filter((url) => mirrors.checksums[url] === undefined);

const urlFor = (row: ArtifactRow, arch: string): string =>
  row.url.replaceAll('{version}', row.version).replaceAll('{arch}', arch);

/** What stands in a lock file. Throws ARTIFACT on anything but sums by URL. */
export function lockedSums(text: string, path: string): Readonly<Record<string, string>> {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, cause);
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw damaged(path);
  if (Object.values(said).some((sum) => !/^[0-9a-f]{64}$/.test(String(sum)))) throw damaged(path);
  return said as Readonly<Record<string, string>>;
}

const damaged = (path: string, cause?: unknown): ProvisionError =>
  new ProvisionError('ARTIFACT', `${path} is not what provision wrote there: URLs and their sha256`, {
    hint: 'get it back from where you keep the inventory; if there is no other copy, delete it, and the publishers are asked again',
    cause,
  });

/**
 * The cluster with the sums that were missing: from the lock, or asked of the publisher once and locked. Always of the publisher itself,
 * over TLS: a mirror does not vouch for what it serves.
 */
export async function withLockedSums(
  cluster: Cluster,
  fetchText: (url: string) => Promise<string>,
  lock: SumLock,
): Promise<Cluster> {
  const wanted = missingSums(cluster);
  if (wanted.length === 0) return cluster;
  const locked = await lock.read();
  const sums: Record<string, string> = {};
  for (const url of wanted) sums[url] = locked[url] ?? (await publishedSum(url, fetchText));
  if (wanted.some((url) => locked[url] === undefined)) await lock.write({ ...locked, ...sums });
  return { ...cluster, mirrors: { ...cluster.mirrors, checksums: { ...sums, ...cluster.mirrors.checksums } } };
}

async function publishedSum(url: string, fetchText: (url: string) => Promise<string>): Promise<string> {
  const from = `${url}.sha256`;
  const [, sum] = /^([0-9a-f]{64})\s*$/.exec(await fetched(url, from, fetchText)) ?? [];
  if (sum !== undefined) return sum;
  throw unknownSum(url, `${from} is no sha256`);
}

async function fetched(url: string, from: string, fetchText: (url: string) => Promise<string>): Promise<string> {
  try {
    return await fetchText(from);
  } catch (cause) {
    throw unknownSum(url, `${from}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

const unknownSum = (url: string, said: string, cause?: unknown): ProvisionError =>
  new ProvisionError('ARTIFACT', 'nobody could say what a program must hash to', {
    said,
    hint: `let this machine reach it, put the sha256 into the inventory (mirrors: { checksums: FILE with "${url}" }), or set cluster.install: packages`,
    cause,
  });
