import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Digest, parseDigest } from '../image/digest.ts';

/** A thread that hashes (sha256) while this one goes on. */
export interface HashThread {
  /** Takes bytes in shared memory. Once it resolves, those of all but the last `ahead` calls were read. */
  update(bytes: Uint8Array): Promise<void>;
  /** The digest of all that it took. */
  digest(): Promise<Digest>;
  /** Ends the thread, whatever it does. */
  end(): void;
}

// As text, because a file would have to be a bundle of its own. Each piece is answered, so that its memory may be used again.
const CODE = `
  const { parentPort } = require('node:worker_threads');
  const hash = require('node:crypto').createHash('sha256');
  parentPort.on('message', (bytes) => parentPort.postMessage(bytes === null ? hash.digest('hex') : void hash.update(bytes)));
`;

/** Starts a thread that hashes. */
export function startHashThread(ahead: number): HashThread {
  const thread = new Worker(CODE, { eval: true, env: {}, execArgv: [] });
  // Fails with the thread.
  const answers = on(thread, 'message', { close: ['exit'] });
  let waiting = 0;
  const send = (bytes: Uint8Array | null): void => {
    thread.postMessage(bytes);
    waiting += 1;
  };
  const readAnswer = async (): Promise<unknown> => {
    const { value } = await answers.next();
    waiting -= 1;
    return value?.[0];
  };
  return {
    update: async (bytes) => {
      send(bytes);
      if (waiting > ahead) await readAnswer();
    },
    digest: async () => {
      send(null);
      while (waiting > 1) await readAnswer();
      return parseDigest(`sha256:${await readAnswer()}`);
    },
    end: () => void thread.terminate(),
  };
}
