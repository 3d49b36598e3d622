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
export { connectSsh, type SshTarget, type WayBack } from './ssh.js';
export { type BastionPool, bastionPool, type LoginWish } from './ssh-pool.js';
export { type ScannedKey, scanHostKeys } from './trust-hosts.js';
