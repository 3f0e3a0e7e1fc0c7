import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream';
import {
  constants,
  createGzip,
  createZstdCompress,
  type Gzip,
  type ZlibReset,
  type ZstdCompress,
} from 'node:zlib';
import { type Digest, parseDigest } from '../image/digest.ts';
import { Unavailable } from '../outcome/outcome.ts';
import { countPassed } from '../process/heap.ts';
import { writeBytes } from '../process/write.ts';
import type { FileEntry } from './files.ts';
import { startHashThread } from './hash-thread.ts';
import { BLOCK, BLOCKS, writeTar } from './tar.ts';

/** A compressed layer. `diffId` is the digest of the tar inside (image-spec, config.md "Layer DiffID"). */
export interface Layer {
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
}

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Levels are stated, so that another default does not change a byte: crane and BuildKit take the same. */
export const LEVELS: Readonly<Record<Compression, number>> = { gzip: 1, zstd: 3 };

/** Takes a tar block by block, several at a time, and gives what it became in the same order. */
interface Compressor {
  compress(block: Buffer): Promise<readonly Buffer[]>;
  /** What is left after the last block. */
  finish(): Promise<readonly Buffer[]>;
}

const compressors: Readonly<Record<Compression, () => Compressor>> = {
  // Members of a gzip file may follow each other (RFC 1952, 2.2), so blocks are compressed side by side. Each stream makes a member of
  // whatever is written; a stream of its own for each block would have the heap swept all the time.
  gzip: () => {
    const { Z_FINISH: flush, Z_MAX_MEMLEVEL: memLevel } = constants;
    const options = { level: LEVELS.gzip, memLevel, flush, chunkSize: BLOCK / 2 };
    const streams = Array.from({ length: BLOCKS }, () => createGzip(options) as Gzip & ZlibReset);
    const writers = streams.map((stream) => ({ stream, write: collect(stream) }));
    let turn = 0;
    return {
      compress: async (block) => {
        const { stream, write } = writers[turn++ % BLOCKS] as (typeof writers)[number];
        const pieces = await write(block);
        stream.reset();
        return pieces;
      },
      finish: async () => [],
    };
  },
  // One frame: Node's own reader passes over any but the first, and what repeats is found over many blocks.
  zstd: () => {
    const params = { [constants.ZSTD_c_compressionLevel]: LEVELS.zstd };
    const stream = createZstdCompress({ params, chunkSize: BLOCK / 4 });
    const write = collect(stream);
    return { compress: write, finish: () => write(undefined) };
  },
};

/** Writes into a compressor, or ends it, and gives what it put out meanwhile. */
function collect(stream: Gzip | ZstdCompress): (block: Buffer | undefined) => Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  // Said to who writes as well.
  stream.on('error', () => undefined);
  return (block) =>
    new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve(pieces.splice(0)));
      if (block === undefined) finished(stream.end(), done);
      else stream.write(block, done);
    });
}

/**
 * Writes entries into `file` as a compressed tar (`writeTar`). The same entries give the same diffId anywhere, and the same bytes for one
 * version of Node. Streams: no large file is ever in memory whole.
 */
export async function writeLayer(
  entries: readonly FileEntry[],
  file: string,
  created: number,
  compression: Compression,
  deadline: AbortSignal,
): Promise<Layer> {
  const [inner, outer] = [createHash('sha256'), createHash('sha256')];
  const { compress, finish } = compressors[compression]();
  const pending: Promise<readonly Buffer[]>[] = [];
  const output = await open(file, 'wx');
  let size = 0;
  const write = (pieces: readonly Buffer[]): void => {
    for (const piece of pieces) {
      outer.update(piece);
      size += piece.length;
      writeBytes(output.fd, piece);
      countPassed(piece.length);
    }
  };
  try {
    await writeTar(entries, created, async (block) => {
      checkTime(deadline);
      inner.update(block);
      pending.push(compress(block));
      if (pending.length === BLOCKS - 1) write((await pending.shift()) ?? []);
    });
    for (const block of pending) write(await block);
    write(await finish());
  } finally {
    await Promise.allSettled(pending);
    await output.close();
  }
  return { digest: seal(outer), size, diffId: seal(inner) };
}

/** The diffId that `writeLayer` would give, and nothing is compressed: files are read here while a thread hashes them. */
export async function readDiffId(
  entries: readonly FileEntry[],
  created: number,
  deadline: AbortSignal,
): Promise<Digest> {
  const hash = startHashThread(BLOCKS - 2);
  try {
    await writeTar(entries, created, async (block) => {
      await hash.update(block);
      checkTime(deadline);
    });
    return await hash.digest();
  } finally {
    hash.end();
  }
}

function seal(hash: Hash): Digest {
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

function checkTime(deadline: AbortSignal): void {
  if (deadline.aborted) throw new Unavailable('a layer was not written: no time is left');
}
