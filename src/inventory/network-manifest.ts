import type { NetworkManifest } from '../model/index.js';
import { reason } from './checksums.js';
import type { DraftInventory } from './draft.js';
import type { Complaint } from './explain.js';
import { type Path, show } from './problem.js';
import { type Places, resolvePath } from './resolve.js';

const PATH: Path = ['cluster', 'network', 'manifest'];

/** The manifest that the inventory names: the text of a file, or a URL with its checksum. `read` throws when there is no file. */
export function readNetworkManifest(
  draft: DraftInventory,
  checksums: Readonly<Record<string, string>>,
  places: Places,
  read: (path: string) => string,
): { manifest: NetworkManifest | null; complaints: Complaint[] } {
  const { network } = draft.cluster ?? {};
  const written = typeof network === 'object' ? network.manifest : undefined;
  if (written === undefined) return { manifest: null, complaints: [] };
  const refuse = (message: string, cure: string) => ({
    manifest: null,
    complaints: [{ path: PATH, message, cure }],
  });
  if (/^[a-z]+:\/\//i.test(written)) {
    if (!/^https:\/\/[^\s@?#]+$/.test(written)) {
      return refuse(`${show(written)} is no https URL`, 'write an https URL without password or query, or a file');
    }
    if (checksums[written] === undefined) {
      const cure = `put {"${written}": "<sha256>"} into the file that mirrors.checksums names`;
      return refuse('nothing says what it must hold: there is no sha256 for this URL', cure);
    }
    return { manifest: { source: written, text: null }, complaints: [] };
  }
  const source = resolvePath(written, places);
  try {
    return { manifest: { source, text: read(source) }, complaints: [] };
  } catch (error) {
    return refuse(
      `${show(written)} cannot be read: ${reason(error)}`,
      'write the path relative to the inventory, or make the file',
    );
  }
}
