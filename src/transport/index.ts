// The transport room owns connections: bytes to a root shell on a host and back, host keys, logins, the host's lock.
// It must not know what the scripts are for: nothing of resources, plans or Kubernetes.
export {
  entriesFor,
  fingerprint,
  formatEntry,
  type HostKey,
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHost,
  knownKeyTypes,
  parseKnownHosts,
} from './known-hosts.js';
export { appendKnownHosts, readKnownHosts } from './known-hosts-files.js';
export {
  type LocalTransportOptions,
  localTransport,
  type ProgramOptions,
  runProgram,
} from './local.js';
export type { SshTarget, WayBack } from './ssh.js';
export type { BastionPool, LoginWish } from './ssh-pool.js';
export type { ScannedKey } from './trust-hosts.js';

// ssh2 is loaded by whoever connects: help, validate and lab do without it.
export const connectSsh: typeof import('./ssh.js')['connectSsh'] = async (target) =>
  (await import('./ssh.js')).connectSsh(target);
export const scanHostKeys: typeof import('./trust-hosts.js')['scanHostKeys'] = async (wish) =>
  (await import('./trust-hosts.js')).scanHostKeys(wish);
type MakePool = typeof import('./ssh-pool.js')['bastionPool'];
export const bastionPool = async (...options: Parameters<MakePool>): Promise<ReturnType<MakePool>> =>
  (await import('./ssh-pool.js')).bastionPool(...options);
