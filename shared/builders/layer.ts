import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
import type { FileEntry } from './files.ts';
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
  // Members of a gzip file may follow each other (RFC 1952, 2.2), so blocks are compressed side by side. Each block's
  // turn comes `BLOCKS` later again; a compressor of its own for each would have the heap swept all the time.
  gzip: () => {
    const options = { level: LEVELS.gzip, memLevel: constants.Z_MAX_MEMLEVEL, chunkSize: BLOCK / 4 };
    const streams = Array.from({ length: BLOCKS }, () => collect(createGzip(options) as Gzip & ZlibReset));
    let turn = 0;
    return {
      compress: async (block) => {
        const { stream, write, flush } = streams[turn++ % BLOCKS] as Collected<Gzip & ZlibReset>;
        const pieces = [...(await write(block)), ...(await flush(constants.Z_FINISH))];
        stream.reset();
        return pieces;
      },
      finish: async () => [],
    };
  },
  // One frame: Node's own reader passes over any but the first, and what repeats is found over many blocks.
  zstd: () => {
    const params = { [constants.ZSTD_c_compressionLevel]: LEVELS.zstd };
    const { write, flush } = collect(createZstdCompress({ params, chunkSize: BLOCK / 4 }));
    return { compress: write, finish: () => flush(constants.ZSTD_e_end) };
  },
};

interface Collected<Stream> {
  readonly stream: Stream;
  write(block: Buffer): Promise<Buffer[]>;
  flush(kind: number): Promise<Buffer[]>;
}

/** A compressor whose calls give what it put out meanwhile. */
function collect<Stream extends Gzip | ZstdCompress>(stream: Stream): Collected<Stream> {
  let pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  // Said to who asked as well.
  stream.on('error', () => undefined);
  const take = (): Buffer[] => {
    const taken = pieces;
    pieces = [];
    return taken;
  };
  const ask = (begin: (done: (error?: Error | null) => void) => void): Promise<Buffer[]> =>
    new Promise((resolve, reject) => begin((error) => (error ? reject(error) : resolve(take()))));
  return {
    stream,
    write: (block) => ask((done) => stream.write(block, done)),
    flush: (kind) => ask((done) => stream.flush(kind, done)),
  };
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
  const write = async (pieces: readonly Buffer[]): Promise<void> => {
    for (const piece of pieces) {
      outer.update(piece);
      size += piece.length;
      await output.appendFile(piece);
    }
  };
  try {
    await writeTar(entries, created, async (block) => {
      checkTime(deadline);
      inner.update(block);
      pending.push(compress(block));
      if (pending.length === BLOCKS - 1) await write((await pending.shift()) ?? []);
    });
    for (const block of pending) await write(await block);
    await write(await finish());
  } finally {
    await Promise.allSettled(pending);
    await output.close();
  }
  return { digest: seal(outer), size, diffId: seal(inner) };
}

/** The diffId that `writeLayer` would give, and nothing is compressed. */
export async function readDiffId(
  entries: readonly FileEntry[],
  created: number,
  deadline: AbortSignal,
): Promise<Digest> {
  const hash = createHash('sha256');
  await writeTar(entries, created, async (block) => {
    hash.update(block);
    // Nothing here waits, and the deadline's timer has to run.
    await nextTurn();
    checkTime(deadline);
  });
  return seal(hash);
}

function seal(hash: Hash): Digest {
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

function checkTime(deadline: AbortSignal): void {
  if (deadline.aborted) throw new Unavailable('a layer was not written: no time is left');
}
