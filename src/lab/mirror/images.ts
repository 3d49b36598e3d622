// Makes container images out of the built binaries and pushes them into the mirror's registry: layers by tar, the
// rest by crane. Knows nothing of how the binaries came to be.
import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Arch } from '../content/components.js';
import type { ImageSpec, MirrorContent } from '../content/mirror-content.js';
import { linkIptables, unpackPackages } from './debian.js';
import { repositoryOf } from './layout.js';
import { type CommandOptions, readCommand, runCommand } from './run.js';

/** The folders that the work on images reads and writes. */
export interface ImageWorkplace {
  /** `<binaries>/<build id>/<name>` */
  readonly binaries: string;
  /** Layers and the trees they are made of. */
  readonly layers: string;
  /** What `fetchPackages` made. */
  readonly debian: string;
  readonly crane: string;
  /** `127.0.0.1:port` of the registry that is pushed to. */
  readonly registry: string;
  readonly arch: Arch;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const emptyBase = {
  'etc/passwd': 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n',
  'etc/group': 'root:x:0:\nnobody:x:65534:\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

/** A tar whose bytes depend on the names, modes and contents of the files only. */
export function tarArguments(
  archive: string,
  folder: string,
  members: readonly string[],
  gzip: boolean,
): readonly string[] {
  const stable = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  // -n keeps the time out of the gzip header; -3: half the time of the default for 5 % more bytes.
  return ['tar', ...stable, ...(gzip ? ['-I', 'gzip -n -3'] : []), '-cf', archive, '-C', folder, '--', ...members];
}

/** Makes the layer that images of one base share. */
export async function makeBaseLayer(
  base: ImageSpec['base'],
  packages: MirrorContent['layerPackages'],
  place: ImageWorkplace,
  options: CommandOptions,
): Promise<void> {
  const root = join(place.layers, `${base}.root`);
  await rm(root, { recursive: true, force: true });
  await mkdir(join(root, 'tmp'), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await mkdir(join(root, 'etc'));
  for (const [path, text] of Object.entries(emptyBase)) await writeFile(join(root, path), text);
  if (base !== 'static') {
    await unpackPackages(place.debian, packages[base], root, options);
    await linkBusybox(root, options);
  }
  if (base === 'netfilter') await linkIptables(root);
  await pack(root, baseLayer(base, place), options);
}

function baseLayer(base: ImageSpec['base'], place: ImageWorkplace): string {
  return join(place.layers, `${base}.tar`);
}

/** Gives every applet of busybox its name, unless a package brings the real tool. */
async function linkBusybox(root: string, options: CommandOptions): Promise<void> {
  const taken = new Set<string>();
  for (const folder of ['bin', 'sbin', 'usr/bin', 'usr/sbin']) {
    for (const name of await readdir(join(root, folder)).catch(absentIsEmpty)) taken.add(name);
  }
  const applets = await readCommand([join(root, 'bin/busybox'), '--list'], options);
  for (const applet of applets.split('\n')) {
    if (applet !== '' && !taken.has(applet)) await symlink('busybox', join(root, 'bin', applet));
  }
}

function absentIsEmpty(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function pack(root: string, archive: string, options: CommandOptions): Promise<void> {
  await rm(archive, { force: true });
  await runCommand(tarArguments(archive, root, ['.'], false), options);
  await rm(root, { recursive: true, force: true });
}

/** Makes an image out of its base layer and its binaries and pushes it under all its names. */
export async function pushImage(spec: ImageSpec, place: ImageWorkplace, options: CommandOptions): Promise<void> {
  const repository = repositoryOf(spec.reference);
  const name = repository.replace(/[/:]/g, '_');
  const root = join(place.layers, `${name}.root`);
  await rm(root, { recursive: true, force: true });
  for (const [path, binary] of Object.entries(spec.binaries)) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    // Not a link: another build that links the same file would change it under tar, which ends with 1 for that.
    await copyFile(join(place.binaries, binary), join(root, path));
  }
  for (const folder of spec.directories ?? []) await mkdir(join(root, folder), { recursive: true });
  const layer = join(place.layers, `${name}.tar`);
  await pack(root, layer, options);
  const target = `${place.registry}/${repository}`;
  await runCommand([place.crane, 'append', '-f', baseLayer(spec.base, place), '-f', layer, '-t', target], options);
  await runCommand([place.crane, ...mutateArguments(spec, target, place.arch)], options);
  for (const alias of spec.aliases) {
    await runCommand([place.crane, 'copy', target, `${place.registry}/${repositoryOf(alias)}`], options);
  }
  await rm(layer, { force: true });
}

/** The words of `crane mutate` that give a pushed image its configuration. */
export function mutateArguments(spec: ImageSpec, target: string, arch: Arch): readonly string[] {
  return [
    'mutate',
    target,
    '-t',
    target,
    '--set-platform',
    `linux/${arch}`,
    '--env',
    `PATH=${searchPath}`,
    '--workdir',
    '/',
    ...(spec.entrypoint === undefined ? [] : ['--entrypoint', spec.entrypoint.join(',')]),
    ...(spec.command === undefined ? [] : ['--cmd', spec.command.join(',')]),
    ...(spec.user === undefined ? [] : ['--user', spec.user]),
  ];
}
