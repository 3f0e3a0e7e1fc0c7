import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  constants as flags,
  fstatSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { type PipelineTransform, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createZstdCompress, gzip } from 'node:zlib';
import { type Header, type Pack, pack } from 'tar-stream';
import { type Digest, parseDigest } from '../image/digest.ts';
import { Invalid, Unavailable } from '../outcome/outcome.ts';
import type { FileEntry } from './files.ts';

/** A compressed layer. `diffId` is the digest of the tar inside (image-spec, config.md "Layer DiffID"). */
export interface Layer {
  readonly digest: Digest;
  readonly size: number;
  readonly diffId: Digest;
}

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Files up to this size are read whole, in bytes. */
const WHOLE = 1024 * 1024;
/** Bytes of a tar that are compressed at once. */
const BLOCK = 1024 * 1024;
/** How many blocks are compressed side by side: as many as libuv has threads, and as many again that wait. */
const BLOCKS = 8;

// Levels are stated, so that another default of zlib's does not change a byte.
const compressors: Record<Compression, () => PipelineTransform<Transform, Buffer>> = {
  // Members of a gzip file may follow each other (RFC 1952, 2.2).
  gzip: () => (source: AsyncIterable<Buffer>) =>
    compressBlocks(source, (block) => promisify(gzip)(block, { level: 6 })),
  // One frame: Node's own reader passes over any but the first. At this level a layer is as small as gzip makes it.
  zstd: () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
};

/**
 * Writes entries into `file` as a compressed tar in which nothing tells of this machine: owner 0:0 without names, modes 0755 and 0644,
 * one time for all (`created`, in seconds since 1970). The same entries give the same diffId anywhere, and the same bytes for one
 * version of Node. Streams: no large file is ever in memory whole.
 */
export async function writeLayer(
  entries: readonly FileEntry[],
  file: string,
  created: number,
  compression: Compression,
  deadline: AbortSignal,
): Promise<Layer> {
  // A pipeline that begins after its signal has fired leaves errors that nobody can catch.
  if (deadline.aborted) throw new Unavailable('the layer was not written: no time is left');
  const tar = pack();
  const [inner, outer] = [measure(), measure()];
  const written = pipeline(
    // Its types are older than its iterator.
    cutBlocks(tar as unknown as AsyncIterable<Buffer>),
    inner.stream,
    compressors[compression](),
    outer.stream,
    createWriteStream(file, { flags: 'wx' }),
    { signal: deadline },
  );
  // Whichever fails first ends the other: destroying the tar fails the pipeline with the same error.
  const filled = fill(tar, entries, new Date(created * 1000)).catch((error: Error) => tar.destroy(error));
  try {
    await written;
  } catch (cause) {
    if (deadline.aborted) throw new Unavailable('the layer was not written in time', { cause });
    throw cause;
  }
  await filled;
  return { digest: outer.digest(), size: outer.size(), diffId: inner.digest() };
}

async function* compressBlocks(
  source: AsyncIterable<Buffer>,
  compress: (block: Buffer) => Promise<Buffer>,
): AsyncGenerator<Buffer> {
  const pending: Promise<Buffer>[] = [];
  for await (const block of source) {
    pending.push(compress(block));
    if (pending.length >= BLOCKS) yield (await pending.shift()) as Buffer;
  }
  for (const block of pending) yield await block;
}

/** Blocks of one size, whatever the sizes of the pieces: the same bytes in give the same bytes out. */
async function* cutBlocks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    pieces.push(piece);
    size += piece.length;
    if (size < BLOCK) continue;
    const whole = Buffer.concat(pieces, size);
    const end = size - (size % BLOCK);
    for (let at = 0; at < end; at += BLOCK) yield whole.subarray(at, at + BLOCK);
    pieces = [whole.subarray(end)];
    size -= end;
  }
  if (size > 0) yield Buffer.concat(pieces, size);
}

async function fill(tar: Pack, entries: readonly FileEntry[], mtime: Date): Promise<void> {
  const common = { uid: 0, gid: 0, uname: '', gname: '', mtime };
  for (const entry of entries) {
    if (entry.type === 'file') await addFile(tar, entry, common);
    else if (entry.type === 'directory')
      tar.entry({ ...common, name: `${entry.path}/`, type: 'directory', mode: 0o755 });
    else tar.entry({ ...common, name: entry.path, type: 'symlink', linkname: entry.target, mode: 0o777 });
  }
  tar.finalize();
}

async function addFile(
  tar: Pack,
  entry: Extract<FileEntry, { type: 'file' }>,
  common: Pick<Header, 'uid' | 'gid' | 'uname' | 'gname' | 'mtime'>,
): Promise<void> {
  let file: number | undefined;
  try {
    // At once: of ten thousand small files the way to a pool of threads and back takes longer than reading them.
    // What was a file when it was looked at may be a link or a FIFO by now.
    file = openSync(entry.source, flags.O_RDONLY | flags.O_NOFOLLOW | flags.O_NONBLOCK);
    const facts = fstatSync(file);
    if (!facts.isFile()) throw new Error('it is no file any more');
    const { size } = facts;
    const mode = entry.executable ? 0o755 : 0o644;
    const header = { ...common, name: entry.path, type: 'file' as const, mode, size };
    if (size > WHOLE) {
      await pipeline(createReadStream('', { fd: file, autoClose: false }), tar.entry(header));
      return;
    }
    const content = readFileSync(file);
    await new Promise<void>((resolve, reject) => {
      tar.entry(header, content, (error) => (error ? reject(error) : resolve()));
    });
  } catch (cause) {
    throw new Invalid(
      'files',
      `"/${entry.path}" could not be read, or changed while it was (${(cause as Error).message})`,
      { cause },
    );
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function measure(): { stream: Transform; digest(): Digest; size(): number } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, digest: () => parseDigest(`sha256:${hash.digest('hex')}`), size: () => size };
}
