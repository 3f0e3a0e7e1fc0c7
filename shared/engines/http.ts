import { request } from 'node:http';
import type { HttpCheck } from '../boot/check.ts';

/** The most of a body that is read, in bytes. */
const MOST = 1024 * 1024;

/** Asks a container at its own address: by no proxy, without following a redirect. Rejects when there is no answer in `seconds`. */
export function askHttp(
  address: string,
  { method, port, path }: HttpCheck,
  seconds: number,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(Math.max(1, Math.round(seconds * 1000)));
    const headers = { host: `localhost:${port}`, connection: 'close', 'user-agent': 'hallmark-test' };
    const sent = request({ host: address, port, path, method, headers, signal, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST) answer.destroy(new Error(`answered with more than ${MOST} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
