import { ProvisionError } from '../model/index.js';

/** The names of all images that the host's runtime has for Kubernetes. Without a runtime there are none: that is an answer. */
export const listImages = (): string => `
if [ -S /run/containerd/containerd.sock ]; then
  _list=$(ctr -n k8s.io images ls -q) || exit 1
elif have docker && [ -S /var/run/docker.sock ]; then
  _list=$(docker images --format '{{.Repository}}:{{.Tag}}') || exit 1
else _list=; fi
printf 'images\\n%s\\n' "$_list"`;

export function readImages(output: string): ReadonlySet<string> {
  const [first, ...names] = output.split('\n').map((line) => line.trim());
  if (first !== 'images') throw new ProvisionError('FACTS', 'could not read the list of images', { said: output });
  return new Set(names.filter((name) => name !== ''));
}
