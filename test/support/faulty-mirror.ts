import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: served as it is, with other bytes, cut off in its middle, or not answered at all. */
export type Fate = 'served' | 'cut' | 'dead' | ((body: Buffer) => Buffer);

export interface FaultyMirror {
  readonly url: string;
  /** Paths that were asked for since the last `play`. */
  readonly asked: readonly string[];
  /** From now on. */
  play(fate: (path: string) => Fate): void;
  close(): Promise<void>;
}

/** A server in front of a real mirror, on an address that hosts reach, that can be made to lie, to break off and to be away. */
export async function faultyMirror(behind: string, address: string): Promise<FaultyMirror> {
  let fate: (path: string) => Fate = () => 'served';
  const asked: string[] = [];
  const server = createServer((incoming, answer) => {
    const path = incoming.url ?? '/';
    asked.push(path);
    const said = fate(path);
    if (said === 'dead') {
      incoming.socket.destroy();
      return;
    }
    const target = new URL(path, behind);
    const { host: _own, ...headers } = incoming.headers;
    const outgoing = request(target, { method: incoming.method, headers }, (from) => {
      const parts: Buffer[] = [];
      from.on('data', (part: Buffer) => parts.push(part));
      from.on('end', () => serve(answer, said, from.statusCode ?? 502, from.headers, Buffer.concat(parts)));
    });
    outgoing.on('error', () => incoming.socket.destroy());
    outgoing.end();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    asked,
    play: (next) => {
      fate = next;
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function serve(
  answer: ServerResponse,
  fate: Exclude<Fate, 'dead'>,
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): void {
  if (typeof fate !== 'function') {
    answer.writeHead(status, headers);
    if (fate === 'served') answer.end(body);
    else answer.write(body.subarray(0, Math.floor(body.length / 2)), () => answer.destroy());
    return;
  }
  const other = fate(body);
  answer.writeHead(status, { ...headers, 'content-length': String(other.length) });
  answer.end(other);
}
