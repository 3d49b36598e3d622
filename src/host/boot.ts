import type { Shell, Transport } from '../model/index.js';
import { ProvisionError } from '../model/index.js';
import { BOOT_QUESTION, type BootState, REBOOT, readBootState, SETTLE_QUESTION } from '../resources/index.js';

/** A server with much memory tests it for minutes before it boots. */
const BACK_WITHIN_S = 900;
const BETWEEN_TRIES_MS = 2000;

export interface BootTools {
  readonly ask: (shell: Shell, question: string) => Promise<string>;
  /** A new connection to the same host, verified and as root like the first. */
  readonly open: () => Promise<Transport>;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** What the host was made ready to boot. */
export const bootState = async (shell: Shell, { ask }: BootTools): Promise<BootState> =>
  readBootState(await ask(shell, BOOT_QUESTION));

/**
 * Lets a host go down and waits until it answers from another boot, with the kernel that it was asked to boot, and until what
 * starts with it has started. The old connection is dead then, and the new one is the caller's to close.
 */
export async function bootHost(old: Transport, before: BootState, tools: BootTools): Promise<Transport> {
  await letGo(old);
  const { transport, state } = await untilBack(old.host, before, tools);
  try {
    await tools.ask(transport, SETTLE_QUESTION);
    if (state.kernel === before.wanted) return transport;
    throw new ProvisionError('ACTION', `${old.host} came back with kernel ${state.kernel}, not with ${before.wanted}`, {
      host: old.host,
      hint: 'its boot loader chose another one: look at its default (grubby --default-kernel, /etc/default/grub), or set system.kernel: keep',
    });
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** The line goes while the command runs, or just after it. */
async function letGo(old: Transport): Promise<void> {
  const outcome = await old.run(REBOOT).catch((error: unknown) => {
    if (error instanceof ProvisionError && error.code === 'UNREACHABLE') return null;
    throw error;
  });
  if (outcome !== null && outcome.code !== 0) {
    throw new ProvisionError('ACTION', `${old.host} refused to reboot`, {
      host: old.host,
      said: `${outcome.stdout}${outcome.stderr}`.trim(),
      hint: 'reboot it by hand, then apply again: a kernel that runs is found and left alone',
    });
  }
  await old.close().catch(() => undefined);
}

/** While a host comes up, nobody listens, or sshd lets nobody in yet (pam_nologin), or the line breaks again. A changed host key is never borne. */
const PASSING: readonly string[] = ['UNREACHABLE', 'AUTH', 'BECOME', 'FACTS'];

async function untilBack(
  host: string,
  before: BootState,
  tools: BootTools,
): Promise<{ readonly transport: Transport; readonly state: BootState }> {
  const until = tools.now() + BACK_WITHIN_S * 1000;
  let last = 'it still answers from its former boot';
  while (tools.now() < until) {
    await tools.pause(BETWEEN_TRIES_MS);
    try {
      const transport = await tools.open();
      const state = await bootState(transport, tools).catch(async (error: unknown) => {
        await transport.close().catch(() => undefined);
        throw error;
      });
      if (state.boot !== before.boot) return { transport, state };
      last = 'it still answers from its former boot';
      await transport.close().catch(() => undefined);
    } catch (error) {
      if (!(error instanceof ProvisionError) || !PASSING.includes(error.code)) throw error;
      last = error.message;
    }
  }
  throw new ProvisionError('UNREACHABLE', `${host} did not come back within ${BACK_WITHIN_S} s after its reboot`, {
    host,
    said: last,
    hint: 'look at its console; once it answers, apply again: what is done already is found and left alone',
  });
}
