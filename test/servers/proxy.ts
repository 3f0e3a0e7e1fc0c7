import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault } from './registry.ts';

export interface Proxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Stands before a server, so that one run among several meets faults of its own. What `onRequest` returns for a request, by its method and
 * path, is sent in the place of an answer; `drop` ends the connection before the server was asked, `cut` after.
 */
export async function startProxy(
  target: string,
  onRequest: (request: { method: string; path: string }) => Fault | undefined,
): Promise<Proxy> {
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    const fault = onRequest({ method, path: url.split('?')[0] ?? '' });
    if (fault === 'drop') request.socket.destroy();
    else if (fault === undefined || fault === 'cut') pass(request, response, target, fault === 'cut');
    else {
      request.resume();
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      response.end(fault.body);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function pass(request: IncomingMessage, response: ServerResponse, target: string, cut: boolean): void {
  const { method, headers, url = '' } = request;
  const onward = forward(new URL(url, target), { method, headers }, (answer) => {
    if (cut) {
      answer.resume().on('end', () => request.socket.destroy());
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => request.socket.destroy());
  // Who is killed leaves in the middle.
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
