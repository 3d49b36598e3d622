import { ProvisionError } from '../model/index.js';

/** Kubernetes' own policy: https://kubernetes.io/releases/version-skew-policy/ (kubelet, kubectl, upgrades). */
const OLDEST_KUBELET = 3;

interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

function parse(version: string): Version {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(version) ?? [];
  if (major === undefined) throw new ProvisionError('INTERNAL', `not an exact version: ${version}`);
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

export const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** A kubelet may be up to three minors older than the API server, never newer. */
export function kubeletMayTalkTo(kubelet: string, apiServer: string): boolean {
  const [k, a] = [parse(kubelet), parse(apiServer)];
  if (k.major !== a.major || k.minor > a.minor) return false;
  return a.minor - k.minor <= OLDEST_KUBELET;
}

/** Controller manager and scheduler may be one minor older than the API server, never newer. */
export function controllerMayTalkTo(controller: string, apiServer: string): boolean {
  const [c, a] = [parse(controller), parse(apiServer)];
  return c.major === a.major && c.minor <= a.minor && a.minor - c.minor <= 1;
}

/** Upwards by at most one minor; a patch may go either way; a minor never goes back (etcd's schema would not follow). */
export function mayUpgrade(from: string, to: string): boolean {
  const [f, t] = [parse(from), parse(to)];
  return f.major === t.major && (t.minor === f.minor || t.minor === f.minor + 1);
}
