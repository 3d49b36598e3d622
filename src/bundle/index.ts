// Owns bundles: one file with everything that an inventory's hosts fetch, made from the release and the steps, held to its sums, and served
// as the mirror and the registry that the hosts ask for. Knows no host and no connection: streams and questions are handed in and out.
export { type Answer, answerTo, rangeIn } from './answers.js';
export { type BundleWish, type CreatedBundle, createBundle, mib, partsOf, type WishedSystem } from './create.js';
export { openImages, saveImages } from './image-archive.js';
export { intakeServer } from './intake.js';
export { type BundledFile, type BundledImage, type BundledSystem, type BundleIndex, fileName } from './layout.js';
export { anonymous, missingFrom, type Needs, needsOf, unknownMachine, upstreamOf } from './needs.js';
export { type Bundle, openBundle } from './open.js';
export { keyFingerprints } from './openpgp.js';
export { aptQuestion, type PackageList, type PackageWish, readAptList, type WishedRepository } from './packages.js';
export { readRpmList, rpmQuestion } from './packages-rpm.js';
export { bundleServer, listen } from './serve.js';
export { stagingIn } from './staging.js';
