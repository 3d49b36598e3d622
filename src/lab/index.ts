// The lab owns practice hosts on this machine and the mirror they install from: how they are made, started, reached and
// removed without a trace. It knows nothing of what the product does to them: no cluster, no plan, no resource.

export { defaultRelease, type LabRelease, labRelease, labReleases } from './content/components.js';
export type { Lab } from './describe.js';
export { type DownOptions, down } from './down.js';
export { commandLine, enter, exec, findHost } from './exec.js';
export { defaultKind, hostKinds } from './hosts/root.js';
export { buildLabMirror } from './lab-mirror.js';
export { type BuiltMirror, buildMirror, type MirrorProgress } from './mirror/build.js';
export { type LabPlaces, labPlaces, type Places, placesOf } from './places.js';
export { type Leftover, type PruneOptions, prune } from './prune.js';
export type { LabHost } from './record.js';
export { installLabPackages, labObstacle, missingLabPackages } from './requirements.js';
export { type HostStatus, type LabStatus, labNames, status } from './status.js';
export { type UpOptions, up } from './up.js';
