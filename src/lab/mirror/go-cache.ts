// Runs the Go builds and keeps their results beside the mirrors, one folder per build, so that mirrors of several releases
// share them and a change of what a mirror holds compiles nothing. Knows nothing of what becomes of the binaries.
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../content/components.js';
import type { GoBuild } from '../content/go-builds.js';
import { recipeFiles, recipesDir } from '../content/recipes.js';
import { makeOnce } from '../once.js';
import { vendorWithOpenapi } from './kubernetes-openapi.js';
import { cacheKey, goArguments } from './layout.js';
import { type CommandOptions, readCommand, runCommand } from './run.js';

/** Raise it when the way builds are run changes without any build or recipe changing. */
const goRevision = '1';

/** What decides the result of a build beside the build itself. */
export interface GoMachine {
  readonly cacheDir: string;
  readonly arch: Arch;
  /** `go1.26.8` */
  readonly goVersion: string;
}

export const readGoVersion = async (): Promise<string> => (await readCommand(['go', 'env', 'GOVERSION'])).trim();

/** The name under which the results of a build are kept. */
export async function goFolder(build: GoBuild, { arch, goVersion }: GoMachine): Promise<string> {
  const files = await recipeFiles([build.recipe]);
  return `go-${build.id}-${cacheKey(files, [goRevision, goVersion, arch, JSON.stringify(build)])}`;
}

/** Gives the folder with the binaries of a build, compiling them if the cache has none. */
export async function goBinaries(build: GoBuild, machine: GoMachine, options: CommandOptions): Promise<string> {
  const folder = join(machine.cacheDir, await goFolder(build, machine));
  await makeOnce(folder, (partial) => compile(build, machine.arch, partial, options), options);
  return folder;
}

async function compile(build: GoBuild, arch: Arch, out: string, options: CommandOptions): Promise<void> {
  const scratch = join(out, '.work');
  const temporary = join(scratch, 'tmp'); // what the compiler throws away
  await mkdir(temporary, { recursive: true });
  // A workspace or flags of the caller's own would build something else than what is pinned.
  const env = { GOFLAGS: '', GOTMPDIR: temporary, GOWORK: 'off' };
  const hint = 'see that the Go module proxy answers (go env GOPROXY), then run the same command again';
  const recipe = join(recipesDir, build.recipe);
  await runCommand(['nice', '-n', '10', 'go', ...goArguments(build, out)], {
    ...options,
    cwd: build.lacksOpenapi === true ? await vendorWithOpenapi(recipe, scratch, { ...options, env, hint }) : recipe,
    env: { ...env, CGO_ENABLED: build.cgo === true ? '1' : '0', GOOS: 'linux', GOARCH: arch },
    hint,
  });
  await rm(scratch, { recursive: true });
  for (const [from, to] of Object.entries(build.rename ?? {})) await rename(join(out, from), join(out, to));
  // Images are made of these very files: their mode must not depend on the umask.
  for (const name of await readdir(out)) await chmod(join(out, name), 0o755);
}
