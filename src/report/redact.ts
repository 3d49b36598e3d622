import { Secret } from '../model/index.js';

/**
 * The net under the wall: secrets are a type and never reach a report, but a host may say one aloud. Best effort; nothing relies on it.
 * Private keys in PEM and base64, bootstrap tokens, and the values of words that name a secret.
 */
export const redact = (text: string): string =>
  text
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, SIGN)
    // base64 of `-----BEGIN …PRIVATE KEY-----`, as kubeconfigs and Secret objects hold it.
    .replace(/LS0tLS1CRUdJTi[A-Za-z0-9+/]*?(UFJJVkFURSBLRVkt|BSSVZBVEUgS0VZL|QUklWQVRFIEtFWS)[A-Za-z0-9+/=]*/g, SIGN)
    .replace(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, SIGN)
    // `password: prompt` and `password: {file: …}` are settings of an inventory: our own hints name them.
    .replace(
      /((?:client-key-data|password|passwd|token-secret)["']?\s*[:=]\s*["']?)(?!prompt\b|\{file:)[^\s"',]+/gi,
      `$1${SIGN}`,
    )
    .replace(/(authorization:\s*(?:bearer|basic)\s+)\S+/gi, `$1${SIGN}`)
    .replace(/(:\/\/[^\s/:@]+:)[^\s/@]+@/g, `$1${SIGN}@`);

const SIGN = '«secret»';

/** JSON of anything, each text redacted on its own, so that the JSON stays whole. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (inner instanceof Secret) return SIGN;
      if (inner instanceof Map) return Object.fromEntries(inner);
      return typeof inner === 'string' ? redact(inner) : inner;
    },
    indent,
  );
}
