import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** The way to `host`, on which each of the first `times` connections that carry more than `bytes` to it breaks off there. */
export async function breakOff(
  host: string,
  bytes: number,
  times = 1,
): Promise<{ host: string; sent: () => number }> {
  let left = times;
  let total = 0;
  const server = createServer((client) => {
    const [hostname = '', port] = host.split(':');
    const upstream = connect(Number(port), hostname);
    let sent = 0;
    client.on('data', (chunk) => {
      const before = sent;
      sent += chunk.length;
      total += chunk.length;
      if (left > 0 && sent > bytes) {
        left -= 1;
        // What came before has to arrive.
        upstream.end(chunk.subarray(0, bytes - before), () => client.destroy());
      } else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, sent: () => total };
}
