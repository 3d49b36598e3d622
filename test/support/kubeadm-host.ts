import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkoutAbove } from './checkout.js';

const SCRIPT = join(checkoutAbove(dirname(fileURLToPath(import.meta.url))), 'bench/kubeadm/prepare-host.sh');

/** What an administrator does by hand before `kubeadm join`, as the benchmark's does it; everything from the lab's mirror. */
export const installByHand = (gateway: string, hosts: string): string =>
  `set -- 'http://${gateway}:8080' 'http://${gateway}:5000' '${hosts}'\n${readFileSync(SCRIPT, 'utf8')}`;
