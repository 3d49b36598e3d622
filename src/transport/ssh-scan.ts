// Asks an sshd for its host key of one type and hangs up before any login.
import type { ServerHostKeyAlgorithm } from 'ssh2';
import ssh2 from 'ssh2';
import { ProvisionError } from '../model/index.js';
import { deadline } from './deadline.js';
import { dial, type Login, sshConfig } from './ssh-client.js';
import { handshakeTimedOut } from './ssh-errors.js';

/** The raw key of one of these algorithms; null if the host has none. Throws UNREACHABLE or INTERRUPTED. */
export async function showHostKey(
  login: Pick<Login, 'place' | 'via' | 'connectTimeout' | 'signal'>,
  algorithms: readonly ServerHostKeyAlgorithm[],
): Promise<Buffer | null> {
  const { place, connectTimeout } = login;
  const sock = await dial(login);
  const client = new ssh2.Client();
  let shown: Buffer | null = null;
  let said = '';
  let late = false;
  await new Promise<void>((resolve) => {
    const clock = deadline(connectTimeout * 1000, () => {
      late = true;
      sock.destroy();
      resolve();
    });
    client.on('error', (error) => {
      said ||= error.message;
      sock.destroy();
    });
    client.once('close', () => {
      clock.stop();
      resolve();
    });
    client.connect({
      ...sshConfig('nobody', [...algorithms]),
      sock,
      hostVerifier: (key: Buffer) => {
        shown = key;
        return false;
      },
    });
  });
  if (shown !== null) return shown;
  if (late) throw handshakeTimedOut(place, connectTimeout);
  if (/no matching host key/i.test(said)) return null;
  throw new ProvisionError('UNREACHABLE', `${place.name} (${place.address}:${place.port}) showed no host key`, {
    host: place.name,
    said,
    hint: `is it an SSH server? Try: ssh-keyscan -p ${place.port} ${place.address}`,
  });
}
