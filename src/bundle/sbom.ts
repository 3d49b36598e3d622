// A bundle's parts as an SPDX 2.3 document. Source: https://spdx.github.io/spdx-spec/v2.3/. Pure.
import type { BundledFile, BundledImage, BundledSystem } from './layout.js';
import { sha256Of } from './layout.js';
import { parseReference } from './reference.js';

export interface SbomInput {
  readonly cluster: string;
  readonly kubernetes: string;
  readonly provision: string;
  /** RFC 3339 */
  readonly created: string;
  readonly files: readonly BundledFile[];
  readonly images: readonly BundledImage[];
  readonly systems: readonly BundledSystem[];
}

const UNKNOWN = 'NOASSERTION';

export function sbomText({ cluster, kubernetes, provision, created, files, images }: SbomInput): string {
  const described = [
    ...files.filter(({ kind }) => kind !== 'image part' && kind !== 'package list').map(fileEntry),
    ...images.map(imageEntry),
  ];
  const name = `provision-bundle-${cluster}-${kubernetes}`;
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://provision.invalid/spdx/${name}/${sha256Of(JSON.stringify(described))}`,
    creationInfo: { created, creators: [`Tool: provision-${provision}`] },
    packages: described,
    relationships: described.map(({ SPDXID }) => ({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const idOf = (text: string): string => `SPDXRef-${text.replace(/[^A-Za-z0-9.-]+/g, '-')}`;

const entry = (id: string, name: string, version: string, url: string, sha256: string, purl: string) => ({
  SPDXID: idOf(id),
  name,
  versionInfo: version,
  downloadLocation: url,
  filesAnalyzed: false,
  checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
  licenseConcluded: UNKNOWN,
  licenseDeclared: UNKNOWN,
  copyrightText: UNKNOWN,
  externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
});

function fileEntry({ name, kind, url, version = '', sha256 }: BundledFile) {
  const [, system = '', file = ''] = /^packages\/([^/]+)\/(.+)$/.exec(name) ?? [];
  const isRpm = file.endsWith('.rpm');
  const title = kind !== 'package' ? name.replace(/^.*\//, '') : file.replace(isRpm ? /(-[^-]*){2}$/ : /_.*$/, '');
  const type = kind === 'package' ? `${isRpm ? 'rpm' : 'deb'}/${system.replace(/-.*$/, '')}` : 'generic';
  return entry(name, title, version, url ?? UNKNOWN, sha256, `pkg:${type}/${title}@${encodeURIComponent(version)}`);
}

/** https://github.com/package-url/purl-spec: an image is named by its last word, with where it is and its tag beside it. */
function imageEntry({ reference, digest }: BundledImage) {
  const { registry, repository, tag } = parseReference(reference);
  const name = repository.replace(/^.*\//, '');
  const place = encodeURIComponent(`${registry}/${repository}`);
  const purl = `pkg:oci/${name}@${encodeURIComponent(digest)}?repository_url=${place}&tag=${tag}`;
  return entry(`image-${reference}`, `${registry}/${repository}`, tag, UNKNOWN, digest.replace('sha256:', ''), purl);
}
