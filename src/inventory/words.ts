import { z } from 'zod';
import { parseCidr, parseIp } from '../model/index.js';
import { isHost, isHostName, parseHostPort } from './address.js';

/** A kind of word that operators write: what it is called, how it looks, and what to write when it is wrong. */
interface Grammar {
  /** Completes `"x" should be …`. */
  readonly should: string;
  readonly cure: string;
  /** Stands in the JSON Schema, for editors. */
  readonly pattern?: RegExp;
  readonly longest?: number;
  readonly accepts?: (text: string) => boolean;
}

function word({ should, cure, pattern, longest = 253, accepts }: Grammar) {
  const schema = z.string().superRefine((text, context) => {
    const fits = text.length <= longest && (pattern?.test(text) ?? true) && (accepts?.(text) ?? true);
    if (!fits) context.addIssue({ code: 'custom', message: `should be ${should}`, params: { cure } });
  });
  return schema.meta({ maxLength: longest, ...(pattern === undefined ? {} : { pattern: pattern.source }) });
}

const RFC_1123 = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const subdomain = new RegExp(`^${RFC_1123}(\\.${RFC_1123})*$`);

export const clusterName = word({
  should: 'an RFC 1123 label of at most 63 characters',
  cure: 'use lower-case letters, digits and hyphens; begin and end with a letter or digit, as in `lab-1`',
  pattern: new RegExp(`^${RFC_1123}$`),
  longest: 63,
});

// Kubernetes takes 253 characters, but the label kubernetes.io/hostname and Linux host names end at 63.
export const nodeName = word({
  should: 'an RFC 1123 name of at most 63 characters',
  cure: 'use lower-case letters, digits, hyphens and dots; begin and end with a letter or digit, as in `worker-1`',
  pattern: subdomain,
  longest: 63,
  accepts: (text) => text !== 'localhost' && parseIp(text) === null,
});

export const groupName = word({
  should: 'a plain name',
  cure: 'use letters, digits, hyphens, dots and underscores, as in `rack-1`',
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  longest: 63,
});

export const host = word({
  should: 'an IP address or a DNS name',
  cure: 'write one address without port or scheme, as in `10.0.0.11` or `web-1.example.com`',
  accepts: isHost,
});

export const ip = word({
  should: 'an IP address, because Kubernetes announces it to the other nodes',
  cure: 'write the address that the other nodes reach this one by, as in `10.0.0.11`',
  longest: 45,
  accepts: (text) => parseIp(text) !== null,
});

export const hostPort = word({
  should: 'a host, or host:port',
  cure: 'write it as `api.example.com:6443`, `10.0.0.10` or `[fd00::10]:6443`',
  accepts: (text) => parseHostPort(text, 6443) !== null,
});

export const cidr = word({
  should: 'one CIDR',
  cure: 'write one address, a slash and the prefix length, as in `10.244.0.0/16`',
  longest: 49,
  accepts: (text) => parseCidr(text) !== null,
});

export const dnsDomain = word({
  should: 'a DNS domain in lower case',
  cure: 'write labels of letters, digits and hyphens with dots between, as in `cluster.local`',
  pattern: subdomain,
  // The longest name below it is `kubernetes.default.svc.<domain>`.
  longest: 253 - 'kubernetes.default.svc.'.length,
});

export const certSan = word({
  should: 'an IP address or a DNS name',
  cure: 'write one address or name, as in `api.example.com`; a wildcard stands first: `*.example.com`',
  accepts: (text) => isHost(text) || (text.startsWith('*.') && isHostName(text.slice(2))),
});

export const releaseName = word({
  should: 'a Kubernetes release',
  cure: 'write the minor release (`"1.36"`, quoted) or the exact version (`"1.36.3"`), without `v`',
  pattern: /^\d+\.\d+(\.\d+)?$/,
  longest: 20,
});

export const url = word({
  should: 'an http or https URL without user, password, query or fragment',
  cure: 'write it as `https://mirror.example.com/artifacts`; a mirror with a password is not supported',
  // No `@`: a user and password would end up in files on every host.
  pattern: /^https?:\/\/[A-Za-z0-9.[\]:_-]+(\/[A-Za-z0-9._~:%+/-]*)?$/,
  longest: 2048,
  accepts: (text) => URL.canParse(text) && !text.includes('/../') && !text.endsWith('/..'),
});

export const registryName = word({
  should: 'a registry: a host, or host:port',
  cure: 'write it as it stands in image names, as in `registry.k8s.io` or `registry.example.com:5000`',
  pattern: /^[a-z0-9.[\]:-]+$/,
  accepts: (text) => parseHostPort(text, 443) !== null,
});

export const urlBeginning = word({
  should: 'the beginning of an https URL',
  cure: 'write it up to a slash, as in `https://raw.githubusercontent.com/`',
  pattern: /^https:\/\/[A-Za-z0-9.:_-]+\/([A-Za-z0-9._~:%+-]+\/)*$/,
  longest: 2048,
});

export const imageRepository = word({
  should: 'the beginning of image names, without a tag',
  cure: 'write it as in `registry.aliyuncs.com/google_containers`',
  pattern: /^[a-z0-9.[\]:-]+(\/[a-z0-9._-]+)*$/,
  longest: 255,
});

export const repositoryId = word({
  should: 'the id of a package repository',
  cure: 'write it as it stands in brackets in the repository file, as in `docker-ce`',
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
  longest: 64,
});

export const fingerprint = word({
  should: 'the fingerprint of a key: 40 hex digits',
  cure: 'take it from `gpg --show-keys FILE`, with or without spaces',
  pattern: /^[0-9A-Fa-f ]+$/,
  accepts: (text) => text.replaceAll(' ', '').length === 40,
});

export const path = word({
  should: 'the path of a file',
  cure: 'write it absolute, from `~/`, or relative to the inventory; `~user` is not understood',
  longest: 4096,
  accepts: (text) => text !== '' && !/^~[^/]/.test(text) && text.trim() === text,
});

export const userName = word({
  should: 'a user name',
  cure: 'write the name alone, as in `deploy`',
  pattern: /^[A-Za-z0-9_][A-Za-z0-9._@\\+-]*\$?$/,
  longest: 256,
});

export const bastionText = word({
  should: 'a bastion as `user@host:port`',
  cure: 'write it as `jump@bastion.example.com:22`; user and port may be left out',
  accepts: (text) => parseBastion(text) !== null,
});

export function parseBastion(text: string): { user: string | undefined; host: string; port: number } | null {
  const at = text.lastIndexOf('@');
  const target = parseHostPort(text.slice(at + 1), 22);
  const user = at < 0 ? undefined : text.slice(0, at);
  if (target === null || (user !== undefined && !userName.safeParse(user).success)) return null;
  return { user, ...target };
}

const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const isQualifiedName = (text: string): boolean => {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? 'x' : text.slice(0, slash);
  return QUALIFIED.test(text) && prefix.length <= 253 && subdomain.test(prefix);
};
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

export const labelKey = word({
  should: 'a label key',
  cure: 'write a name of at most 63 letters, digits, `-`, `_`, `.`, with a DNS prefix if you like: `example.com/disk`',
  pattern: QUALIFIED,
  longest: 317,
  accepts: isQualifiedName,
});

export const labelValue = word({
  should: 'a label value',
  cure: 'write at most 63 letters, digits, `-`, `_`, `.`; begin and end with a letter or digit (or leave it empty: `""`)',
  pattern: LABEL_VALUE,
  longest: 63,
});

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

export const taintText = word({
  should: 'a taint as `key=value:Effect` or `key:Effect`',
  cure: `write it as \`dedicated=gpu:NoSchedule\`; the effects are ${taintEffects.join(', ')}`,
  longest: 400,
  accepts: (text) => parseTaint(text) !== null,
});

export function parseTaint(
  text: string,
): { key: string; value: string | undefined; effect: (typeof taintEffects)[number] } | null {
  const match = /^([^=:]+)(?:=([^=:]*))?:([A-Za-z]+)$/.exec(text);
  const [, key = '', value] = match ?? [];
  const effect = taintEffects.find((known) => known === match?.[3]);
  if (effect === undefined || !isQualifiedName(key) || !LABEL_VALUE.test(value ?? '')) return null;
  return { key, value, effect };
}

export const flagName = word({
  should: 'the name of a flag, without dashes in front',
  cure: 'write `audit-log-maxage: 30` for `--audit-log-maxage=30`',
  pattern: /^[a-z0-9][a-z0-9.-]*$/,
});

export const sysctlKey = word({
  should: 'a sysctl key',
  cure: 'write it with dots, as in `net.core.somaxconn`; a dot inside a name is a slash: `net.ipv4.conf.eth0/100.rp_filter`',
  pattern: /^[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*)+$/,
});

export const timezone = word({
  should: 'the name of a time zone',
  cure: 'write it as the tz database has it, as in `Asia/Shanghai` or `UTC`',
  pattern: /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9][A-Za-z0-9_+-]*)*$/,
  longest: 64,
});

export const packageName = word({
  should: 'the name of a package',
  cure: 'write the name alone, without version or architecture, as in `nfs-common`',
  pattern: /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/,
  longest: 128,
});

// systemd.unit(5), without the characters that only escaped names have; the kinds are those that can be stopped and disabled.
export const unitName = word({
  should: 'the name of a systemd unit',
  cure: 'write it as `postfix` or `rpcbind.socket`, without path',
  pattern: /^[A-Za-z0-9][A-Za-z0-9:_.@-]*$/,
  longest: 255,
});

export const findingName = word({
  should: 'the name of a preflight finding',
  cure: 'write it as `provision preflight` prints it, as in `Swap` or `Port-6443`',
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
});
