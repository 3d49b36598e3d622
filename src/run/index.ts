// The one loop: connect -> gather -> check -> plan -> (ask) -> carry out -> verify. Emits events; draws nothing, knows no transport.
export { askEach } from './ask.js';
export { type ConvergeOptions, converge, type Prepared, prepare, propose, type Report } from './converge.js';
export { missingImages, pullImages } from './images.js';
export { trustFor } from './living.js';
export { examine, gatherOnly } from './look.js';
export { type ResetOptions, reset } from './reset.js';
export { hostOf, openSession, type Session, type Surroundings } from './session.js';
export { type SmokeCheck, smoke } from './smoke.js';
export { pullTrust } from './state-pull.js';
export { type ClusterStatus, clusterStatus } from './status.js';
export { type CreatedToken, createToken, removeToken, type TokenRow, tokens } from './tokens.js';
