import { ARTIFACT_WORDS } from './artifact.js';
import { BLOCK_WORDS } from './block.js';
import { FIREWALL_WORDS } from './firewall.js';
import { HOSTNAME_WORDS } from './hostname.js';
import { JSON_SETTINGS_WORDS } from './json-settings.js';
import { KERNEL_WORDS } from './kernel.js';
import { MODULE_WORDS } from './modules.js';
import { MUTED_WORDS } from './muted.js';
import { PACKAGE_WORDS } from './packages-shell.js';
import { POD_WORDS } from './pods.js';
import { READER_WORDS } from './readers.js';
import { REPOSITORY_WORDS } from './repository-shell.js';
import { SELINUX_WORDS } from './selinux.js';
import { BASE_WORDS } from './shell.js';
import { STATIC_POD_WORDS } from './static-pod.js';
import { SWAP_WORDS } from './swap.js';
import { SYSCTL_WORDS } from './sysctl.js';
import { TIMEZONE_WORDS } from './timezone.js';
import { TRACES_WORDS } from './traces-shell.js';
import { UNIT_WORDS } from './unit.js';
import { USER_FILE_WORDS } from './user-file.js';

/** Everything that a kind's `make` and `unmake` may say. */
export const ACTION_PRELUDE = [
  BASE_WORDS,
  ARTIFACT_WORDS,
  BLOCK_WORDS,
  FIREWALL_WORDS,
  HOSTNAME_WORDS,
  JSON_SETTINGS_WORDS,
  KERNEL_WORDS,
  MODULE_WORDS,
  MUTED_WORDS,
  PACKAGE_WORDS,
  POD_WORDS,
  READER_WORDS,
  REPOSITORY_WORDS,
  SELINUX_WORDS,
  STATIC_POD_WORDS,
  SWAP_WORDS,
  SYSCTL_WORDS,
  TIMEZONE_WORDS,
  TRACES_WORDS,
  UNIT_WORDS,
  USER_FILE_WORDS,
].join('');
