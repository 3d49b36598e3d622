import { Command } from 'commander';
import { type Node, ProvisionError } from '../model/index.js';
import { pullTrust } from '../run/index.js';
import { appendKnownHosts, bastionPool, type ScannedKey, scanHostKeys } from '../transport/index.js';
import { adoptTrust, remoteTrustPaths } from '../trust/index.js';
import { askedCredentials, confirm } from './ask.js';
import { load, surroundingsOf } from './assemble.js';
import { keepKubeconfig } from './look-commands.js';
import { type CommonFlags, limited } from './options.js';
import { listenersFor, type MakeCommand, onInventory, withLimit } from './shared.js';
import { ensureStateFolder } from './state-folder.js';

export const stateCommand: MakeCommand = (terminal, done) =>
  new Command('state').description("The operator's copy of the cluster's keys").addCommand(
    onInventory(
      'pull',
      "Get the state folder back from the living control planes, verified against the cluster's CA",
      'provision state pull -i cluster.yaml',
    )
      .option('--ca-hash <hash>', 'refuse any other cluster CA: sha256:<hex>, as kubeadm join takes it')
      .action(async (flags: CommonFlags & { caHash?: string }) => {
        const loaded = load(terminal, flags.inventory);
        const { cluster, folder } = loaded;
        ensureStateFolder(folder);
        const around = await surroundingsOf(terminal, loaded, listenersFor(terminal, flags));
        const files = await pullTrust(around, remoteTrustPaths);
        const result = await adoptTrust({ stateDir: folder.path, cluster, files, expectCaHash: flags.caHash });
        await keepKubeconfig(terminal, loaded);
        terminal.out(
          `${folder.path}: ${result.adopted.length} certificates and keys from ${[...files.keys()].join(', ')}, CA ${result.caHash}\n`,
        );
        done(0);
      }),
  );

export const trustHostsCommand: MakeCommand = (terminal, done) =>
  withLimit(
    onInventory(
      'trust-hosts',
      "Record the hosts' SSH keys after showing their fingerprints",
      'provision trust-hosts -i cluster.yaml',
    ),
  )
    .option('-y, --yes', 'record them without asking (compare the fingerprints elsewhere first)')
    .action(async (flags: CommonFlags) => {
      const loaded = load(terminal, flags.inventory);
      ensureStateFolder(loaded.folder);
      const nodes = limited(loaded.cluster, flags.limit);
      const wish = { credentials: askedCredentials(terminal), bastions: await bastionPool(), signal: terminal.signal };
      const found = await Promise.all(
        nodes.map(async (node) => ({ node, keys: await scanHostKeys({ host: node, ssh: node.ssh, ...wish }) })),
      );
      for (const { node, keys } of found) {
        terminal.out(`${node.name} (${node.address})\n`);
        for (const key of keys) terminal.out(`  ${VERDICTS[key.verdict]}  ${key.type} ${key.fingerprint}\n`);
      }
      refuseChanged(found);
      const fresh = found.flatMap(({ keys }) => keys.filter((key) => key.verdict === 'unknown'));
      if (fresh.length > 0 && flags.yes !== true) {
        terminal.out(`${COMPARE}\n`);
        if (!(await confirm(terminal, QUESTION))) throw new ProvisionError('HOST_KEY', 'no host key was recorded');
      }
      await appendKnownHosts(
        loaded.folder.knownHosts,
        fresh.map((key) => key.entry),
      );
      const what = fresh.length === 1 ? '1 key' : `${fresh.length} keys`;
      terminal.out(fresh.length === 0 ? 'nothing is new\n' : `recorded ${what} in ${loaded.folder.knownHosts}\n`);
      done(0);
    });

const VERDICTS = { match: 'known', unknown: 'new', mismatch: 'CHANGED', revoked: 'REVOKED' } as const;
const COMPARE = 'Compare them on each host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';
const QUESTION = 'Are the new ones what the hosts themselves show?';

/** A key that differs from the recorded one is never overwritten from here: it may be another machine. */
function refuseChanged(found: readonly { readonly node: Node; readonly keys: readonly ScannedKey[] }[]): void {
  const changed = found.filter(({ keys }) => keys.some((key) => key.verdict !== 'unknown' && key.verdict !== 'match'));
  if (changed.length === 0) return;
  throw new ProvisionError(
    'HOST_KEY',
    `the host key of ${changed.map(({ node }) => node.name).join(', ')} is not the recorded one; nothing was recorded`,
    {
      hint: 'if the host was really reinstalled, remove the old key (ssh-keygen -R <address> -f <known_hosts>), then run trust-hosts again',
    },
  );
}
