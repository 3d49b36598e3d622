// Serves an opened bundle over HTTP: on an address of this machine, or to whatever streams it is given (a way back through SSH).
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Answer, answerTo, rangeIn } from './answers.js';
import type { Bundle } from './open.js';

/** A server that listens nowhere yet; `server.emit('connection', stream)` gives it one. */
export function bundleServer(bundle: Bundle): Server {
  return createServer((request, response) => {
    respond(bundle, request, response).catch(() => {
      // The headers are out: a broken connection is the only way left to say that the rest is missing.
      response.destroy();
    });
  });
}

async function respond(bundle: Bundle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  const { status, headers, body } = answerTo(bundle.index, method, request.url ?? '/');
  if (body === null || 'text' in body) {
    response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body?.text ?? '')) });
    response.end(method === 'HEAD' ? undefined : body?.text);
    return;
  }
  await sendFile(bundle, { status, headers }, body.file, request, response);
}

async function sendFile(
  bundle: Bundle,
  { status, headers }: Pick<Answer, 'status' | 'headers'>,
  { name, size }: { readonly name: string; readonly size: number },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const range = rangeIn(request.headers.range, size);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': '0' }).end();
    return;
  }
  if (range === null) response.writeHead(status, headers);
  else {
    const length = String(range.to - range.from + 1);
    response.writeHead(206, {
      ...headers,
      'content-length': length,
      'content-range': `bytes ${range.from}-${range.to}/${size}`,
    });
  }
  if (request.method === 'HEAD') response.end();
  else await pipeline(bundle.stream(name, range?.from, range?.to), response);
}

/** Listens until `signal`, then ends. Rejects when nothing can listen there. */
export async function listen(server: Server, host: string, port: number, signal: AbortSignal): Promise<void> {
  server.listen({ host, port });
  await once(server, 'listening');
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  server.close();
  server.closeAllConnections();
}
