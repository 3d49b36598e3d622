// Owns what differs between families of operating systems, as data: package names, services, files, and where
// their packages come from. It knows no host and no version of Kubernetes.

export { baseRepositories } from './base-repositories.js';
export { type Fit, findFamily } from './find.js';
export {
  isBuilt,
  type RepositoryName,
  type RepositorySource,
  repositoryNamed,
  retiredRepository,
  type Sources,
  type Wanted,
} from './repositories.js';
export { type Family, families, familyById, kernelPackage, kernelToBe } from './table.js';
