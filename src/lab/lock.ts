import { readFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { ProvisionError } from '../model/index.js';

/**
 * Runs `work` while no other process of this machine does something under the same name. The lock is a listening socket in
 * Linux's abstract namespace (unix(7)): the kernel frees it with its process however that ends, and there is no file to
 * leave behind. Whoever connects is told what the holder is doing. Throws LOCKED after `patience` milliseconds.
 */
export async function withLock<T>(name: string, doing: string, patience: number, work: () => Promise<T>): Promise<T> {
  const address = `\0${PREFIX}${name}`;
  const deadline = Date.now() + patience;
  for (;;) {
    const release = await take(address, `process ${process.pid} is ${doing}`);
    if (release !== undefined) {
      try {
        return await work();
      } finally {
        release();
      }
    }
    if (Date.now() > deadline) {
      throw new ProvisionError('LOCKED', `the lab is in use: ${await ask(address)}`, {
        hint: 'wait until it is done, or end it; a killed one leaves no lock',
      });
    }
    await wait(100);
  }
}

const PREFIX = 'provision-lab/';

/** What everybody who holds such a lock is doing at this moment. */
export async function locksHeld(): Promise<readonly string[]> {
  const listening = await readFile('/proc/net/unix', 'utf8');
  return Promise.all(lockNames(listening).map((name) => ask(`\0${PREFIX}${name}`)));
}

/** The kernel shows the bytes of an abstract name as `@` where they are 0, those behind it, too. Pure. */
export const lockNames = (procNetUnix: string): readonly string[] => [
  ...new Set([...procNetUnix.matchAll(/ @provision-lab\/(.+?)@*$/gm)].map(([, name = '']) => name)),
];

/** The way to let go, or undefined when another process holds it. */
function take(address: string, doing: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((asker) => asker.on('error', () => {}).end(doing));
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(() => server.close()));
    server.unref();
  });
}

function ask(address: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    createConnection(address)
      .on('data', (bytes) => {
        said += bytes.toString();
      })
      .on('error', () => resolve('its holder has just gone'))
      .on('close', () => resolve(said));
  });
}
