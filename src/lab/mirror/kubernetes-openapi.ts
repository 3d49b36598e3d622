// Kubernetes up to 1.23 generates pkg/generated/openapi/zz_generated.openapi.go while it is built and keeps it out of git, so
// that the published module lacks it. Here it is made again, as build/root/Makefile.generated_files does: by openapi-gen,
// over every package that is tagged. Knows nothing of what is built with it.
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CommandOptions, readCommand, runCommand } from './run.js';

const generator = 'k8s.io/kube-openapi/cmd/openapi-gen';
const outputPackage = 'k8s.io/kubernetes/pkg/generated/openapi';

/**
 * Makes a folder below `scratch` with the recipe's go.mod and a vendor tree that has the generated file, and gives its path.
 * A vendor tree, because a file cannot be added to a module in the module cache.
 */
export async function vendorWithOpenapi(recipe: string, scratch: string, options: CommandOptions): Promise<string> {
  const folder = join(scratch, 'module');
  const vendor = join(folder, 'vendor');
  await cp(recipe, folder, { recursive: true });
  const inFolder = { ...options, cwd: folder };
  options.onLine?.('copying the modules into a vendor tree');
  await runCommand(['go', 'mod', 'vendor'], inFolder);
  const openapiGen = join(scratch, 'openapi-gen');
  await runCommand(['nice', '-n', '10', 'go', 'build', '-mod=vendor', '-o', openapiGen, generator], inFolder);

  // The generator knows no modules: it wants its packages below GOPATH/src.
  const goPath = join(scratch, 'gopath');
  await mkdir(goPath);
  await symlink(vendor, join(goPath, 'src'));
  await writeFile(join(scratch, 'header'), '');
  options.onLine?.('generating pkg/generated/openapi');
  const inputs = await taggedPackages(vendor, options);
  await runCommand(
    [
      ...['nice', '-n', '10', openapiGen],
      ...['-i', inputs.join(','), '-p', outputPackage, '-O', 'zz_generated.openapi'],
      ...['-o', vendor, '-h', join(scratch, 'header'), '-r', join(scratch, 'violations')],
    ],
    { ...inFolder, cwd: vendor, env: { ...options.env, GO111MODULE: 'off', GOPATH: goPath } },
  );
  return folder;
}

/** KUBE_OPENAPI_DIRS of Makefile.generated_files. */
async function taggedPackages(vendor: string, options: CommandOptions): Promise<readonly string[]> {
  const words = ['grep', '-rlF', '--include=*.go', '+k8s:openapi-gen=', 'k8s.io'];
  const files = await readCommand(words, { ...options, cwd: vendor });
  return taggedFolders(files.trim().split('\n'));
}

/** The folders of these files, each once, without those of tools and examples. */
export const taggedFolders = (files: readonly string[]): readonly string[] =>
  [...new Set(files.map((file) => dirname(file)))]
    .filter((folder) => !/^k8s\.io\/(code-generator|sample-apiserver|kube-openapi)(\/|$)/.test(folder))
    .sort();
