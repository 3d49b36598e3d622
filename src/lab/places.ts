import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProvisionError } from '../model/index.js';

/** Where a lab keeps its things. All paths are absolute. */
export interface Places {
  /** The project's own folder: recipes are read from here, state is written below it. */
  readonly checkout: string;
  /** Survives checkouts: roots, built components, the disks of the hosts. */
  readonly cache: string;
  /** Runtime records of all labs on this machine. */
  readonly run: string;
}

/** Where one lab keeps its things. */
export interface LabPlaces {
  readonly state: string;
  readonly disks: string;
  readonly run: string;
  readonly record: string;
  readonly mounts: string;
}

const runFolder = '/run/provision-lab';

/** Finds the places from the environment; `cwd` and this file's own place decide which checkout it is. */
export function placesOf(
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Places {
  // Set and empty is as good as not set (XDG base directory specification); a relative path would be anywhere.
  const of = (name: string): string | undefined => env[name] || undefined;
  return {
    checkout: checkoutAbove(cwd) ?? checkoutAbove(dirname(fileURLToPath(import.meta.url))) ?? noCheckout(cwd),
    cache: resolve(
      of('PROVISION_LAB_CACHE') ?? join(of('XDG_CACHE_HOME') ?? join(of('HOME') ?? '/root', '.cache'), 'provision-lab'),
    ),
    run: runFolder,
  };
}

export const labPlaces = (places: Places, lab: string): LabPlaces => ({
  state: join(places.checkout, '.lab', lab),
  disks: join(places.cache, 'labs', lab),
  run: join(places.run, lab),
  record: join(places.run, lab, 'lab.json'),
  mounts: join(places.run, lab, 'mounts'),
});

function checkoutAbove(start: string): string | undefined {
  for (let at = resolve(start); ; at = dirname(at)) {
    if (existsSync(join(at, 'lab/hosts/start-host.sh')) && isProvision(join(at, 'package.json'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

function isProvision(packageFile: string): boolean {
  if (!existsSync(packageFile)) return false;
  const parsed: unknown = JSON.parse(readFileSync(packageFile, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'provision';
}

function noCheckout(cwd: string): never {
  throw new ProvisionError('LAB', `the lab's recipes were looked for above ${cwd} and not found`, {
    hint: 'labs are made from a checkout of provision: run this inside one',
  });
}
