import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Descriptor } from '../image/descriptor.ts';
import { MEDIA_TYPE } from '../image/descriptor.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest } from '../image/digest.ts';
import { Refused, Unavailable } from '../outcome/outcome.ts';
import { digestOf } from './hash.ts';
import { readJson } from './json.ts';
import type { StoredManifest } from './store.ts';

/** The most bytes of one manifest (distribution-spec 1.1 asks registries to take 4 MiB; some take more). */
export const MANIFEST_LIMIT = 8 * 1024 * 1024;

type Content = Pick<Descriptor, 'digest' | 'size'>;

/** Passes bytes on and hashes them; fails with `Refused` when size or hash are not those of `content`. */
export async function* checkStream(
  content: Content,
  source: AsyncIterable<Buffer>,
  place: string,
): AsyncGenerator<Buffer> {
  const hash = createHash(digestAlgorithm(content.digest));
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > content.size) throw refuseBytes(content, place);
    hash.update(chunk);
    yield chunk;
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

/** `limit` bytes are enough for `content`, or it is `Unavailable`. */
export function checkSize(content: Content, limit: number, place: string): void {
  if (content.size <= limit) return;
  throw new Unavailable(
    `${place}@${content.digest} has ${content.size} bytes, more than the ${limit} allowed`,
  );
}

const shapeSchema = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(z.unknown()).optional(),
  layers: z.array(z.unknown()).optional(),
});

/**
 * A manifest from its bytes. Its media type is the one it states itself, because that is under the digest;
 * `hint` (a Content-Type, a descriptor) serves only when it states none. What is no manifest is `Refused`.
 */
export function describeManifest(
  bytes: Buffer,
  wanted: Digest | string,
  hint: string | undefined,
  place: string,
): StoredManifest {
  const digest = digestOf(bytes, isDigest(wanted) ? digestAlgorithm(wanted) : 'sha256');
  if (isDigest(wanted) && digest !== wanted) throw refuseBytes({ digest: wanted, size: bytes.length }, place);
  const shape = readJson(shapeSchema, bytes);
  if (!shape?.manifests === !shape?.layers)
    throw new Refused(`${place}@${digest} is no image manifest and no index`);
  const implied = shape?.manifests ? MEDIA_TYPE.index : MEDIA_TYPE.manifest;
  const mediaType = shape?.mediaType ?? hint ?? implied;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function refuseBytes(content: Content, place: string): Refused {
  return new Refused(`${place} holds other bytes than ${content.digest} names`, {
    hint: 'What is stored there was damaged or replaced. Nothing of it was used.',
  });
}
