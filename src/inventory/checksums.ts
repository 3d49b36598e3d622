import { nearest } from '../model/index.js';
import type { Complaint } from './explain.js';
import { type Path, show } from './problem.js';

/** Reads the operator's own checksums: a JSON object, upstream URL -> sha256 in hex. `read` throws when there is no file. */
export function readChecksums(
  file: string,
  path: Path,
  read: (path: string) => string,
): { checksums: Record<string, string>; complaints: Complaint[] } {
  const refuse = (message: string, cure: string) => ({ checksums: {}, complaints: [{ path, message, cure }] });
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    return refuse(
      `${show(file)} cannot be read: ${reason(error)}`,
      'write the path relative to the inventory, or make the file',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(`${show(file)} is not valid JSON`, form);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`${show(file)} should hold a JSON object`, form);
  }
  const entries = Object.entries(value);
  const complaints = entries.flatMap(([url, sum]) => checkEntry(file, path, url, sum));
  return { checksums: Object.fromEntries(entries.map(([url, sum]) => [url, String(sum).toLowerCase()])), complaints };
}

const form = 'write it as `{"https://dl.k8s.io/v1.36.3/bin/linux/amd64/kubelet": "<64 hex digits>"}`';

function checkEntry(file: string, path: Path, url: string, sum: unknown): Complaint[] {
  if (!/^https:\/\/[^\s@]+$/.test(url) || !URL.canParse(url)) {
    const near = nearest(url.split(':')[0] ?? '', ['https']);
    return [
      {
        path,
        message: `${show(file)} has the key ${show(url)}, which is no https URL`,
        cure: near ? `begin it with \`${near}://\`` : form,
      },
    ];
  }
  if (typeof sum === 'string' && /^[0-9a-f]{64}$/i.test(sum)) return [];
  return [{ path, message: `${show(file)} gives ${show(sum)} for ${show(url)}, which is no sha256`, cure: form }];
}

export const reason = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  return error instanceof Error ? error.message : String(error);
};
