// The transport room owns connections: bytes to a root shell on a host and back, host keys, logins, the host's lock.
// It must not know what the scripts are for: nothing of resources, plans or Kubernetes.
export { type LocalTransportOptions, localTransport, type ProgramOptions, runProgram } from './local.js';
