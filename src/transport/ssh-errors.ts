// Sentences for what can go wrong between us and a host's sshd. Pure: what was seen in, one error out.
import { ProvisionError } from '../model/index.js';
import { errnoOf } from './errno.js';
import { fingerprint, type HostKeyVerdict, type KnownHost, keyType, lookupName } from './known-hosts.js';

/** The end of one SSH connection, as messages name it. */
export interface Place {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
}

export const at = (place: Place): string => `${place.name} (${place.address}:${place.port})`;

/** Why no connection came up, from the error of the socket. */
export function cannotReach(place: Place, error: unknown, seconds: number, via: string | null): ProvisionError {
  const [why, hint] = reasonOf(errnoOf(error), place, seconds);
  const through = via === null ? '' : ` through bastion ${via}`;
  return new ProvisionError('UNREACHABLE', `${at(place)} cannot be reached${through}: ${why}`, {
    host: place.name,
    said: error instanceof Error ? error.message : String(error),
    hint,
    cause: error,
  });
}

function reasonOf(code: string, place: Place, seconds: number): readonly [why: string, hint: string] {
  switch (code) {
    case 'ECONNREFUSED':
      return [
        `nothing listens on port ${place.port}`,
        `is sshd running there (systemctl status ssh), and is ssh.port right in the inventory?`,
      ];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [
        `the name ${place.address} does not resolve`,
        `check the address in the inventory and this machine's DNS`,
      ];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['there is no route to it', `check the address, this machine's routes (ip route get) and any VPN`];
    case 'ETIMEDOUT':
      return [
        `no answer within ${seconds} s`,
        'is the host up, and does a firewall drop the port? A longer ssh.connectTimeout can be set in the inventory',
      ];
    case 'ECONNRESET':
    case 'EPIPE':
      return ['sshd closed the connection before the login', 'see its journal (journalctl -u ssh) for the reason'];
    default:
      return ['the connection failed', `try: ssh -p ${place.port} ${place.user}@${place.address} true`];
  }
}

export function handshakeTimedOut(place: Place, seconds: number): ProvisionError {
  return new ProvisionError(
    'UNREACHABLE',
    `${at(place)} took the connection but did not finish SSH within ${seconds} s`,
    {
      host: place.name,
      hint: 'is it an SSH server, and is it overloaded? A longer ssh.connectTimeout can be set in the inventory',
    },
  );
}

export function serverDropped(place: Place, tries: number, said: string): ProvisionError {
  return new ProvisionError(
    'UNREACHABLE',
    `sshd on ${at(place)} closed the connection before the login, ${tries} times in a row`,
    {
      host: place.name,
      said,
      hint: 'its MaxStartups or PerSourcePenalties (sshd_config) may be too low for this many logins; wait a minute, or raise it',
    },
  );
}

export function forwardRefused(place: Place, bastion: string, error: Error): ProvisionError {
  return new ProvisionError('UNREACHABLE', `bastion ${bastion} did not pass us on to ${at(place)}`, {
    host: place.name,
    said: error.message,
    hint: 'does its sshd allow AllowTcpForwarding, and does the bastion itself reach that address?',
    cause: error,
  });
}

export function loginRefused(
  place: Place,
  tried: readonly string[],
  accepted: readonly string[] | null,
  said: string,
): ProvisionError {
  const list = tried.length === 0 ? 'nothing, for there was no key, agent or password to try' : tried.join(', ');
  const takes = accepted === null || accepted.length === 0 ? '' : `; the host takes ${accepted.join(', ')}`;
  return new ProvisionError('AUTH', `login as ${place.user} on ${at(place)} was refused; tried ${list}${takes}`, {
    host: place.name,
    said,
    hint: `name a key under ssh.key, load one into the agent (ssh-add), or set ssh.password: prompt; check with: ssh -p ${place.port} ${place.user}@${place.address}`,
  });
}

const where = (entry: KnownHost): string => `${entry.file}:${entry.line}`;

/** The error for every verdict but a match; null for a match. */
export function hostKeyError(
  place: Place,
  verdict: HostKeyVerdict,
  key: Buffer,
  files: readonly string[],
): ProvisionError | null {
  const shown = `${keyType(key)} ${fingerprint(key)}`;
  const name = lookupName(place.address, place.port);
  const refuse = (message: string, hint: string): ProvisionError =>
    new ProvisionError('HOST_KEY', message, { host: place.name, hint });
  switch (verdict.type) {
    case 'match':
      return null;
    case 'revoked':
      return refuse(
        `the host key of ${at(place)} is revoked: ${shown}, by ${where(verdict.entry)}`,
        'do not connect: whoever holds this key may not be the host. Give the host new keys first',
      );
    case 'mismatch':
      return refuse(
        `the host key of ${at(place)} has changed: it shows ${shown}; known is ${verdict.entries
          .map((entry) => `${fingerprint(entry.key)} (${where(entry)})`)
          .join(', ')}`,
        `if the host was reinstalled: ssh-keygen -R '${name}' -f ${verdict.entries[0]?.file ?? files[0] ?? '~/.ssh/known_hosts'}, then provision trust-hosts -i INVENTORY. If not, someone may be in between`,
      );
    case 'unknown':
      return refuse(
        `the host key of ${at(place)} is unknown: it shows ${shown}; looked in ${files.join(', ') || 'no file'}${aboutOthers(verdict.others)}`,
        'compare the fingerprint with the host (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: provision trust-hosts -i INVENTORY',
      );
  }
}

function aboutOthers(others: readonly KnownHost[]): string {
  const plain = others.filter((entry) => entry.marker === null);
  const authorities = others.filter((entry) => entry.marker === 'cert-authority');
  const known = plain.map((entry) => `${entry.type} ${fingerprint(entry.key)} (${where(entry)})`).join(', ');
  return [
    known === '' ? '' : `; known are other types: ${known}`,
    authorities.length === 0
      ? ''
      : `; ${authorities.map(where).join(', ')} names an authority, but host certificates are not checked here: add the plain key`,
  ].join('');
}
