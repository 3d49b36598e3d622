// The nouns of provision. This room imports nothing of ours; every other room imports it.
export * from './action.js';
export * from './address.js';
export * from './cluster.js';
export * from './error.js';
export type * from './event.js';
export type * from './facts.js';
export type * from './finding.js';
export type * from './host.js';
export * from './nearest.js';
export type * from './plan.js';
export * from './ports.js';
export type * from './release.js';
export type * from './resource.js';
export * from './secret.js';
export type * from './trial.js';
export type * from './trust.js';
