import { writeSync } from 'node:fs';

/** Where one write is longer, some file systems look for pages that lie beside each other, which takes far longer than to copy the bytes. */
const PIECE = 64 * 1024;

/** Writes bytes at the end of an open file, at once: the way to a pool of threads and back takes longer. Throws what the disk has against it. */
export function writeBytes(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const written = writeSync(file, bytes, at, Math.min(PIECE, bytes.length - at));
    if (written === 0) throw new Error('the disk takes nothing more');
    at += written;
  }
}
