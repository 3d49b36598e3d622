// The file server of the lab's mirror, a process of its own: `node server.js --root DIR --listen ADDRESS:PORT`.
// It answers GET and HEAD for regular files below the root and nothing else. Knows nothing of what the files are.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The path below `root` that a request names, or undefined when it names none: a bad escape, a NUL, a way out. */
export function requestedPath(root: string, target: string): string | undefined {
  const [path = ''] = target.split('?', 1);
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined; // URIError: not an escape sequence
  }
  const parts = decoded.split('/');
  if (decoded.includes('\0') || parts.includes('..')) return undefined;
  return join(root, ...parts);
}

/** Answers one request out of `root` (an absolute, real path). */
async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405);
  }
  const path = requestedPath(root, request.url ?? '/');
  if (path === undefined) return refuse(response, 400);
  const found = await regularFile(root, path);
  if (found === undefined) return refuse(response, 404);
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': found.size,
    'last-modified': found.modified.toUTCString(),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(found.path);
  // The headers are out: a broken connection is the only way left to say that the rest is missing.
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

async function regularFile(root: string, path: string) {
  try {
    const real = await realpath(path);
    if (!real.startsWith(root + sep)) return undefined; // a link that leads out
    const facts = await stat(real);
    return facts.isFile() ? { path: real, size: facts.size, modified: facts.mtime } : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

/** A server for the files below `root`; it is not listening yet. */
export async function createFileServer(root: string) {
  const real = await realpath(root);
  return createServer((request, response) => {
    answer(real, request, response).catch((error: unknown) => {
      process.stderr.write(`${request.method} ${request.url}: ${error}\n`);
      if (response.headersSent) response.destroy();
      else refuse(response, 500);
    });
  });
}

/** `10.0.0.1:8080` -> host and port. Throws on anything else. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^([0-9.]+):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || port === undefined) throw new Error(`--listen wants ADDRESS:PORT, not ${text}`);
  return { host, port: Number(port) };
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { root: { type: 'string' }, listen: { type: 'string' } } });
  if (values.root === undefined || values.listen === undefined) {
    throw new Error('usage: server.js --root DIR --listen ADDRESS:PORT');
  }
  const server = await createFileServer(values.root);
  server.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  server.listen(parseListen(values.listen));
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
