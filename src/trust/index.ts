// The cluster's keys and certificates on the operator's side: which ones there are, their minting, keeping and taking over.
// It must not know hosts, connections or steps: it is given a cluster, a folder, the time and randomness.
export { type AdoptedTrust, type AdoptTrustInputs, adoptTrust, type RemoteFiles } from './adopt.js';
export { caHash } from './hash.js';
export { type KubeconfigInputs, kubeconfig } from './kubeconfig.js';
export { mergeKubeconfig } from './kubeconfig-merge.js';
export { type Entropy, systemEntropy } from './mint.js';
export { type OpenedTrust, type OpenTrustInputs, openTrust } from './open.js';
export { remoteTrustPaths } from './table.js';
