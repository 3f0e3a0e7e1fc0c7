import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface Tunnel {
  readonly url: string;
  /** What was asked for, as `host:port`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** An HTTP proxy for tunnels (RFC 9110, 9.3.6): to the port on this machine that `routes` has for a `host:port`; any other it refuses. */
export async function startTunnel(routes: Readonly<Record<string, number>>): Promise<Tunnel> {
  const asked: string[] = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', ({ url = '' }, client, head) => {
    asked.push(url);
    const port = routes[url];
    if (port === undefined) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://user:tunnel-password@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
