import { createHash } from 'node:crypto';
import { type Digest, parseDigest } from '../image/digest.ts';

/** The sha256 (or sha512) digest of some bytes. */
export function digestOf(
  bytes: string | NodeJS.ArrayBufferView,
  algorithm: 'sha256' | 'sha512' = 'sha256',
): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`);
}
