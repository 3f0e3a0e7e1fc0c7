import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { type Descriptor, isIndexType, isManifestType, MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { countPassed } from '../process/heap.ts';
import { digestOf } from './hash.ts';
import { readJson } from './json.ts';
import type { StoredManifest } from './store.ts';

/** The most bytes of one manifest (distribution-spec 1.1 asks registries to take 4 MiB; some take more). */
export const MANIFEST_LIMIT = 8 * 1024 * 1024;

type Content = Pick<Descriptor, 'digest' | 'size'>;

/**
 * A stream of `source` that fails at its end with `Refused` when size or hash are not those of `content`.
 * `explain` turns an error of the source into the failure to show.
 */
export function checkStream(
  content: Content,
  source: Readable,
  place: string,
  explain: (error: unknown) => Error,
): Readable {
  const checked = Readable.from(hashStream(content, source, place, explain), { objectMode: false });
  // A generator that nobody began to read closes nothing by itself.
  return checked.once('close', () => source.destroy());
}

async function* hashStream(
  content: Content,
  source: Readable,
  place: string,
  explain: (error: unknown) => Error,
): AsyncGenerator<Buffer> {
  const hash = createHash(digestAlgorithm(content.digest));
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > content.size) break;
      hash.update(chunk);
      countPassed(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw explain(error);
  }
  if (size !== content.size || hash.digest('hex') !== digestHex(content.digest))
    throw refuseBytes(content, place);
}

/** The same for bytes in memory. */
export function checkBytes(content: Content, bytes: Buffer, place: string): Buffer {
  const digest = digestOf(bytes, digestAlgorithm(content.digest));
  if (bytes.length !== content.size || digest !== content.digest) throw refuseBytes(content, place);
  return bytes;
}

/** What is said of content that something names and that is not there. */
export function refuseMissing(digest: Digest, place: string): Refused {
  return new Refused(`${place} is incomplete: ${digest} is named there but not stored`);
}

/** `limit` bytes are enough for `content`, or it is `Unavailable`. */
export function checkSize(content: Content, limit: number, place: string): void {
  if (content.size <= limit) return;
  throw new Unavailable(
    `${place}@${content.digest} has ${content.size} bytes, more than the ${limit} allowed`,
  );
}

/** The bytes are those that the digest names, but no image manifest and no index: another kind of artifact, or nonsense. */
export class NoManifest extends Refused {
  readonly digest: Digest;
  readonly bytes: Buffer;

  constructor(place: string, digest: Digest, bytes: Buffer) {
    super(`${place}@${digest} is no image manifest and no index`);
    this.digest = digest;
    this.bytes = bytes;
  }
}

const shapeSchema = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.unknown()).optional(),
  layers: z.array(z.unknown()).optional(),
});

/**
 * A manifest from its bytes. Its media type is the one it states itself, because that is under the digest; `hint`
 * (a Content-Type, a descriptor) serves only when it states none. What is no image manifest or index is `Refused`.
 */
export function describeManifest(
  bytes: Buffer,
  wanted: Digest | string,
  hint: string | undefined,
  place: string,
): StoredManifest {
  const digest = digestOf(bytes, isDigest(wanted) ? digestAlgorithm(wanted) : 'sha256');
  if (isDigest(wanted) && digest !== wanted) throw refuseBytes({ digest: wanted, size: bytes.length }, place);
  const shape = readJson(shapeSchema, bytes) ?? {};
  const implied = shape.manifests ? MEDIA_TYPE.index : MEDIA_TYPE.manifest;
  const hinted = hint !== undefined && (isIndexType(hint) || isManifestType(hint)) ? hint : implied;
  const mediaType = shape.mediaType ?? hinted;
  const isIndex = shape.manifests !== undefined && shape.layers === undefined && isIndexType(mediaType);
  const isManifest = shape.layers !== undefined && shape.manifests === undefined && isManifestType(mediaType);
  if (!isIndex && !isManifest) throw new NoManifest(place, digest, bytes);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function refuseBytes(content: Content, place: string): Refused {
  return new Refused(`${place} holds other bytes than ${content.digest} names`, {
    hint: 'What is stored there was damaged or replaced. Nothing of it was used.',
  });
}
