// The index of a yum repository, as createrepo_c writes it and dnf and yum read it: primary and filelists. Pure.
// Source: https://github.com/rpm-software-management/createrepo_c (0.20: src/xml_dump_primary.c, src/parsepkg.c, src/misc.c).
import { gzipSync } from 'node:zlib';
import { sha256Of } from './layout.js';

export interface RpmPackage {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
  readonly name: string;
  readonly epoch: string;
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  /** Of what it installs. */
  readonly installedSize: number;
  readonly provides: readonly Relation[];
  readonly requires: readonly Relation[];
  readonly conflicts: readonly Relation[];
  readonly obsoletes: readonly Relation[];
  readonly files: readonly string[];
}

export interface Relation {
  readonly name: string;
  /** Bits of rpm's: lib/rpmds.h. */
  readonly flags: number;
  /** `[epoch:]version[-release]`, or nothing. */
  readonly version: string;
}

/** Files by their path in the repository. */
export function repodata(packages: readonly RpmPackage[]): ReadonlyMap<string, Buffer> {
  const parts = { primary: primaryOf(packages), filelists: filelistsOf(packages) };
  const files = new Map<string, Buffer>();
  const data = Object.entries(parts).map(([type, text]) => {
    const packed = gzipSync(text, { level: 9 });
    const path = `repodata/${type}.xml.gz`;
    files.set(path, packed);
    return `  <data type="${type}">
    <checksum type="sha256">${sha256Of(packed)}</checksum>
    <open-checksum type="sha256">${sha256Of(text)}</open-checksum>
    <location href="${path}"/>
    <timestamp>0</timestamp>
    <size>${packed.length}</size>
    <open-size>${Buffer.byteLength(text)}</open-size>
  </data>
`;
  });
  const repomd = `${XML}<repomd xmlns="http://linux.duke.edu/metadata/repo">
  <revision>0</revision>
${data.join('')}</repomd>
`;
  return new Map([['repodata/repomd.xml', Buffer.from(repomd)], ...files]);
}

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

function primaryOf(packages: readonly RpmPackage[]): string {
  const entries = packages.map(
    (one) => `<package type="rpm">
<name>${escaped(one.name)}</name>
<arch>${escaped(one.arch)}</arch>
${versionOf(one)}
<checksum type="sha256" pkgid="YES">${one.sha256}</checksum>
<summary>${escaped(one.name)}</summary>
<description/>
<packager/>
<url/>
<time file="0" build="0"/>
<size package="${one.size}" installed="${one.installedSize}" archive="${one.installedSize}"/>
<location href="${escaped(one.file)}"/>
<format>
<rpm:license/>
<rpm:sourcerpm/>
${related('provides', one.provides)}${related('requires', one.requires.filter(isForSolver))}${related('conflicts', one.conflicts)}${related('obsoletes', one.obsoletes)}${one.files
  .filter((path) => IS_PRIMARY.test(path))
  .map((path) => `<file>${escaped(path)}</file>\n`)
  .join('')}</format>
</package>
`,
  );
  return `${XML}<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${packages.length}">
${entries.join('')}</metadata>
`;
}

function filelistsOf(packages: readonly RpmPackage[]): string {
  const entries = packages.map(
    (one) => `<package pkgid="${one.sha256}" name="${escaped(one.name)}" arch="${escaped(one.arch)}">
${versionOf(one)}
${one.files.map((path) => `<file>${escaped(path)}</file>\n`).join('')}</package>
`,
  );
  return `${XML}<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="${packages.length}">
${entries.join('')}</filelists>
`;
}

const versionOf = ({ epoch, version, release }: RpmPackage): string =>
  `<version epoch="${escaped(epoch)}" ver="${escaped(version)}" rel="${escaped(release)}"/>`;

/** Paths that a solver finds without the list of all files. */
const IS_PRIMARY = /^\/etc\/|bin\/|^\/usr\/lib\/sendmail$/;

/** What rpm itself must be able to do is no package's. */
const isForSolver = ({ name }: Relation): boolean => !name.startsWith('rpmlib(');

function related(what: string, relations: readonly Relation[]): string {
  if (relations.length === 0) return '';
  const lines = new Set(relations.map((relation) => `<rpm:entry ${attributes(relation, what === 'requires')}/>\n`));
  return `<rpm:${what}>\n${[...lines].join('')}</rpm:${what}>\n`;
}

const LESS = 1 << 1;
const GREATER = 1 << 2;
const EQUAL = 1 << 3;
/** Needed before it is unpacked, or by its scripts: RPMSENSE_PREREQ, _SCRIPT_PRE, _SCRIPT_POST. */
const PRE = (1 << 6) | (1 << 9) | (1 << 10);

const COMPARISONS: Readonly<Record<number, string>> = {
  [LESS]: 'LT',
  [GREATER]: 'GT',
  [EQUAL]: 'EQ',
  [LESS | EQUAL]: 'LE',
  [GREATER | EQUAL]: 'GE',
};

function attributes({ name, flags, version }: Relation, isRequired: boolean): string {
  const comparison = COMPARISONS[flags & (LESS | GREATER | EQUAL)];
  const [, epoch = '0', ver = '', rel] = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(version) ?? [];
  return [
    `name="${escaped(name)}"`,
    ...(comparison === undefined ? [] : [`flags="${comparison}" epoch="${epoch}" ver="${escaped(ver)}"`]),
    ...(comparison === undefined || rel === undefined ? [] : [`rel="${escaped(rel)}"`]),
    ...(isRequired && (flags & PRE) !== 0 ? ['pre="1"'] : []),
  ].join(' ');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Characters that XML has no place for occur in no name that a package manager takes. */
const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '').replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '');
