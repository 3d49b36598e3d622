// Writes an archive whole or not at all: beside its name, to the disk, then renamed.
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { ProvisionError } from '../model/index.js';
import { endAfter, paddingOf, tarHeader } from './tar.js';

export interface Member {
  readonly name: string;
  readonly size: number;
  open(): AsyncIterable<Uint8Array>;
}

export const textMember = (name: string, text: string | Buffer): Member => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return { name, size: bytes.length, open: () => only(bytes) };
};

async function* only(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

export async function writeArchive(path: string, members: readonly Member[], signal: AbortSignal): Promise<number> {
  const part = `${path}.part`;
  let handle: FileHandle | null = null;
  let written = 0;
  try {
    const file = await open(part, 'w');
    handle = file;
    const write = async (bytes: Uint8Array): Promise<void> => {
      written += bytes.length;
      await file.writeFile(bytes); // at where the last one ended
    };
    for (const member of members) {
      if (signal.aborted) throw new ProvisionError('INTERRUPTED', `stopped while ${path} was written`);
      await write(tarHeader(member.name, member.size));
      let size = 0;
      for await (const chunk of member.open()) {
        size += chunk.length;
        await write(chunk);
      }
      if (size !== member.size) throw new Error(`${member.name} has ${size} bytes, not ${member.size}`);
      await write(Buffer.alloc(paddingOf(size)));
    }
    await write(endAfter(written));
    await file.sync();
    await file.close();
    await rename(part, path);
    return written;
  } catch (error) {
    await handle?.close().catch(() => {}); // what went wrong first is what is told
    await rm(part, { force: true });
    if (error instanceof ProvisionError) throw error;
    throw new ProvisionError('ARTIFACT', `could not write ${path}`, {
      said: error instanceof Error ? error.message : String(error),
      hint: 'is there room for it (df -h)?',
      cause: error,
    });
  }
}
