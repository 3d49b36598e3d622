import { createHash } from 'node:crypto';
import type { RepositoryName } from '../family/index.js';
import type {
  Arch,
  ArtifactResource,
  BlockResource,
  DirectoryResource,
  FileResource,
  PackagesResource,
  Release,
  Resource,
  Scene,
  Secret,
  UnitResource,
} from '../model/index.js';
import { ProvisionError, reveal } from '../model/index.js';
import { systemOf } from '../release/index.js';

export const file = (path: string, content: string | Secret, mode = 0o644): FileResource => ({
  kind: 'file',
  path,
  mode,
  content,
});

export const directory = (path: string, mode = 0o755): DirectoryResource => ({ kind: 'directory', path, mode });

export const block = (path: string, content: string): BlockResource => ({ kind: 'block', path, content });

/** A unit that runs what these resources say; when one of them changes, so does the stamp, and a restart is planned. */
export const unit = (name: string, inputs: readonly Resource[], within = 60): UnitResource => ({
  kind: 'unit',
  name,
  state: 'started',
  stamp: stampOf(inputs),
  within,
});

/** Packages of a repository that we brought, some of them of one version that stays (null: any that it has). */
export const packages = (
  scene: Scene,
  name: string,
  repository: RepositoryName,
  versions: Readonly<Record<string, string | null>>,
): PackagesResource => ({
  kind: 'packages',
  name,
  enableRepos: [repository],
  packages: Object.keys(versions).sort(),
  versions: Object.fromEntries(Object.entries(versions).flatMap(([key, v]) => (v === null ? [] : [[key, v]]))),
  hold: true,
  ...packageSource(scene),
});

export const stopped = (name: string): UnitResource => ({
  kind: 'unit',
  name,
  state: 'stopped',
  stamp: '',
  within: 60,
});

/** sha256 over what a unit is started from; '' when that is nothing of ours. */
function stampOf(inputs: readonly Resource[]): string {
  const lines = inputs.flatMap(inputLine);
  return lines.length === 0 ? '' : createHash('sha256').update(lines.join('\n')).digest('hex');
}

function inputLine(input: Resource): readonly string[] {
  switch (input.kind) {
    case 'file':
      return [`file ${input.path} ${createHash('sha256').update(reveal(input.content)).digest('hex')}`];
    case 'block':
      return [`block ${input.path} ${createHash('sha256').update(input.content).digest('hex')}`];
    case 'json-settings':
      return [
        `json-settings ${input.path} ${createHash('sha256').update(JSON.stringify(input.settings)).digest('hex')}`,
      ];
    case 'muted':
      return [`muted ${input.path} ${input.words.join(' ')}`];
    case 'packages':
      return Object.entries(input.versions ?? {}).map(([name, version]) => `package ${name} ${version}`);
    case 'artifact':
      return [`artifact ${input.name} ${input.sha256}`];
    default:
      return [];
  }
}

/** Where packages come from when the run has a bundle that holds those of this host's system. */
export const packageSource = ({ cluster, machine }: Scene): { readonly from?: string } => {
  const { bundle } = cluster.mirrors;
  if (!bundle) return {};
  const system = systemOf(machine);
  return bundle.systems.includes(system) ? { from: `${bundle.origin}/packages/${system}` } : {};
};

type ArtifactName = Parameters<Release['artifact']>[0];

/** A verified download from the release table. */
export function artifact(
  { release, machine, node }: Scene,
  name: ArtifactName,
  format: ArtifactResource['format'],
  install: ArtifactResource['install'],
): ArtifactResource {
  const { version, url, sha256 } = release.artifact(name, archOf(machine.arch, node.name));
  return { kind: 'artifact', name, version, url, sha256, format, install };
}

function archOf(arch: string, host: string): Arch {
  if (arch === 'amd64' || arch === 'arm64') return arch;
  throw new ProvisionError('FACTS', `no Kubernetes is published for the processor of ${host}: ${arch}`, {
    host,
    hint: 'use a host with an amd64 or arm64 processor',
  });
}

/** Objects merged key by key, the second one winning; lists and scalars are replaced whole. */
export function merge(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = key in base ? merge(base[key], value) : value;
  return merged;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An address as part of a URL. */
export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export const httpsUrl = (host: string, port: number): string => `https://${bracketed(host)}:${port}`;
