// Takes what a host hands over, over a way back through its SSH connection: PUT /SHA256, and HEAD to ask whether it is here already.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Staging } from './staging.js';

/** A server that listens nowhere; `server.emit('connection', stream)` gives it a connection. */
export const intakeServer = (staging: Staging): Server =>
  createServer((request, response) => {
    take(staging, request, response).catch(() => {
      // Its sum is another, or the disk is full: the host sees a failed transfer, and its command says so.
      response.writeHead(422, { connection: 'close' }).end();
    });
  });

async function take(staging: Staging, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, sha256] = /^\/([0-9a-f]{64})$/.exec(request.url ?? '') ?? [];
  if (sha256 === undefined) return void response.writeHead(404).end();
  switch (request.method) {
    case 'HEAD':
      return void response.writeHead((await staging.has(sha256)) ? 200 : 404).end();
    case 'PUT':
      await staging.keep(`a package with sha256 ${sha256}`, sha256, async () => request);
      return void response.writeHead(201).end();
    default:
      return void response.writeHead(405, { allow: 'HEAD, PUT' }).end();
  }
}
