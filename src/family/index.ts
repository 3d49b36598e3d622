// Owns what differs between families of operating systems, as data: package names, services, files. It knows no host and no version of Kubernetes.
export { type Fit, findFamily } from './find.js';
export { type Family, families, familyById } from './table.js';
