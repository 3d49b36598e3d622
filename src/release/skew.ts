// Kubernetes' own policy: https://kubernetes.io/releases/version-skew-policy/ (kubelet, supported component upgrade order).

interface Version {
  readonly major: number;
  readonly minor: number;
}

/** `1.36.3`, `v1.36.3`, `v1.36.3+build`; null: no version. */
function parse(version: string): Version | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)\.\d+/.exec(version) ?? [];
  return major === undefined ? null : { major: Number(major), minor: Number(minor) };
}

/** `1.36` of `1.36.3` or `v1.36.3`. */
export const minorOf = (version: string): string => version.replace(/^v/, '').split('.').slice(0, 2).join('.');

/** A kubelet may be three minors older than its API server (two before 1.28). */
const oldestKubelet = (apiServer: Version): number => (apiServer.minor >= 28 ? 3 : 2);

export type Skew = 'fine' | 'newer' | 'too-old';

/** May this kubelet work for that API server? null: one of the two is no version. */
export function kubeletSkew(kubelet: string, apiServer: string): Skew | null {
  const [k, a] = [parse(kubelet), parse(apiServer)];
  return k === null || a === null ? null : skew(k, a, oldestKubelet(a));
}

/** May an API server go from one version to the other? By one minor at most; a minor never goes back: etcd's content would not follow. */
export function upgradeSkew(from: string, to: string): Skew | null {
  const [f, t] = [parse(from), parse(to)];
  return f === null || t === null ? null : skew(f, t, 1);
}

function skew(old: Version, wanted: Version, most: number): Skew {
  if (old.major !== wanted.major) return old.major > wanted.major ? 'newer' : 'too-old';
  if (old.minor > wanted.minor) return 'newer';
  return wanted.minor - old.minor > most ? 'too-old' : 'fine';
}
