import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that went through, in milliseconds of one clock. */
export interface Passage {
  readonly method: string;
  readonly url: string;
  readonly start: number;
  readonly end: number;
  /** Of both bodies. */
  readonly bytes: number;
}

export interface Delay {
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

/** A proxy before an HTTP server on loopback that holds every response back for `milliseconds`, and writes down what passed. */
export async function startDelay(
  upstream: string,
  milliseconds: number,
  passages: Passage[],
): Promise<Delay> {
  const target = new URL(upstream);
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const server = createServer((incoming, outgoing) => {
    const start = performance.now();
    const { method = 'GET', url = '/', headers } = incoming;
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
    };
    incoming.on('data', count);
    outgoing.on('finish', () => passages.push({ method, url, start, end: performance.now(), bytes }));
    // The Host header stays: registries make upload addresses of it.
    const onward = request({ agent, host: target.hostname, port: target.port, method, path: url, headers });
    onward.on('response', (response) => {
      setTimeout(() => {
        outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders);
        response.on('data', count).pipe(outgoing);
      }, milliseconds);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How many round trips followed one another: the most passages of which none overlaps another. */
export function countDepth(passages: readonly Passage[]): number {
  let depth = 0;
  let free = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...passages].sort((a, b) => a.end - b.end)) {
    if (start < free) continue;
    depth += 1;
    free = end;
  }
  return depth;
}
