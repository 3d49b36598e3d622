// Compares what should be with what is, and says what to do about it. Pure: no clock, no randomness, no host; knows no kind by name.
export { type AbsentInput, planAbsent } from './absent.js';
export { changesOf, lanesOf, type Segment } from './lanes.js';
export { factsOf, type PresentInput, planPresent } from './present.js';
export { type FactsByHost, resourcesOf, type Setting, sceneOf, type Wish, wishesFor } from './scene.js';
