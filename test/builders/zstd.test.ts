import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { constants, createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cutFrames } from '../../shared/builders/zstd.ts';

const checked = (bytes: Buffer): Buffer =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
const sized = (bytes: Buffer): Buffer => zstdCompressSync(bytes, { pledgedSrcSize: bytes.length });
const skipped = Buffer.from('\x5f\x2a\x4d\x18\x02\x00\x00\x00ab', 'latin1');

// Sizes around those at which a frame's header takes more bytes, and a block more than one; what compresses, and what does not.
const contents = [0, 1, 255, 256, 65_791, 65_792, 131_073].flatMap((size) => [
  Buffer.alloc(size, 'a'),
  randomBytes(size),
]);
const frames = contents.flatMap((content) => [
  zstdCompressSync(content),
  skipped,
  checked(content),
  sized(content),
]);
const whole = Buffer.concat(contents.flatMap((content) => [content, content, content]));

const cut = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );

describe('zstd of many frames', () => {
  it.each([3, 997, 65_536, 10_000_000])('is cut at each frame, from pieces of %d bytes', async (size) => {
    const ends = new Set<number>();
    let at = 0;
    for await (const piece of cutFrames(Readable.from(cut(Buffer.concat(frames), size)))) {
      at += piece.length;
      ends.add(at);
    }
    let end = 0;
    for (const { length } of frames) {
      end += length;
      expect(ends).toContain(end);
    }
  });

  it.each([997, 65_536, 10_000_000])('is unpacked whole, from pieces of %d bytes', async (size) => {
    const pieces = Readable.from(cut(Buffer.concat(frames), size));
    const unpacked = await buffer(pieces.compose(cutFrames).pipe(createZstdDecompress()));
    expect(unpacked.equals(whole)).toBe(true);
  });

  it('lets what is no frame through, for the decompressor to refuse', async () => {
    const bytes = Buffer.concat([zstdCompressSync(Buffer.from('a')), Buffer.from('not a frame')]);
    expect(Buffer.concat(await Readable.from(cutFrames(Readable.from([bytes]))).toArray())).toEqual(bytes);
  });
});
