/** So many bytes of a frame come next; those of a header are looked at. `begins` is set for the first of a frame. */
interface Part {
  readonly bytes: number;
  readonly header: boolean;
  readonly begins?: true;
}

const MAGIC = 0xfd2fb528;
// Sixteen of them, by their last four bits.
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;

/**
 * Cuts zstd data so that no piece holds bytes of two frames. Node's decompressor ends without an error after the first frame in a piece,
 * and passes over what follows it there; layers that can be fetched in parts (zstd:chunked) are many frames.
 */
export async function* cutFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const parts = walkFrames();
  let part = parts.next().value;
  let missing = part.bytes;
  let header: Buffer[] = [];
  for await (const piece of source) {
    let [begin, at] = [0, 0];
    while (at < piece.length) {
      const found = piece.subarray(at, at + missing);
      at += found.length;
      missing -= found.length;
      if (part.header) header.push(found);
      while (missing === 0) {
        part = parts.next(Buffer.concat(header)).value;
        missing = part.bytes;
        header = [];
        if (part.begins && at > begin) {
          yield piece.subarray(begin, at);
          begin = at;
        }
      }
    }
    if (at > begin) yield piece.subarray(begin);
  }
}

/** The parts of frames, one after the other (RFC 8878, 3.1): each header that was asked for is handed back in. */
function* walkFrames(): Generator<Part, never, Buffer> {
  const read = (bytes: number): Part => ({ bytes, header: true });
  const skip = (bytes: number): Part => ({ bytes, header: false });
  for (;;) {
    const magic = (yield { ...read(4), begins: true }).readUInt32LE();
    if (magic - (magic % 16) === SKIPPABLE_MAGIC) {
      yield skip((yield read(4)).readUInt32LE());
      continue;
    }
    // What is no frame is for the decompressor to refuse.
    if (magic !== MAGIC) yield skip(Infinity);
    const flags = (yield read(1)).readUInt8();
    const single = (flags >> 5) & 1;
    const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
    const contentSize = [single, 2, 4, 8][flags >> 6] ?? 0;
    yield skip((single ? 0 : 1) + dictionary + contentSize);
    for (let last = false; !last; ) {
      const block = (yield read(3)).readUIntLE(0, 3);
      last = (block & 1) === 1;
      yield skip(((block >> 1) & 3) === RLE_BLOCK ? 1 : block >> 3);
    }
    if ((flags >> 2) & 1) yield skip(4);
  }
}
