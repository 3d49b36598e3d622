// The one loop: connect -> gather -> check -> plan -> (ask) -> carry out -> verify. Emits events; draws nothing, knows no transport.
export { type ConvergeOptions, converge, type Prepared, prepare, propose, type Report } from './converge.js';
export { type ResetOptions, reset } from './reset.js';
export { hostOf, openSession, type Session, type Surroundings, trustFor } from './session.js';
